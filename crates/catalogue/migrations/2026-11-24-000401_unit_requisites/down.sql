DROP TABLE unit_requisites;
