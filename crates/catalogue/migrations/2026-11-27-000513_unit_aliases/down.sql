ALTER TABLE reviews
    DROP CONSTRAINT reviews_state_cause_check,
    ADD CONSTRAINT reviews_state_cause_check CHECK (state_cause IN ('reports', 'moderation', 'ban', 'resubmission'));
DROP TABLE moved_reviews;
ALTER TABLE units DROP COLUMN merged_into;
