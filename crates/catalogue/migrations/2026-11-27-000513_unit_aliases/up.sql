-- A unit that goes on under another code. Its row stays and points there: whatever names it by id or code still leads
-- to the unit, and a scrape that meets the old code meets this row.
ALTER TABLE units
    ADD COLUMN merged_into uuid REFERENCES units (id),
    ADD CONSTRAINT units_not_merged_into_themselves CHECK (merged_into <> id);
CREATE INDEX units_merged_into ON units (merged_into, code_normalised) WHERE merged_into IS NOT NULL;

-- Reviews that went along, so that they can go back.
CREATE TABLE moved_reviews (
    review_id uuid PRIMARY KEY REFERENCES reviews (id) ON DELETE CASCADE,
    former_unit uuid NOT NULL REFERENCES units (id) ON DELETE CASCADE
);
CREATE INDEX moved_reviews_former ON moved_reviews (former_unit, review_id);

-- Set aside: its author has also reviewed the unit under the code that stays.
ALTER TABLE reviews
    DROP CONSTRAINT reviews_state_cause_check,
    ADD CONSTRAINT reviews_state_cause_check
        CHECK (state_cause IN ('reports', 'moderation', 'ban', 'resubmission', 'merge'));
