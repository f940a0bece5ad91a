-- A catalogue of :units units and three reviews a unit, the same every time: everything follows from the number of the
-- row. Texts have the lengths of real handbooks; some units have hundreds of reviews, many none.
-- Foreign keys and triggers are left out while rows are written, and indexes made afterwards: minutes instead of hours.
SET session_replication_role = replica;
SET statement_timeout = 0;
SET maintenance_work_mem = '1GB';
SET work_mem = '256MB';
SET synchronous_commit = off;

CREATE TEMP TABLE indexes AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index
WHERE indrelid IN ('units'::regclass, 'unit_search'::regclass, 'unit_versions'::regclass, 'reviews'::regclass)
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid);
DO $$ DECLARE made record; BEGIN
    FOR made IN SELECT name FROM indexes LOOP EXECUTE 'DROP INDEX ' || made.name; END LOOP;
END $$;

-- A number from 0 to below `bound` that follows from the row and what it is for.
CREATE FUNCTION pg_temp.pick(row_number bigint, purpose text, bound integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashtextextended(purpose, row_number) & 9223372036854775807) % bound)::integer
$$;

CREATE TEMP TABLE fields AS SELECT string_to_array(
    'Accounting Algebra Algorithms Anatomy Anthropology Architecture Astronomy Biochemistry Biology Biostatistics '
    'Botany Calculus Cartography Chemistry Climatology Combinatorics Communication Computing Cryptography Databases '
    'Demography Design Economics Ecology Education Electronics Embryology Engineering Entrepreneurship Epidemiology '
    'Ethics Finance Forensics Genetics Geography Geology Geometry History Hydrology Immunology Informatics Journalism '
    'Kinematics Law Linguistics Literature Logic Logistics Management Marketing Materials Mathematics Mechanics '
    'Medicine Metallurgy Meteorology Microbiology Music Negotiation Networks Neuroscience Nursing Nutrition '
    'Oceanography Optics Optimisation Paediatrics Palaeontology Pathology Pharmacology Philosophy Physics Physiology '
    'Planning Poetry Politics Probability Programming Psychology Robotics Security Semantics Sociology Spectroscopy '
    'Statistics Structures Surveying Sustainability Theatre Thermodynamics Topology Toxicology Translation Virology '
    'Visualisation Zoology', ' ') AS words;
