-- There is no such cause before; they stay hidden.
UPDATE reviews SET state_cause = 'moderation' WHERE state_cause = 'merge';
ALTER TABLE reviews
    DROP CONSTRAINT reviews_state_cause_check,
    ADD CONSTRAINT reviews_state_cause_check CHECK (state_cause IN ('reports', 'moderation', 'ban', 'resubmission'));
DROP TABLE moved_reviews;
ALTER TABLE units DROP COLUMN merged_into;
