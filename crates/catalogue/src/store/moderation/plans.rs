//! What moderators and administrators ask over many cases, requests and entries: the plans read an index and never a
//! whole table.

use super::views::page_statement;
use crate::{
    audit::{AuditFilter, SubjectKind},
    moderation::{After, CaseCause, CaseFilter, CaseState},
    page::PageLimit,
    store::{audit, explained::generic_plan, moderation_figures, search::plans::filled, takedowns},
    takedowns::TakedownState,
};
use chrono::{NaiveDate, Utc};
use diesel_async::SimpleAsyncConnection;
use rmu_domain::{audit::AuditAction, ids::AccountId};
use uuid::Uuid;

/// Twenty thousand of each, one case in twenty of which waits.
const FILL: &str = "
    BEGIN;
    SET LOCAL statement_timeout = 0;
    INSERT INTO reviews (id, unit_id, university_id, author_id, shown_as, unit_code, overall, teaching, difficulty,
                         workload, usefulness, would_recommend, taken_session, taken_year, in_handbook)
    SELECT gen_random_uuid(), id, university_id, gen_random_uuid(), 'anonymous', code, 3, 3, 3, 3, 3, true, 'S', 2020,
           true FROM units;
    INSERT INTO moderation_cases (id, review_id, unit_id, university_id, cause, state, reports, opened_at, state_since)
    SELECT gen_random_uuid(), id, unit_id, university_id, 'reports',
           CASE WHEN number % 20 = 0 THEN 'open' ELSE 'decided' END, number % 50,
           now() - make_interval(hours => number), now() - make_interval(hours => number)
    FROM (SELECT *, row_number() OVER ()::integer AS number FROM reviews) AS numbered;
    INSERT INTO moderation_decisions (id, case_id, number, decision, reason, told, decided_by, waited_since, decided_at)
    SELECT gen_random_uuid(), id, 1, 'keep', 'within_rules', 'It is.', gen_random_uuid(), opened_at, state_since
    FROM moderation_cases WHERE state = 'decided';
    INSERT INTO takedowns (id, review_id, university_id, state, requester, contact, grounds, opened_by, received_at,
                           closed_at)
    SELECT gen_random_uuid(), review_id, university_id, CASE WHEN state = 'open' THEN 'received' ELSE 'refused' END,
           'Somebody', 'somewhere', 'It says what is not so.', gen_random_uuid(), opened_at,
           CASE WHEN state = 'decided' THEN state_since END
    FROM moderation_cases;
    INSERT INTO audit_entries (id, actor_id, actor_role, action, subject_kind, subject_id, details, at)
    SELECT gen_random_uuid(), decided_by, 'moderator', 'case.decided', 'case', case_id::text, '{}', decided_at
    FROM moderation_decisions;
    INSERT INTO review_reports (review_id, reporter_id, reason, revision, reported_at)
    SELECT review_id, gen_random_uuid(), 'spam', 1, opened_at FROM moderation_cases;
    COMMIT;
    ANALYZE reviews; ANALYZE review_reports; ANALYZE moderation_cases; ANALYZE moderation_decisions; ANALYZE takedowns; ANALYZE audit_entries;";

#[tokio::test]
async fn nothing_that_moderators_ask_reads_a_whole_table() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    connection.batch_execute(FILL).await.unwrap();
    let limit = PageLimit::default();
    let mut statements = Vec::new();
    for state in [None, Some(CaseState::Open), Some(CaseState::Decided)] {
        for most_reported in [false, true] {
            let filter = CaseFilter { state, most_reported, ..CaseFilter::default() };
            let after = match most_reported {
                true => After::Reports(7, Uuid::nil()),
                false => After::Since(Utc::now(), Uuid::nil()),
            };
            for after in [None, Some(after)] {
                statements.push(page_statement(&filter, None, after, limit));
            }
            let caused = CaseFilter { cause: Some(CaseCause::Reports), ..filter };
            let university = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003).into();
            statements.push(page_statement(&caused, Some(university), None, limit));
        }
    }
    for state in [None, Some(TakedownState::Received), Some(TakedownState::Refused)] {
        for after in [None, Some((Utc::now(), Uuid::nil()))] {
            statements.push(takedowns::page_statement(
                &takedowns::Chosen { state, reader: Some(AccountId::new()), ..Default::default() },
                after,
                limit,
            ));
        }
    }
    for filter in [
        AuditFilter::default(),
        AuditFilter { actor: Some(AccountId::new()), ..AuditFilter::default() },
        AuditFilter { action: Some(AuditAction::CaseDecided), ..AuditFilter::default() },
        AuditFilter { subject_kind: Some(SubjectKind::Case), subject_id: Some("x".into()), ..AuditFilter::default() },
        AuditFilter { from: Some(Utc::now()), until: Some(Utc::now()), ..AuditFilter::default() },
    ] {
        for after in [None, Some((Utc::now(), Uuid::nil()))] {
            statements.push(audit::statement(&filter, after, limit));
        }
    }
    let day = |month| NaiveDate::from_ymd_opt(2026, month, 1).unwrap();
    statements.push(moderation_figures::statement(day(1), day(2)));
    for statement in statements {
        let plan = generic_plan(&mut connection, &statement).await;
        for table in [
            "moderation_cases",
            "moderation_decisions",
            "takedowns",
            "audit_entries",
            "review_reports",
            "reviews",
            "units",
        ] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{statement:?}\n{plan}");
        }
    }
}