CREATE FUNCTION pg_temp.prose(row_number bigint, sentences integer, words text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(format('This unit gives you %s of %s and %s, with weekly %s in which you %s and %s what you found.',
        (ARRAY['an overview', 'a first view', 'a thorough account', 'a working knowledge'])
            [1 + pg_temp.pick(row_number, 'view' || part, 4)],
        lower(words[1 + pg_temp.pick(row_number, 'of' || part, 90)]),
        lower(words[1 + pg_temp.pick(row_number, 'and' || part, 90)]),
        (ARRAY['laboratories', 'workshops', 'seminars', 'field trips', 'studios'])
            [1 + pg_temp.pick(row_number, 'weekly' || part, 5)],
        (ARRAY['analyse cases', 'build prototypes', 'collect data', 'compare sources', 'write programs'])
            [1 + pg_temp.pick(row_number, 'you' || part, 5)],
        (ARRAY['present', 'defend', 'document', 'discuss'])[1 + pg_temp.pick(row_number, 'found' || part, 4)]), ' ')
    FROM generate_series(1, sentences) AS part
$$;

INSERT INTO universities (id, slug, name)
SELECT ('00000000-0000-7000-8000-0000000000' || to_char(n, 'FM00'))::uuid, 'university-' || n, 'University ' || n
FROM generate_series(10, 29) AS n;
INSERT INTO sources (id, university_id, slug, current_version, dispatch_window)
SELECT id, id, slug || '-handbook', 1, 30 FROM universities;
INSERT INTO source_versions (source_id, version, definition) SELECT id, 1, '{}' FROM universities;

CREATE TEMP TABLE made AS
SELECT n, ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
    ('00000000-0000-7000-8000-0000000000' || 10 + n % 20)::uuid AS university,
    upper(left(words[1 + pg_temp.pick(n, 'prefix', 90)], 4)) || to_char(n / 20, 'FM00000') AS code,
    (ARRAY['Introduction to', 'Advanced', 'Applied', 'Principles of', 'Topics in', 'Foundations of', 'Research in'])
        [1 + pg_temp.pick(n, 'kind', 7)]
        || ' ' || words[1 + pg_temp.pick(n, 'first', 90)] || ' and ' || words[1 + pg_temp.pick(n, 'second', 90)] AS title,
    pg_temp.prose(n, 3 + pg_temp.pick(n, 'length', 5), words) AS description,
    1 + pg_temp.pick(n, 'level', 5) AS level,
    (ARRAY[6000, 6000, 6000, 12000, 3000, 24000])[1 + pg_temp.pick(n, 'points', 6)] AS points,
    'Faculty of ' || words[1 + pg_temp.pick(n, 'faculty', 12)] AS faculty,
    (ARRAY['Autumn', 'Spring', 'Summer', 'Winter'])[1:1 + pg_temp.pick(n, 'sessions', 4)] AS sessions,
    pg_temp.pick(n, 'free', 3) = 0 AS is_free
FROM generate_series(1, :units) AS n, fields;
CREATE UNIQUE INDEX ON made (n);
ANALYZE made;

INSERT INTO units (id, university_id, code, code_normalised, title, year, credit_points_thousandths, level, faculty,
                   description, sessions, modes, requisite_free, current_version, first_seen_at, last_seen_at)
SELECT id, university, code, code, title, 2026, points, level, faculty, description, sessions, ARRAY['On campus'],
       is_free, id, timestamptz '2026-01-01' + n * interval '1 second', timestamptz '2026-11-01'
FROM made;
INSERT INTO unit_versions (id, unit_id, number, year, content_hash, facts, gaps, origins, source_id, source_version,
                           url, fetched_at, confirmed_at)
SELECT id, id, 1, 2026, md5(n::text) || md5(n::text),
       :facts::jsonb || jsonb_build_object('code', code, 'title', title, 'year', 2026, 'level', level,
           'creditPoints', (points / 1000)::text, 'faculty', faculty, 'description', description),
       '{}', '{}', university, 1, 'https://handbook.example/2026/' || code, now(), now()
FROM made;
-- The square makes the first tenth of the units have a third of the reviews.
INSERT INTO reviews (id, unit_id, university_id, author_id, shown_as, unit_code, overall, teaching, difficulty, workload,
                     usefulness, would_recommend, taken_session, taken_year, in_handbook, body, created_at, written_on,
                     helpful, not_helpful, helpful_rank)
SELECT ('00000000-0000-7000-a000-' || lpad(to_hex(r), 12, '0'))::uuid, unit.id, unit.university,
       ('00000000-0000-7000-b000-' || lpad(to_hex(r), 12, '0'))::uuid, 'anonymous', unit.code,
       1 + pg_temp.pick(r, 'overall', 5), 1 + pg_temp.pick(r, 'teaching', 5), 1 + pg_temp.pick(r, 'difficulty', 5),
       1 + pg_temp.pick(r, 'workload', 5), 1 + pg_temp.pick(r, 'usefulness', 5), pg_temp.pick(r, 'recommend', 3) > 0,
       unit.sessions[1], 2020 + pg_temp.pick(r, 'year', 7), true,
       pg_temp.prose(-r, 1 + pg_temp.pick(r, 'length', 4), words),
       timestamptz '2025-01-01' + r * interval '10 seconds', date '2025-01-01' + (r * 10 / 86400)::integer,
       pg_temp.pick(r, 'helpful', 20), pg_temp.pick(r, 'not helpful', 5), pg_temp.pick(r, 'rank', 1000000)
FROM (SELECT r, 1 + floor(:units * power(pg_temp.pick(r, 'unit', 1000000000) / 1e9::float8, 2))::bigint AS chosen
      FROM generate_series(1, 3 * :units) AS r) AS wanted
JOIN made AS unit ON unit.n = wanted.chosen
CROSS JOIN fields;

INSERT INTO unit_scores SELECT * FROM unit_scores_recounted;
INSERT INTO university_scores SELECT * FROM university_scores_recounted;
INSERT INTO unit_search (unit_id, university_id, code, code_normalised, title_folded, title_words, all_words,
                         abbreviations, level, credit_points_thousandths, tags, first_seen, reviews, score_hundredths)
SELECT id, university, code, code, lower(title), array_to_tsvector(ARRAY(SELECT DISTINCT unnest(string_to_array(lower(title), ' ')))),
       to_tsvector('simple', title || ' ' || description),
       ARRAY[(SELECT string_agg(left(word, 1), '' ORDER BY place)
              FROM unnest(string_to_array(lower(title), ' ')) WITH ORDINALITY AS split (word, place)
              WHERE word NOT IN ('and', 'to', 'of', 'in'))],
       level, points,
       ARRAY['level:' || level, 'points:' || points, 'free:' || is_free, 'retired:false', 'faculty:' || lower(faculty),
             'mode:on campus'] || ARRAY(SELECT 'session:' || lower(session) FROM unnest(sessions) AS session),
       extract(epoch FROM timestamptz '2026-01-01')::bigint + n, coalesce(counted.reviews, 0), counted.score
FROM made
LEFT JOIN (SELECT unit_id, sum(reviews)::integer AS reviews, (100 * sum(overall) / sum(reviews))::integer AS score
           FROM unit_scores GROUP BY unit_id) AS counted ON counted.unit_id = made.id;
INSERT INTO search_words (word)
SELECT DISTINCT lexeme FROM unit_search CROSS JOIN LATERAL unnest(title_words) WHERE char_length(lexeme) >= 3
ON CONFLICT DO NOTHING;
INSERT INTO search_labels (tag, label)
SELECT DISTINCT 'faculty:' || lower(faculty), faculty FROM made
UNION SELECT DISTINCT 'session:' || lower(session), session FROM made CROSS JOIN LATERAL unnest(sessions) AS session
UNION VALUES ('mode:on campus', 'On campus');

DO $$ DECLARE made record; BEGIN
    FOR made IN SELECT definition FROM indexes LOOP EXECUTE made.definition; END LOOP;
END $$;
RESET session_replication_role;
VACUUM ANALYZE;
