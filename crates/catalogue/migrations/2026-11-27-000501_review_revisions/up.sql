-- Reviews can be edited; their authors may go and leave them behind; and nothing that is shown tells the moment at
-- which a review was written: whoever knows when somebody was online could otherwise tell who wrote it.
ALTER TABLE reviews
    ADD COLUMN revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    ADD COLUMN edited_at timestamptz,
    -- The day, by which reviews are shown and sorted; the moment beside it is for their authors and for moderators.
    ADD COLUMN written_on date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
    -- Nobody, once an author's account is gone and the reviews were to stay.
    ALTER COLUMN author_id DROP NOT NULL;
UPDATE reviews SET written_on = (created_at AT TIME ZONE 'UTC')::date;

DROP INDEX reviews_newest;
DROP INDEX reviews_highest;
DROP INDEX reviews_lowest;
DROP INDEX reviews_author;
CREATE INDEX reviews_newest ON reviews (unit_id, written_on DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_highest ON reviews (unit_id, overall DESC, written_on DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_lowest ON reviews (unit_id, overall, written_on DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_session ON reviews (unit_id, taken_session, written_on DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_author ON reviews (author_id, created_at DESC, id DESC);

-- What a review said before it said something else. Shown to its author and to moderators.
CREATE TABLE review_revisions (
    review_id uuid NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    revision integer NOT NULL CHECK (revision > 0),
    shown_as text NOT NULL,
    overall smallint NOT NULL,
    teaching smallint NOT NULL,
    difficulty smallint NOT NULL,
    workload smallint NOT NULL,
    usefulness smallint NOT NULL,
    would_recommend boolean NOT NULL,
    taken_session text NOT NULL,
    taken_year smallint NOT NULL,
    in_handbook boolean NOT NULL,
    body text,
    written_at timestamptz NOT NULL,
    PRIMARY KEY (review_id, revision)
);

-- Whose review of a unit was out of sight when its author deleted it: what they write next waits for a moderator,
-- or every decision could be undone by deleting and writing anew.
CREATE TABLE withdrawn_reviews (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    author_id uuid NOT NULL,
    withdrawn_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (unit_id, author_id)
);
CREATE INDEX withdrawn_reviews_author ON withdrawn_reviews (author_id);
