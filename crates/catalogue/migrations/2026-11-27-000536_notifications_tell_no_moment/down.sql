DROP INDEX notifications_unread;
DROP INDEX notifications_account;
CREATE INDEX notifications_account ON notifications (account_id, id DESC);
CREATE INDEX notifications_unread ON notifications (account_id, id DESC) WHERE read_at IS NULL;
ALTER TABLE notifications DROP COLUMN position;
