DROP TABLE refresh_requests;
DROP INDEX scrape_tasks_priority_idx;
ALTER TABLE scrape_tasks DROP COLUMN priority;
ALTER TABLE scrape_jobs DROP COLUMN priority;
