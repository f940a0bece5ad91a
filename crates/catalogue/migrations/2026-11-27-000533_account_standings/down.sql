DROP TABLE account_standings;
