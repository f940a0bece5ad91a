-- Requests of people named in a review to take it down.
CREATE TABLE takedowns (
    id uuid PRIMARY KEY,
    -- Absent when the review is gone.
    review_id uuid REFERENCES reviews (id) ON DELETE SET NULL,
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    state text COLLATE "C" NOT NULL CHECK (state IN ('received', 'under_review', 'upheld', 'refused', 'withdrawn')),
    -- Who asks and how they can be reached: shown to moderators, and gone some time after the end.
    requester text CHECK (char_length(requester) BETWEEN 2 AND 200),
    contact text CHECK (char_length(contact) BETWEEN 5 AND 254),
    grounds text NOT NULL CHECK (char_length(grounds) BETWEEN 20 AND 2000),
    -- SHA-256 of what the requester holds; absent when a moderator opened it for somebody.
    token_hash text COLLATE "C" UNIQUE CHECK (char_length(token_hash) = 64),
    opened_by uuid,
    -- The moderator who is at it, for a while.
    taken_by uuid,
    taken_until timestamptz,
    decided_by uuid,
    -- What an upheld request did with the review.
    effect text CHECK (effect IN ('hide', 'remove')),
    -- What the requester is told.
    answer text CHECK (char_length(answer) BETWEEN 1 AND 1000),
    -- The case in which its author was told.
    case_id uuid REFERENCES moderation_cases (id) ON DELETE SET NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    CONSTRAINT takedowns_closed CHECK ((state IN ('upheld', 'refused', 'withdrawn')) = (closed_at IS NOT NULL)),
    CONSTRAINT takedowns_by_somebody CHECK ((token_hash IS NULL) = (opened_by IS NOT NULL))
);
CREATE INDEX takedowns_received ON takedowns (received_at, id);
CREATE INDEX takedowns_state ON takedowns (state, received_at, id);
CREATE INDEX takedowns_review ON takedowns (review_id);
CREATE INDEX takedowns_university ON takedowns (university_id, received_at, id);
CREATE INDEX takedowns_case ON takedowns (case_id);
CREATE INDEX takedowns_closed_at ON takedowns (closed_at);
-- Those whose contact is still there, by when it has to go.
CREATE INDEX takedowns_to_forget ON takedowns (closed_at) WHERE closed_at IS NOT NULL AND requester IS NOT NULL;
