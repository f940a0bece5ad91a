-- Units of which an account wants news.
CREATE TABLE unit_follows (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    -- An account of the auth service. Never leaves this table.
    account_id uuid NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    -- In this order the followers of a unit are told, a chunk at a time.
    PRIMARY KEY (unit_id, account_id)
);
CREATE INDEX unit_follows_account ON unit_follows (account_id, kept_at DESC, unit_id DESC);

-- Units that an account wants to find again.
CREATE TABLE unit_bookmarks (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    account_id uuid NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (unit_id, account_id)
);
CREATE INDEX unit_bookmarks_account ON unit_bookmarks (account_id, kept_at DESC, unit_id DESC);
