DROP INDEX reviews_helpful;
ALTER TABLE reviews
    DROP COLUMN helpful,
    DROP COLUMN not_helpful,
    DROP COLUMN helpful_rank;
DROP TABLE review_votes;
