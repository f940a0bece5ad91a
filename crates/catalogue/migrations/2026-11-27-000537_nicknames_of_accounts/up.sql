-- The latest name of an account that changed it: tokens of before say the old one for ten minutes.
ALTER TABLE account_standings ADD COLUMN nickname text CHECK (char_length(nickname) BETWEEN 2 AND 40);
