-- What is known of a source's state. Absent for one of which nothing was ever said.
CREATE TABLE source_health (
    source_id uuid PRIMARY KEY REFERENCES sources (id) ON DELETE CASCADE,
    -- Readings before this do not count any more.
    since timestamptz NOT NULL DEFAULT 'epoch',
    -- While the site's shape is in doubt.
    paused_at timestamptz,
    reason text,
    vanished text[] NOT NULL DEFAULT '{}',
    -- Facts that an administrator has given up, for one version of the rules.
    accepted text[] NOT NULL DEFAULT '{}',
    accepted_version integer,
    -- Codes whose facts must come out of every reading.
    canaries text[] NOT NULL DEFAULT '{}',
    CHECK ((paused_at IS NULL) = (reason IS NULL))
);

-- How each known page was read last: the window in which drift is looked for.
CREATE TABLE source_readings (
    source_id uuid NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
    target_key text NOT NULL,
    job_id uuid NOT NULL,
    read_at timestamptz NOT NULL,
    -- kept: everything known came out; lost: some of it did not; unread: the page was no unit any more.
    verdict text NOT NULL CHECK (verdict IN ('kept', 'lost', 'unread')),
    present text[] NOT NULL,
    lost text[] NOT NULL,
    -- Since when the page has been losing facts.
    lost_since timestamptz,
    PRIMARY KEY (source_id, target_key)
);
CREATE INDEX source_readings_recent_idx ON source_readings (source_id, read_at DESC);
CREATE INDEX source_readings_job_idx ON source_readings (job_id);

-- Paused because its source is, and to be resumed with it.
ALTER TABLE scrape_jobs ADD COLUMN held boolean NOT NULL DEFAULT false;
