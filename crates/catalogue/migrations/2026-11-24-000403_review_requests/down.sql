DROP TABLE wanted_units;
DROP TABLE review_requests;
