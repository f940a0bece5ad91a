-- What search reads: one narrow row a unit, kept by the ingest in the transaction that changes the unit.
-- Everything that is compared is folded (case, accents) by the application before it gets here.
CREATE TABLE unit_search (
    unit_id uuid PRIMARY KEY REFERENCES units (id) ON DELETE CASCADE,
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    code text COLLATE "C" NOT NULL,
    code_normalised text COLLATE "C" NOT NULL,
    title_folded text COLLATE "C" NOT NULL,
    title_words tsvector NOT NULL,
    -- The words of title and description together, so that a query may have words of both.
    all_words tsvector NOT NULL,
    abbreviations text[] NOT NULL,
    level smallint,
    credit_points_thousandths integer
);

-- The order of every list; a prefix of a code is a range of it.
CREATE INDEX unit_search_code ON unit_search (code_normalised, unit_id);
CREATE INDEX unit_search_university_code ON unit_search (university_id, code_normalised, unit_id);
CREATE INDEX unit_search_title ON unit_search (title_folded, code_normalised, unit_id);
-- No pending lists: every search would read them whole, and units are written far less often than looked for.
CREATE INDEX unit_search_title_words ON unit_search USING gin (title_words) WITH (fastupdate = off);
CREATE INDEX unit_search_all_words ON unit_search USING gin (all_words) WITH (fastupdate = off);
CREATE INDEX unit_search_abbreviations ON unit_search USING gin (abbreviations) WITH (fastupdate = off);
CREATE INDEX unit_search_title_trigrams ON unit_search USING gin (title_folded gin_trgm_ops) WITH (fastupdate = off);

CREATE TABLE reviews (
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    -- An account of the auth service. Never leaves this table.
    author_id uuid NOT NULL,
    -- Kept only for authors who chose to be shown by it.
    author_nickname text,
    shown_as text NOT NULL CHECK (shown_as IN ('anonymous', 'nickname', 'verifiedStudent')),
    -- The code the unit had when the review was written: it may be renamed later.
    unit_code text NOT NULL,
    overall smallint NOT NULL CHECK (overall BETWEEN 1 AND 5),
    teaching smallint NOT NULL CHECK (teaching BETWEEN 1 AND 5),
    difficulty smallint NOT NULL CHECK (difficulty BETWEEN 1 AND 5),
    workload smallint NOT NULL CHECK (workload BETWEEN 1 AND 5),
    usefulness smallint NOT NULL CHECK (usefulness BETWEEN 1 AND 5),
    would_recommend boolean NOT NULL,
    taken_session text NOT NULL CHECK (char_length(taken_session) BETWEEN 1 AND 60),
    taken_year smallint NOT NULL CHECK (taken_year BETWEEN 1990 AND 2100),
    -- Whether the handbook offers the unit in that session, as far as it was known at the time.
    in_handbook boolean NOT NULL,
    body text CHECK (char_length(body) BETWEEN 50 AND 2000),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reviews_one_per_author_and_unit UNIQUE (unit_id, author_id),
    CONSTRAINT reviews_nickname_only_when_chosen CHECK ((shown_as = 'nickname') = (author_nickname IS NOT NULL))
);

CREATE INDEX reviews_newest ON reviews (unit_id, created_at DESC, id DESC);
CREATE INDEX reviews_highest ON reviews (unit_id, overall DESC, created_at DESC, id DESC);
CREATE INDEX reviews_lowest ON reviews (unit_id, overall, created_at DESC, id DESC);
CREATE INDEX reviews_university ON reviews (university_id);
CREATE INDEX reviews_author ON reviews (author_id);

-- Aggregates of the visible reviews: whole numbers only, per session and year. The weight of a year depends on
-- the day it is asked for, so it is applied when reading; whole numbers make "equal to a recount" exact.
CREATE TABLE unit_scores (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    taken_year smallint NOT NULL,
    -- Empty for sessions that the handbook does not know: anything may stand there.
    taken_session text COLLATE "C" NOT NULL,
    reviews integer NOT NULL,
    recommended integer NOT NULL,
    overall integer NOT NULL,
    teaching integer NOT NULL,
    difficulty integer NOT NULL,
    workload integer NOT NULL,
    usefulness integer NOT NULL,
    overall_1 integer NOT NULL,
    overall_2 integer NOT NULL,
    overall_3 integer NOT NULL,
    overall_4 integer NOT NULL,
    overall_5 integer NOT NULL,
    PRIMARY KEY (unit_id, taken_year, taken_session)
);

CREATE TABLE university_scores (
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    taken_year smallint NOT NULL,
    reviews integer NOT NULL,
    overall integer NOT NULL,
    teaching integer NOT NULL,
    difficulty integer NOT NULL,
    workload integer NOT NULL,
    usefulness integer NOT NULL,
    PRIMARY KEY (university_id, taken_year)
);

-- The recount: what the two tables above must equal at any moment.
CREATE VIEW unit_scores_recounted AS
SELECT
    unit_id,
    taken_year,
    (CASE WHEN in_handbook THEN taken_session ELSE '' END) COLLATE "C" AS taken_session,
    count(*)::integer AS reviews,
    count(*) FILTER (WHERE would_recommend)::integer AS recommended,
    sum(overall)::integer AS overall,
    sum(teaching)::integer AS teaching,
    sum(difficulty)::integer AS difficulty,
    sum(workload)::integer AS workload,
    sum(usefulness)::integer AS usefulness,
    count(*) FILTER (WHERE overall = 1)::integer AS overall_1,
    count(*) FILTER (WHERE overall = 2)::integer AS overall_2,
    count(*) FILTER (WHERE overall = 3)::integer AS overall_3,
    count(*) FILTER (WHERE overall = 4)::integer AS overall_4,
    count(*) FILTER (WHERE overall = 5)::integer AS overall_5
FROM reviews
GROUP BY 1, 2, 3;

CREATE VIEW university_scores_recounted AS
SELECT
    university_id,
    taken_year,
    count(*)::integer AS reviews,
    sum(overall)::integer AS overall,
    sum(teaching)::integer AS teaching,
    sum(difficulty)::integer AS difficulty,
    sum(workload)::integer AS workload,
    sum(usefulness)::integer AS usefulness
FROM reviews
GROUP BY 1, 2;
