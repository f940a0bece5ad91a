-- News on their way to many accounts. Written with what they tell of, carried out a chunk at a time, gone when
-- everybody is told.
CREATE TABLE fanouts (
    -- Version 7, made by the service: the oldest sorts first.
    id uuid PRIMARY KEY,
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    audience text NOT NULL CHECK (audience IN ('followers', 'requesters')),
    news jsonb NOT NULL,
    -- Whoever caused the news needs not be told.
    caused_by uuid,
    -- Followers up to this one are told.
    told_up_to uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX fanouts_unit ON fanouts (unit_id);
