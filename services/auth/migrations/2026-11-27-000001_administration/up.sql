-- Who is banned may not sign in. A ban whose term is over stays here until the next one or until it is lifted;
-- whoever asks compares with the clock.
ALTER TABLE accounts
    ADD COLUMN banned_at timestamptz,
    -- Without it the ban has no term.
    ADD COLUMN banned_until timestamptz,
    ADD COLUMN ban_reason text CHECK (char_length(ban_reason) BETWEEN 1 AND 1000),
    ADD COLUMN banned_by uuid,
    ADD CONSTRAINT accounts_ban_is_whole CHECK (
        (banned_at IS NULL) = (ban_reason IS NULL)
        AND (banned_at IS NOT NULL OR (banned_until IS NULL AND banned_by IS NULL))
    );

-- What administrators look for.
CREATE INDEX accounts_email_prefix ON accounts (email text_pattern_ops);
CREATE INDEX accounts_nickname_prefix ON accounts (lower(nickname) text_pattern_ops);
CREATE INDEX accounts_staff ON accounts (role, id) WHERE role <> 'student';
CREATE INDEX accounts_banned ON accounts (id) WHERE banned_at IS NOT NULL;
CREATE INDEX accounts_created ON accounts (created_at);
