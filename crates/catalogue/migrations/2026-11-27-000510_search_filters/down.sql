DROP TABLE search_labels;
ALTER TABLE unit_search
    DROP COLUMN tags,
    DROP COLUMN reviews,
    DROP COLUMN score_hundredths,
    DROP COLUMN first_seen;
DROP INDEX unit_search_points;
