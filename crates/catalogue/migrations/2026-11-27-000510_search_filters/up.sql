-- Everything that search filters and sorts by, in the narrow table that it reads.
ALTER TABLE unit_search
    -- Facts that are filtered by, one text each: `level:2`, `session:autumn`. Folded by the application like all
    -- that is compared; one index finds any combination of them.
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    -- Kept by the store in the transaction that changes the unit's aggregates. The score is the one that is shown,
    -- as of the last review or of the daily round, whichever was later; null without reviews.
    ADD COLUMN reviews integer NOT NULL DEFAULT 0,
    ADD COLUMN score_hundredths integer,
    -- When the unit was first met, in seconds: a number, so that an index can be in the order of its negation.
    ADD COLUMN first_seen bigint NOT NULL DEFAULT 0;

-- How the folded texts among the tags are written.
CREATE TABLE search_labels (
    tag text COLLATE "C" PRIMARY KEY,
    label text NOT NULL
);

-- As the application folds, but for letters with strokes: those are put right when the unit is next read.
CREATE FUNCTION pg_temp.folded(raw text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(btrim(regexp_replace(regexp_replace(lower(normalize(raw, NFKD)), '[\u0300-\u036f''’ʼ]', '', 'g'),
                                     '[^[:alnum:]]+', ' ', 'g')), 120)
$$;

INSERT INTO search_labels (tag, label)
SELECT kind || ':' || pg_temp.folded(label), min(left(label, 200))
FROM (SELECT 'faculty' AS kind, faculty AS label FROM units WHERE faculty IS NOT NULL
      UNION SELECT 'session', session FROM units CROSS JOIN LATERAL unnest(sessions) AS session
      UNION SELECT 'mode', mode FROM units CROSS JOIN LATERAL unnest(modes) AS mode) AS said
WHERE pg_temp.folded(label) <> ''
GROUP BY 1;

UPDATE unit_search AS found
SET first_seen = extract(epoch FROM unit.first_seen_at)::bigint,
    reviews = coalesce((SELECT sum(score.reviews)::integer FROM unit_scores AS score WHERE score.unit_id = unit.id), 0),
    tags = array_remove(ARRAY[
        'level:' || unit.level,
        'points:' || unit.credit_points_thousandths,
        'free:' || unit.requisite_free,
        CASE WHEN lower(btrim(unit.status)) ~ '^(retired|discontinued|withdrawn|inactive|disestablished|no longer)'
             THEN 'retired:true' ELSE 'retired:false' END,
        'faculty:' || nullif(pg_temp.folded(unit.faculty), '')]
        || ARRAY(SELECT DISTINCT 'session:' || pg_temp.folded(session) FROM unnest(unit.sessions) AS session
                 WHERE pg_temp.folded(session) <> '')
        || ARRAY(SELECT DISTINCT 'mode:' || pg_temp.folded(mode) FROM unnest(unit.modes) AS mode
                 WHERE pg_temp.folded(mode) <> ''), NULL)
FROM units AS unit
WHERE unit.id = found.unit_id;

CREATE INDEX unit_search_tags ON unit_search USING gin (tags) WITH (fastupdate = off);
CREATE INDEX unit_search_points ON unit_search (credit_points_thousandths, code_normalised, unit_id);
-- An index for each order, over all universities and within one. Negated, so that a page continues by one comparison.
CREATE INDEX unit_search_score ON unit_search ((-coalesce(score_hundredths, 0)), code_normalised, unit_id);
CREATE INDEX unit_search_reviews ON unit_search ((-reviews), code_normalised, unit_id);
CREATE INDEX unit_search_newest ON unit_search ((-first_seen), code_normalised, unit_id);
CREATE INDEX unit_search_university_score
    ON unit_search (university_id, (-coalesce(score_hundredths, 0)), code_normalised, unit_id);
CREATE INDEX unit_search_university_reviews ON unit_search (university_id, (-reviews), code_normalised, unit_id);
CREATE INDEX unit_search_university_newest ON unit_search (university_id, (-first_seen), code_normalised, unit_id);
-- What the daily round over scores walks along.
CREATE INDEX unit_search_reviewed ON unit_search (unit_id) WHERE reviews > 0;
