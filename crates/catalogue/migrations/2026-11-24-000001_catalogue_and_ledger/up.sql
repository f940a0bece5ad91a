-- The catalogue (universities, sources, units and their versions) and the scrape ledger.
-- Unqualified names: the role's search_path begins with its own schema.

CREATE TABLE universities (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT universities_slug_key UNIQUE CHECK (length(slug) BETWEEN 2 AND 60),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- Addresses of these domains and their sub-domains belong to the university.
    email_domains text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sources (
    id uuid PRIMARY KEY,
    university_id uuid NOT NULL REFERENCES universities (id),
    slug text NOT NULL CONSTRAINT sources_slug_key UNIQUE CHECK (length(slug) BETWEEN 2 AND 60),
    current_version integer NOT NULL CHECK (current_version >= 1),
    -- How many tasks of this source may be out with workers at once, from the pace of its hosts: so many that
    -- workers never wait for more, so few that each is begun long before its deadline.
    dispatch_window integer NOT NULL CHECK (dispatch_window BETWEEN 1 AND 1000),
    enabled boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sources_university_idx ON sources (university_id);

-- A version is never changed: what was read names the version that read it.
CREATE TABLE source_versions (
    source_id uuid NOT NULL REFERENCES sources (id),
    version integer NOT NULL CHECK (version >= 1),
    definition jsonb NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source_id, version)
);

CREATE TABLE units (
    id uuid PRIMARY KEY,
    university_id uuid NOT NULL REFERENCES universities (id),
    code text NOT NULL,
    code_normalised text NOT NULL,
    -- What the newest version says, for lists and search; null is unknown, never zero.
    title text NOT NULL,
    year smallint,
    status text,
    credit_points_thousandths integer,
    level smallint,
    study_level text,
    faculty text,
    school text,
    description text,
    sessions text[],
    modes text[],
    requisite_free boolean,
    current_version uuid,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    CONSTRAINT units_code_key UNIQUE (university_id, code_normalised)
);
CREATE INDEX units_code_normalised_idx ON units (code_normalised);

CREATE TABLE unit_versions (
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES units (id),
    -- Counts up within a unit; within a year the highest number is what the handbook says now.
    number integer NOT NULL CHECK (number >= 1),
    year smallint,
    content_hash text NOT NULL CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    facts jsonb NOT NULL,
    gaps jsonb NOT NULL,
    origins jsonb NOT NULL,
    source_id uuid NOT NULL,
    source_version integer NOT NULL,
    url text NOT NULL,
    fetched_at timestamptz NOT NULL,
    -- When a page was last found to say just this.
    confirmed_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unit_versions_number_key UNIQUE (unit_id, number),
    FOREIGN KEY (source_id, source_version) REFERENCES source_versions (source_id, version)
);
CREATE INDEX unit_versions_year_idx ON unit_versions (unit_id, year, number DESC);
ALTER TABLE units ADD CONSTRAINT units_current_version_fkey FOREIGN KEY (current_version) REFERENCES unit_versions (id);

-- Which unit and year a target led to last time: gives the known hash for the next visit.
CREATE TABLE source_pages (
    source_id uuid NOT NULL REFERENCES sources (id),
    target_key text NOT NULL,
    unit_id uuid NOT NULL REFERENCES units (id),
    year smallint,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, target_key)
);
CREATE INDEX source_pages_unit_idx ON source_pages (unit_id);

CREATE TABLE scrape_jobs (
    id uuid PRIMARY KEY,
    source_id uuid NOT NULL REFERENCES sources (id),
    kind text NOT NULL CHECK (kind IN ('discovery', 'list')),
    state text NOT NULL CHECK (state IN ('running', 'paused', 'completed', 'failed', 'cancelled')),
    started_by uuid,
    -- Headers of the trace that started the job; every message for it carries them.
    trace_headers jsonb NOT NULL,
    -- Grows with every change, so that a reader of events can say what it has seen.
    revision bigint NOT NULL DEFAULT 1,
    -- Exact counts of tasks: live ones are pending or dispatched; the frontier waits to become tasks.
    live integer NOT NULL CHECK (live >= 0),
    frontier integer NOT NULL DEFAULT 0 CHECK (frontier >= 0),
    succeeded integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    not_found integer NOT NULL DEFAULT 0,
    dead integer NOT NULL DEFAULT 0,
    cancelled integer NOT NULL DEFAULT 0,
    -- Targets left out: named before in this job, just being read by another, or outside the source's origins.
    skipped integer NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0,
    versions_created integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
CREATE INDEX scrape_jobs_source_idx ON scrape_jobs (source_id);
-- Two discoveries of one source at once would only find each other's pages taken.
CREATE UNIQUE INDEX scrape_jobs_discovery_key ON scrape_jobs (source_id)
    WHERE kind = 'discovery' AND state IN ('running', 'paused');
CREATE INDEX scrape_jobs_frontier_idx ON scrape_jobs (created_at) WHERE state = 'running' AND frontier > 0;

CREATE TABLE scrape_tasks (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES scrape_jobs (id),
    source_id uuid NOT NULL REFERENCES sources (id),
    target_key text NOT NULL CHECK (length(target_key) <= 2100),
    target jsonb NOT NULL,
    state text NOT NULL
        CHECK (state IN ('pending', 'dispatched', 'succeeded', 'unchanged', 'not_found', 'dead', 'cancelled')),
    -- Counts dispatches: a result names the one it answers.
    attempt integer NOT NULL DEFAULT 0,
    -- Counts attempts that failed; some dispatches end without being anybody's fault.
    failures integer NOT NULL DEFAULT 0,
    run_at timestamptz NOT NULL,
    dispatched_at timestamptz,
    deadline timestamptz,
    finished_at timestamptz,
    worker text,
    error_kind text,
    error_detail text,
    unit_id uuid REFERENCES units (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT scrape_tasks_job_target_key UNIQUE (job_id, target_key)
);
-- One live task per target of a source, over all jobs; also what live tasks are counted by.
CREATE UNIQUE INDEX scrape_tasks_live_key ON scrape_tasks (source_id, target_key)
    WHERE state IN ('pending', 'dispatched');
CREATE INDEX scrape_tasks_due_idx ON scrape_tasks (source_id, run_at, id) WHERE state = 'pending';
CREATE INDEX scrape_tasks_dispatched_idx ON scrape_tasks (source_id, deadline) WHERE state = 'dispatched';
CREATE INDEX scrape_tasks_finished_idx ON scrape_tasks (finished_at);
CREATE INDEX scrape_tasks_job_idx ON scrape_tasks (job_id, state, id);

-- Children that wait until the ledger has room, so that live tasks never exceed the limit.
CREATE TABLE scrape_frontier (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES scrape_jobs (id),
    target_key text NOT NULL CHECK (length(target_key) <= 2100),
    target jsonb NOT NULL,
    CONSTRAINT scrape_frontier_job_target_key UNIQUE (job_id, target_key)
);
CREATE INDEX scrape_frontier_job_idx ON scrape_frontier (job_id, id);

-- Messages that must go out because a transaction was committed.
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Which publisher sends it: `worker.control`, later others.
    kind text NOT NULL,
    payload jsonb NOT NULL,
    trace_headers jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE idempotency_keys (
    account_id uuid NOT NULL,
    operation text NOT NULL,
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash text NOT NULL,
    response jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, operation, key)
);
CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);
