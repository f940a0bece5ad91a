DROP VIEW university_scores_recounted;
DROP VIEW unit_scores_recounted;
DROP TABLE university_scores;
DROP TABLE unit_scores;
DROP TABLE reviews;
DROP TABLE unit_search;
