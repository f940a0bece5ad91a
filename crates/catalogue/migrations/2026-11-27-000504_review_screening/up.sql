-- Texts that are nearly the same share at least one of these numbers, almost surely (domain, `fingerprint`).
CREATE TABLE review_fingerprints (
    review_id uuid PRIMARY KEY REFERENCES reviews (id) ON DELETE CASCADE,
    bands integer[] NOT NULL
);
-- No pending list: it would be read whole with every review that is written.
CREATE INDEX review_fingerprints_bands ON review_fingerprints USING gin (bands) WITH (fastupdate = off);

-- How many reviews of a unit came lately.
CREATE INDEX reviews_arrivals ON reviews (unit_id, created_at DESC);
