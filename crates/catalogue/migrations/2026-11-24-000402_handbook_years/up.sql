-- Which handbook of a university is the newest: told with every unit, so it is looked up and not counted.
CREATE INDEX units_university_year ON units (university_id, year);
