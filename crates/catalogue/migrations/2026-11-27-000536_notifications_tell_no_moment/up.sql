-- Whoever is told of a review must not learn the moment at which it was written, also not from an id: ids are drawn
-- by lot, and the order in which news came is kept apart from them. It is never shown.
ALTER TABLE notifications ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY;
DROP INDEX notifications_account;
DROP INDEX notifications_unread;
CREATE UNIQUE INDEX notifications_account ON notifications (account_id, position DESC);
CREATE INDEX notifications_unread ON notifications (account_id, position DESC) WHERE read_at IS NULL;
