-- How much there was of everything at the end of each day; of today, when it was last counted. Numbers alone.
CREATE TABLE daily_figures (
    day date PRIMARY KEY,
    counted_at timestamptz NOT NULL,
    universities bigint NOT NULL,
    units bigint NOT NULL,
    reviews bigint NOT NULL,
    votes bigint NOT NULL,
    reports bigint NOT NULL,
    scrapes bigint NOT NULL,
    follows bigint NOT NULL
);
