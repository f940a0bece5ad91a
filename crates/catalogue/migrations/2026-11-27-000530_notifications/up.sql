-- What an account is told, until it takes it away or newer news push it out.
CREATE TABLE notifications (
    -- Version 7, made by the service: the newest sorts last.
    id uuid PRIMARY KEY,
    -- An account of the auth service.
    account_id uuid NOT NULL,
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    -- The news with their kind, as rmu_domain::notification writes them.
    news jsonb NOT NULL CHECK (octet_length(news::text) <= 8192),
    -- What happened once and is told once; absent for what may happen again.
    occasion uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz
);
CREATE INDEX notifications_account ON notifications (account_id, id DESC);
CREATE INDEX notifications_unread ON notifications (account_id, id DESC) WHERE read_at IS NULL;
CREATE UNIQUE INDEX notifications_occasion ON notifications (account_id, occasion);
CREATE INDEX notifications_unit ON notifications (unit_id);
