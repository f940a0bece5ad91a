-- Which codes the requisites of each unit name, as its newest version says: so that "what does this unit unlock" is
-- asked of an index and not of every unit. Kept by the ingest in the transaction that changes the unit.
CREATE TABLE unit_requisites (
    unit_id uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE,
    university_id uuid NOT NULL REFERENCES universities (id) ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('prerequisite', 'corequisite', 'prohibition')),
    -- Of the unit that is named, which may not exist.
    code_normalised text NOT NULL,
    PRIMARY KEY (unit_id, kind, code_normalised)
);
CREATE INDEX unit_requisites_code ON unit_requisites (university_id, code_normalised, kind, unit_id);

-- What the versions that are shown now say.
INSERT INTO unit_requisites (unit_id, university_id, kind, code_normalised)
SELECT DISTINCT unit.id, unit.university_id, requisite ->> 'kind',
       upper(regexp_replace(named.code #>> '{}', '[^A-Za-z0-9]', '', 'g'))
FROM units AS unit
JOIN unit_versions AS version ON version.id = unit.current_version
CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(version.facts -> 'requisites') = 'array'
         THEN version.facts -> 'requisites' ELSE '[]'::jsonb END) AS requisite
CROSS JOIN LATERAL jsonb_path_query(requisite -> 'expression', '$.**.unit') AS named (code)
WHERE jsonb_typeof(named.code) = 'string';
