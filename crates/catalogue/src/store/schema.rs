//! The tables as diesel sees them; a test compares them with what the migrations make.

diesel::table! {
    universities (id) {
        id -> Uuid,
        slug -> Text,
        name -> Text,
        email_domains -> Array<Text>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    sources (id) {
        id -> Uuid,
        university_id -> Uuid,
        slug -> Text,
        current_version -> Integer,
        dispatch_window -> Integer,
        enabled -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    source_versions (source_id, version) {
        source_id -> Uuid,
        version -> Integer,
        definition -> Jsonb,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    units (id) {
        id -> Uuid,
        university_id -> Uuid,
        code -> Text,
        code_normalised -> Text,
        title -> Text,
        year -> Nullable<SmallInt>,
        status -> Nullable<Text>,
        credit_points_thousandths -> Nullable<Integer>,
        level -> Nullable<SmallInt>,
        study_level -> Nullable<Text>,
        faculty -> Nullable<Text>,
        school -> Nullable<Text>,
        description -> Nullable<Text>,
        sessions -> Nullable<Array<Text>>,
        modes -> Nullable<Array<Text>>,
        requisite_free -> Nullable<Bool>,
        current_version -> Nullable<Uuid>,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        merged_into -> Nullable<Uuid>,
    }
}

diesel::table! {
    unit_versions (id) {
        id -> Uuid,
        unit_id -> Uuid,
        number -> Integer,
        year -> Nullable<SmallInt>,
        content_hash -> Text,
        facts -> Jsonb,
        gaps -> Jsonb,
        origins -> Jsonb,
        source_id -> Uuid,
        source_version -> Integer,
        url -> Text,
        fetched_at -> Timestamptz,
        confirmed_at -> Timestamptz,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    source_pages (source_id, target_key) {
        source_id -> Uuid,
        target_key -> Text,
        unit_id -> Uuid,
        year -> Nullable<SmallInt>,
        seen_at -> Timestamptz,
    }
}

diesel::table! {
    scrape_jobs (id) {
        id -> Uuid,
        source_id -> Uuid,
        kind -> Text,
        state -> Text,
        started_by -> Nullable<Uuid>,
        trace_headers -> Jsonb,
        revision -> BigInt,
        live -> Integer,
        frontier -> Integer,
        succeeded -> Integer,
        unchanged -> Integer,
        not_found -> Integer,
        dead -> Integer,
        cancelled -> Integer,
        skipped -> Integer,
        retries -> Integer,
        versions_created -> Integer,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        retry_of -> Nullable<Uuid>,
        priority -> SmallInt,
        held -> Bool,
    }
}

diesel::table! {
    scrape_tasks (id) {
        id -> Uuid,
        job_id -> Uuid,
        source_id -> Uuid,
        target_key -> Text,
        target -> Jsonb,
        state -> Text,
        attempt -> Integer,
        failures -> Integer,
        run_at -> Timestamptz,
        dispatched_at -> Nullable<Timestamptz>,
        deadline -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        worker -> Nullable<Text>,
        error_kind -> Nullable<Text>,
        error_detail -> Nullable<Text>,
        unit_id -> Nullable<Uuid>,
        created_at -> Timestamptz,
        priority -> SmallInt,
        artefacts_attempt -> Nullable<Integer>,
        artefacts_page -> Bool,
        artefacts_screenshot -> Bool,
    }
}

diesel::table! {
    scrape_frontier (id) {
        id -> BigInt,
        job_id -> Uuid,
        target_key -> Text,
        target -> Jsonb,
    }
}

diesel::table! {
    outbox (id) {
        id -> BigInt,
        kind -> Text,
        payload -> Jsonb,
        trace_headers -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency_keys (account_id, operation, key) {
        account_id -> Uuid,
        operation -> Text,
        key -> Text,
        request_hash -> Text,
        response -> Nullable<Jsonb>,
        created_at -> Timestamptz,
    }
}

diesel::joinable!(sources -> universities (university_id));
diesel::joinable!(source_versions -> sources (source_id));
diesel::joinable!(units -> universities (university_id));
diesel::joinable!(scrape_jobs -> sources (source_id));
diesel::joinable!(scrape_tasks -> scrape_jobs (job_id));

diesel::allow_tables_to_appear_in_same_query!(
    universities,
    sources,
    source_versions,
    units,
    unit_versions,
    source_pages,
    scrape_jobs,
    scrape_tasks,
    scrape_frontier,
);
