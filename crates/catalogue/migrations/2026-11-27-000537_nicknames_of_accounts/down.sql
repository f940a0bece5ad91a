ALTER TABLE account_standings DROP COLUMN nickname;
