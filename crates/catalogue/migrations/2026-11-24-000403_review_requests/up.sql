-- Who asked for a review of a unit that has none. Gone when one comes.
CREATE TABLE review_requests (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    -- An account of the auth service. Never leaves this table.
    account_id uuid NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (unit_id, account_id)
);
CREATE INDEX review_requests_account ON review_requests (account_id);

-- How many asked, in the order in which it is shown.
CREATE TABLE wanted_units (
    unit_id uuid PRIMARY KEY REFERENCES units (id) ON DELETE CASCADE,
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    requests integer NOT NULL CHECK (requests > 0)
);
CREATE INDEX wanted_units_most ON wanted_units (requests DESC, unit_id DESC);
CREATE INDEX wanted_units_university_most ON wanted_units (university_id, requests DESC, unit_id DESC);
