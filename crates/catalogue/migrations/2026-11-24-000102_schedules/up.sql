-- When a source is read as a whole without being asked.
CREATE TABLE source_schedules (
    source_id uuid PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    cron text NOT NULL CHECK (length(cron) <= 200),
    time_zone text NOT NULL,
    enabled boolean NOT NULL,
    -- Absent while it rests.
    next_due_at timestamptz,
    created_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (enabled = (next_due_at IS NOT NULL))
);
CREATE INDEX source_schedules_due_idx ON source_schedules (next_due_at);

-- What became of each due time. The key is the last guard against running one twice.
CREATE TABLE schedule_runs (
    source_id uuid NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    due_at timestamptz NOT NULL,
    ran_at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('started', 'already_running', 'queue_full', 'refused')),
    detail text,
    job_id uuid REFERENCES scrape_jobs (id),
    PRIMARY KEY (source_id, due_at)
);

-- The hours of the day, at the place of the site, in which its pages may be fetched. Minutes since midnight; from
-- 22:00 until 06:00 is one window.
CREATE TABLE source_fetch_windows (
    source_id uuid PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    from_minute smallint NOT NULL CHECK (from_minute BETWEEN 0 AND 1439),
    until_minute smallint NOT NULL CHECK (until_minute BETWEEN 0 AND 1439 AND until_minute <> from_minute),
    time_zone text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
