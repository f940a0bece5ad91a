-- An eighth of the units, chosen by nothing that anybody looks for, has its words in indexes of its own: when already
-- there more units have them than are counted, the other seven eighths need not be gone through.
CREATE INDEX unit_search_title_words_eighth ON unit_search USING gin (title_words) WITH (fastupdate = off)
    WHERE (uuid_hash(unit_id) & 7) = 0;
CREATE INDEX unit_search_all_words_eighth ON unit_search USING gin (all_words) WITH (fastupdate = off)
    WHERE (uuid_hash(unit_id) & 7) = 0;

-- Every word of a title is known, at least by its beginning, so that what begins alike can be looked for word by word.
INSERT INTO search_words (word)
SELECT DISTINCT left(lexeme, 40) FROM unit_search CROSS JOIN LATERAL unnest(title_words)
WHERE char_length(lexeme) > 40
ON CONFLICT DO NOTHING;
