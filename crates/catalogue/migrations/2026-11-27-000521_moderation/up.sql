-- A review before a moderator: from what brought it there to the last decision about it.
CREATE TABLE moderation_cases (
    id uuid PRIMARY KEY,
    -- Absent when the author has deleted the review: what was decided stays, and nothing waits any more.
    review_id uuid REFERENCES reviews (id) ON DELETE SET NULL,
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    -- What opened it; what comes later counts as reports do.
    cause text COLLATE "C" NOT NULL
    CHECK (cause IN ('reports', 'near_duplicate', 'burst', 'moderator', 'take_down', 'resubmission')),
    -- `open`, `resubmitted` and `appealed` wait for a decision.
    state text COLLATE "C" NOT NULL CHECK (state IN ('open', 'resubmitted', 'appealed', 'decided')),
    -- Grows with every step, so that a decision can be bound to what its moderator saw.
    revision integer NOT NULL DEFAULT 1 CHECK (revision > 0),
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Since when it waits for the next decision, or when it was decided.
    state_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Reports of the review when they were last counted, for the order of the queue.
    reports integer NOT NULL DEFAULT 0 CHECK (reports >= 0),
    -- The moderator who is at it, for a while.
    claimed_by uuid,
    claimed_until timestamptz,
    CONSTRAINT moderation_cases_claim CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
);

-- Of a review one case waits at most.
CREATE UNIQUE INDEX moderation_cases_one_waiting ON moderation_cases (review_id) WHERE state <> 'decided';
CREATE INDEX moderation_cases_review ON moderation_cases (review_id, opened_at DESC);
-- The queue, in its two orders, each in one direction throughout so that a page is cut by a row comparison; what waits about a review that is gone is not in it.
CREATE INDEX moderation_cases_oldest ON moderation_cases (state_since, id)
WHERE state <> 'decided' AND review_id IS NOT NULL;
CREATE INDEX moderation_cases_most_reported ON moderation_cases ((-reports), id)
WHERE state <> 'decided' AND review_id IS NOT NULL;
CREATE INDEX moderation_cases_state ON moderation_cases (state, state_since, id);
CREATE INDEX moderation_cases_state_reported ON moderation_cases (state, (-reports), id);
CREATE INDEX moderation_cases_university ON moderation_cases (university_id, state_since, id);
CREATE INDEX moderation_cases_unit ON moderation_cases (unit_id);
