-- Codes of a template that wait to become tasks. They are counted in the job's frontier and made when there is room,
-- so that a hundred thousand of them are one row until then.
CREATE TABLE scrape_expansions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES scrape_jobs (id) ON DELETE CASCADE,
    template jsonb NOT NULL,
    -- Each code once for each of these; a null for sites whose addresses name no year.
    years jsonb NOT NULL,
    next integer NOT NULL DEFAULT 0,
    total integer NOT NULL,
    CHECK (next >= 0 AND next < total)
);
CREATE INDEX scrape_expansions_job_idx ON scrape_expansions (job_id, id);
