DROP TABLE event_outbox;
DROP TABLE mail_outbox;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP TABLE email_verifications;
DROP TABLE accounts;
