-- Who reported which review, and why. Reporters are shown to nobody.
CREATE TABLE review_reports (
    review_id uuid NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    reporter_id uuid NOT NULL,
    reason text COLLATE "C" NOT NULL
        CHECK (reason IN ('spam', 'abusive', 'inaccurate', 'personal_information', 'other')),
    detail text CHECK (char_length(detail) BETWEEN 1 AND 1000),
    -- Which revision of the review was read.
    revision integer NOT NULL,
    reported_at timestamptz NOT NULL DEFAULT now(),
    -- When somebody decided about it; from then on it hides nothing any more.
    settled_at timestamptz,
    PRIMARY KEY (review_id, reporter_id),
    CONSTRAINT review_reports_other_says_what CHECK (reason <> 'other' OR detail IS NOT NULL)
);
CREATE INDEX review_reports_open ON review_reports (review_id, reported_at) WHERE settled_at IS NULL;
CREATE INDEX review_reports_reporter ON review_reports (reporter_id, review_id);
