ALTER TABLE scrape_jobs DROP COLUMN retry_of;
