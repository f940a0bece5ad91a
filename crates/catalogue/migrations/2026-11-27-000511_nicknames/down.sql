DROP TABLE unit_nicknames;
