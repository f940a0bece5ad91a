//! The tables as diesel sees them.

use diesel::{allow_tables_to_appear_in_same_query, joinable, table};

table! {
    accounts (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Text,
        nickname -> Text,
        role -> Text,
        university_id -> Nullable<Uuid>,
        email_verified_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        banned_at -> Nullable<Timestamptz>,
        banned_until -> Nullable<Timestamptz>,
        ban_reason -> Nullable<Text>,
        banned_by -> Nullable<Uuid>,
    }
}

table! {
    email_verifications (token_hash) {
        token_hash -> Bytea,
        account_id -> Uuid,
        password_hash -> Text,
        nickname -> Text,
        university_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

table! {
    sessions (id) {
        id -> Uuid,
        account_id -> Uuid,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_used_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
    }
}

table! {
    refresh_tokens (token_hash) {
        token_hash -> Bytea,
        session_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

table! {
    mail_outbox (id) {
        id -> Uuid,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        created_at -> Timestamptz,
        attempts -> Integer,
        next_attempt_at -> Timestamptz,
        done_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        unsubscribe_url -> Nullable<Text>,
    }
}

table! {
    digests (account_id, day) {
        account_id -> Uuid,
        day -> Date,
    }
}

table! {
    event_outbox (id) {
        id -> Uuid,
        exchange -> Text,
        routing_key -> Text,
        kind -> Text,
        payload -> Jsonb,
        traceparent -> Nullable<Text>,
        tracestate -> Nullable<Text>,
        created_at -> Timestamptz,
        attempts -> Integer,
        next_attempt_at -> Timestamptz,
    }
}

joinable!(refresh_tokens -> sessions (session_id));
allow_tables_to_appear_in_same_query!(refresh_tokens, sessions);
