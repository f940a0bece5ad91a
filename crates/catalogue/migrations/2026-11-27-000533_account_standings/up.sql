-- What became of accounts since their access tokens were made: the auth service tells it by events, and tokens are
-- believed for ten minutes. Only accounts to which something happened have a row.
CREATE TABLE account_standings (
    account_id uuid PRIMARY KEY,
    banned boolean NOT NULL DEFAULT false,
    -- When the ban ends by itself; without it, when it is lifted.
    banned_until timestamptz,
    role text CHECK (role IN ('student', 'moderator', 'admin')),
    -- Events may overtake one another: of each kind the latest counts, by when it happened.
    ban_changed_at timestamptz,
    role_changed_at timestamptz,
    renamed_at timestamptz,
    deleted_at timestamptz,
    -- What is to become of the reviews of a deleted account.
    reviews_left text CHECK (reviews_left IN ('anonymise', 'remove')),
    -- What a deleted account had is cleared once more when no token of it is believed any longer.
    clear_again_at timestamptz,
    CONSTRAINT account_standings_deleted_say_how CHECK ((deleted_at IS NULL) = (reviews_left IS NULL))
);
CREATE INDEX account_standings_to_clear ON account_standings (clear_again_at) WHERE clear_again_at IS NOT NULL;
