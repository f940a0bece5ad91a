-- Before there were states every review was shown: what a moderator took out of sight must not come back by this.
DELETE FROM reviews WHERE state <> 'visible';

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
GROUP BY 1, 2;

DROP INDEX reviews_newest;
DROP INDEX reviews_highest;
DROP INDEX reviews_lowest;
CREATE INDEX reviews_newest ON reviews (unit_id, created_at DESC, id DESC);
CREATE INDEX reviews_highest ON reviews (unit_id, overall DESC, created_at DESC, id DESC);
CREATE INDEX reviews_lowest ON reviews (unit_id, overall, created_at DESC, id DESC);

ALTER TABLE reviews
    DROP COLUMN state,
    DROP COLUMN state_cause,
    DROP COLUMN state_reason,
    DROP COLUMN state_changed_at;
