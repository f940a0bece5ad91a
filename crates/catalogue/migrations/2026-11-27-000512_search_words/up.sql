-- The words of titles, each once: what a misspelt word may have been meant as. Words that no title has any more do
-- no harm, so none is taken away.
CREATE TABLE search_words (
    word text COLLATE "C" PRIMARY KEY
);
INSERT INTO search_words (word)
SELECT DISTINCT lexeme FROM unit_search CROSS JOIN LATERAL unnest(title_words)
WHERE char_length(lexeme) BETWEEN 3 AND 40;
CREATE INDEX search_words_trigrams ON search_words USING gin (word gin_trgm_ops) WITH (fastupdate = off);
