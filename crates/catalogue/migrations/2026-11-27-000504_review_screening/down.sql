DROP INDEX reviews_arrivals;
DROP TABLE review_fingerprints;
