DROP TABLE digest_outbox;
DROP TABLE digest_settings;
