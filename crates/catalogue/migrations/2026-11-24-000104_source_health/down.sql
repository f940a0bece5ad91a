ALTER TABLE scrape_jobs DROP COLUMN held;
DROP TABLE source_readings;
DROP TABLE source_health;
