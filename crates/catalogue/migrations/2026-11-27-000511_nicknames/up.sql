-- What students call a unit, as administrators wrote it down. The folded form is what a query is compared with; it
-- also stands among the abbreviations of the search table, which are written anew with every version of the unit.
CREATE TABLE unit_nicknames (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    folded text COLLATE "C" NOT NULL CHECK (char_length(folded) BETWEEN 2 AND 40),
    nickname text NOT NULL CHECK (char_length(nickname) BETWEEN 2 AND 40),
    PRIMARY KEY (unit_id, folded)
);
