-- Who did what when. Rows are added and never changed: the owner of the table has no right to, and should a role
-- with more rights try, the trigger refuses.
CREATE TABLE audit_entries (
    id uuid PRIMARY KEY,
    -- An account of the auth service, and the role it had at that moment.
    actor_id uuid NOT NULL,
    actor_role text NOT NULL CHECK (actor_role IN ('student', 'moderator', 'admin')),
    -- The sets of actions and kinds are closed in the domain; here only their form is checked.
    action text COLLATE "C" NOT NULL CHECK (action ~ '^[a-z_]{1,40}\.[a-z_]{1,40}$'),
    subject_kind text COLLATE "C" NOT NULL CHECK (subject_kind ~ '^[a-z_]{1,40}$'),
    -- An id or a slug; empty when there is only one of its kind.
    subject_id text COLLATE "C" NOT NULL CHECK (char_length(subject_id) <= 100),
    -- Numbers, flags, ids and words of ours: nothing that a person wrote.
    details jsonb NOT NULL CHECK (jsonb_typeof(details) = 'object' AND octet_length(details::text) <= 4096),
    request_id text CHECK (char_length(request_id) <= 64),
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX audit_entries_at ON audit_entries (at DESC, id DESC);
CREATE INDEX audit_entries_actor ON audit_entries (actor_id, at DESC, id DESC);
CREATE INDEX audit_entries_action ON audit_entries (action, at DESC, id DESC);
CREATE INDEX audit_entries_subject ON audit_entries (subject_kind, subject_id, at DESC, id DESC);

CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

-- For the statement, not for each row: TRUNCATE has no rows, and a statement that finds none is refused too.
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit();

REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries FROM CURRENT_USER, PUBLIC;
