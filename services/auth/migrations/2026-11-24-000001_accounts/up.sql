CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    email text NOT NULL CONSTRAINT accounts_email_key UNIQUE,
    password_hash text NOT NULL,
    nickname text NOT NULL,
    role text NOT NULL DEFAULT 'student',
    -- Of the gateway's schema, which is not ours to reference.
    university_id uuid,
    email_verified_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_email_is_lower_case CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
    CONSTRAINT accounts_role_is_known CHECK (role IN ('student', 'moderator', 'admin'))
);

CREATE INDEX accounts_unverified ON accounts (created_at) WHERE email_verified_at IS NULL;

-- What somebody registered with, until the owner of the address confirms it: an address that is registered
-- twice becomes the account of whoever's link is opened, never of whoever came first.
CREATE TABLE email_verifications (
    token_hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    password_hash text NOT NULL,
    nickname text NOT NULL,
    university_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE INDEX email_verifications_account ON email_verifications (account_id);
CREATE INDEX email_verifications_expiry ON email_verifications (expires_at);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    CONSTRAINT sessions_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_account ON sessions (account_id, last_used_at);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Used ones stay as long as their session, to be recognised when they come again.
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);

CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id);

-- Mail to be sent. The body holds a token in clear and is emptied once it was sent or given up.
CREATE TABLE mail_outbox (
    id uuid PRIMARY KEY,
    recipient text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    -- Also the end of the lease of whoever is sending it.
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    done_at timestamptz,
    last_error text
);

CREATE INDEX mail_outbox_due ON mail_outbox (next_attempt_at) WHERE done_at IS NULL;
CREATE INDEX mail_outbox_recipient ON mail_outbox (recipient, created_at);

-- Events to be published; a row is deleted once the broker confirmed it.
CREATE TABLE event_outbox (
    id uuid PRIMARY KEY,
    exchange text NOT NULL,
    routing_key text NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    traceparent text,
    tracestate text,
    created_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX event_outbox_due ON event_outbox (next_attempt_at);
