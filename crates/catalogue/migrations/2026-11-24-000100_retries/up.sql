-- A job that reads again what another one gave up.
ALTER TABLE scrape_jobs ADD COLUMN retry_of uuid REFERENCES scrape_jobs (id);
