-- What was decided in a case, one after the other, and why.
CREATE TABLE moderation_decisions (
    id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES moderation_cases (id) ON DELETE CASCADE,
    -- Its place in the chain.
    number integer NOT NULL CHECK (number > 0),
    decision text COLLATE "C" NOT NULL CHECK (decision IN ('keep', 'hide', 'remove', 'restore')),
    -- The set of reasons is closed in the domain; here only their form is checked.
    reason text COLLATE "C" NOT NULL CHECK (reason ~ '^[a-z_]{1,40}$'),
    -- What the author was told.
    told text NOT NULL CHECK (char_length(told) BETWEEN 1 AND 1000),
    -- A moderator. Shown to moderators, never to the author.
    decided_by uuid NOT NULL,
    -- Of an appeal: whether the review is shown again.
    appeal_granted boolean,
    -- Since when the case had waited for it.
    waited_since timestamptz NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT moderation_decisions_one_at_a_place UNIQUE (case_id, number)
);
CREATE INDEX moderation_decisions_at ON moderation_decisions (decided_at);

-- One appeal a case at most.
CREATE TABLE moderation_appeals (
    case_id uuid PRIMARY KEY REFERENCES moderation_cases (id) ON DELETE CASCADE,
    -- Against which decision.
    decision_id uuid NOT NULL REFERENCES moderation_decisions (id) ON DELETE CASCADE,
    body text NOT NULL CHECK (char_length(body) BETWEEN 20 AND 2000),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX moderation_appeals_at ON moderation_appeals (made_at);
CREATE INDEX moderation_appeals_decision ON moderation_appeals (decision_id);

-- Moderators and admins who were here lately: whether there is another one for an appeal, and whom to tell if not.
CREATE TABLE moderation_staff (
    account_id uuid PRIMARY KEY,
    role text NOT NULL CHECK (role IN ('moderator', 'admin')),
    seen_at timestamptz NOT NULL
);
CREATE INDEX moderation_staff_seen ON moderation_staff (seen_at DESC);
