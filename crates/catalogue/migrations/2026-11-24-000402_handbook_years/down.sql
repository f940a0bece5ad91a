DROP INDEX units_university_year;
