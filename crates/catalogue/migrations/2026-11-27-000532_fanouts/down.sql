DROP TABLE fanouts;
