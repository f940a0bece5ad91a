-- Only visible reviews are listed and counted. Hidden: waits for a moderator. Removed: a moderator decided.
ALTER TABLE reviews
    ADD COLUMN state text NOT NULL DEFAULT 'visible' CHECK (state IN ('visible', 'hidden', 'removed')),
    -- What took the review out of sight, and in words that its author is told.
    ADD COLUMN state_cause text CHECK (state_cause IN ('reports', 'moderation', 'ban', 'resubmission')),
    ADD COLUMN state_reason text CHECK (char_length(state_reason) BETWEEN 1 AND 2000),
    ADD COLUMN state_changed_at timestamptz,
    ADD CONSTRAINT reviews_out_of_sight_have_a_cause CHECK ((state = 'visible') = (state_cause IS NULL));

-- Lists show visible reviews alone, so their indexes hold no others.
DROP INDEX reviews_newest;
DROP INDEX reviews_highest;
DROP INDEX reviews_lowest;
CREATE INDEX reviews_newest ON reviews (unit_id, created_at DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_highest ON reviews (unit_id, overall DESC, created_at DESC, id DESC) WHERE state = 'visible';
CREATE INDEX reviews_lowest ON reviews (unit_id, overall, created_at DESC, id DESC) WHERE state = 'visible';

CREATE OR REPLACE VIEW unit_scores_recounted AS
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
WHERE state = 'visible'
GROUP BY 1, 2, 3;

CREATE OR REPLACE VIEW university_scores_recounted AS
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
WHERE state = 'visible'
GROUP BY 1, 2;
