-- Urgent before normal before bulk; the number is the order. A task keeps its own, so that one page of a bulk run
-- can be moved forward.
ALTER TABLE scrape_jobs ADD COLUMN priority smallint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);
ALTER TABLE scrape_tasks ADD COLUMN priority smallint NOT NULL DEFAULT 1 CHECK (priority BETWEEN 0 AND 2);
CREATE INDEX scrape_tasks_priority_idx ON scrape_tasks (source_id, priority, run_at, id) WHERE state = 'pending';

-- The last time somebody said that what is known of a unit is wrong.
CREATE TABLE refresh_requests (
    unit_id uuid PRIMARY KEY REFERENCES units (id) ON DELETE CASCADE,
    task_id uuid NOT NULL REFERENCES scrape_tasks (id) ON DELETE CASCADE,
    account_id uuid NOT NULL,
    requested_at timestamptz NOT NULL
);
CREATE INDEX refresh_requests_task_idx ON refresh_requests (task_id);
