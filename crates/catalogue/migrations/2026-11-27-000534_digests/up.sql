-- Accounts that wanted to be told by mail once a day. The address is known to the auth service alone.
CREATE TABLE digest_settings (
    account_id uuid PRIMARY KEY,
    enabled boolean NOT NULL,
    -- Ends the digests for whoever has it. It stands in each mail and stays the same, so that the link of an old
    -- mail still works.
    unsubscribe_token text NOT NULL CONSTRAINT digest_settings_token_is_unique UNIQUE,
    -- Notifications up to this moment were put into a digest, or were not wanted in one.
    told_up_to timestamptz NOT NULL
);
CREATE INDEX digest_settings_due ON digest_settings (told_up_to, account_id) WHERE enabled;

-- Digests on their way to the auth service; gone when the broker has confirmed them.
CREATE TABLE digest_outbox (
    account_id uuid NOT NULL,
    day date NOT NULL,
    digest jsonb NOT NULL,
    PRIMARY KEY (account_id, day)
);
