-- What the broker's queue of dead letters held, where it can be listed, replayed and discarded.
CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL,
    -- The contract's name, as the message says.
    kind text NOT NULL,
    reason text NOT NULL,
    -- Where it died.
    queue text NOT NULL,
    -- How it had been published; absent when that is not known, so that it cannot be replayed.
    exchange text,
    routing_key text,
    -- The broker's own account (x-death).
    deaths jsonb NOT NULL,
    properties jsonb NOT NULL,
    body bytea NOT NULL,
    body_bytes integer NOT NULL,
    -- False when the body was cut: more than any message of ours has.
    complete boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('waiting', 'replayed')),
    replays integer NOT NULL DEFAULT 0,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    last_replayed_at timestamptz,
    -- The broker delivers again what was stored and not acknowledged; what is replayed and dies again is the same.
    CONSTRAINT dead_letters_message_key UNIQUE (message_id, queue)
);
CREATE INDEX dead_letters_state_idx ON dead_letters (state, id);
