DROP TABLE withdrawn_reviews;
DROP TABLE review_revisions;

DROP INDEX reviews_newest;
DROP INDEX reviews_highest;
DROP INDEX reviews_lowest;
DROP INDEX reviews_session;
DROP INDEX reviews_author;
CREATE INDEX reviews_newest ON reviews (unit_id, created_at DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_highest ON reviews (unit_id, overall DESC, created_at DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_lowest ON reviews (unit_id, overall, created_at DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_author ON reviews (author_id);

-- Before, every review had an author; one that has lost theirs gets one that nobody is.
UPDATE reviews SET author_id = gen_random_uuid() WHERE author_id IS NULL;
ALTER TABLE reviews
    DROP COLUMN revision,
    DROP COLUMN edited_at,
    DROP COLUMN written_on,
    ALTER COLUMN author_id SET NOT NULL;
