-- Where the reader of a mail ends further ones with one click (RFC 8058); absent for mails that nobody subscribed to.
-- Holds a token and is emptied with the body.
ALTER TABLE mail_outbox ADD COLUMN unsubscribe_url text;

-- The digests that were written into the outbox: one an account and day, however often the gateway asks.
CREATE TABLE digests (
    account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day date NOT NULL,
    PRIMARY KEY (account_id, day)
);
CREATE INDEX digests_day ON digests (day);
