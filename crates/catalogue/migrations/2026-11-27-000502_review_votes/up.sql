-- One vote of an account on a review; never shown with the account.
CREATE TABLE review_votes (
    review_id uuid NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
    account_id uuid NOT NULL,
    helpful boolean NOT NULL,
    PRIMARY KEY (review_id, account_id)
);
CREATE INDEX review_votes_account ON review_votes (account_id, review_id);

-- Counts and rank are kept in the transaction of the vote, under the lock of the review's row.
ALTER TABLE reviews
    ADD COLUMN helpful integer NOT NULL DEFAULT 0,
    ADD COLUMN not_helpful integer NOT NULL DEFAULT 0,
    -- The formula stands in the domain; a whole number, so that pages can be cut by it.
    ADD COLUMN helpful_rank integer NOT NULL DEFAULT 0;
CREATE INDEX reviews_helpful ON reviews (unit_id, helpful_rank DESC, written_on DESC, id DESC) WHERE state = 'visible';
