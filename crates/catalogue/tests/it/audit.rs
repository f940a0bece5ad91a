//! The audit log: added to, listed, never changed.

use crate::{stage::Stage, support::Catalogue};
use rmu_catalogue::{
    CatalogueError,
    audit::{Actor, AuditAction, AuditFilter, Details, Entry, Subject, SubjectKind, entries, record},
    page::PageLimit,
};
use rmu_domain::{account::Role, ids::AccountId, slug::Slug};
use tokio_postgres::error::SqlState;

async fn write(catalogue: &Catalogue, entry: &Entry<'_>) {
    record(&mut catalogue.database.connection().await.unwrap(), entry).await.unwrap();
}

async fn listed(catalogue: &Catalogue, filter: &AuditFilter, limit: i64) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(limit).unwrap();
        let (page, next) = entries(&catalogue.database, filter, cursor.as_deref(), limit).await.unwrap();
        all.extend(page.into_iter().map(|entry| format!("{} {}", entry.action, entry.subject_id)));
        cursor = next;
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn nobody_changes_what_was_recorded() {
    let stage = Stage::new().await;
    let actor = Actor::new(AccountId::new(), Role::Admin);
    let entry = Entry::new(&actor, AuditAction::QueueCleared, Subject::only(SubjectKind::Queue));
    record(&mut stage.database.connection().await.unwrap(), &entry).await.unwrap();
    let catalogue = Catalogue::start().await;
    write(&catalogue, &entry).await;
    for statement in [
        "UPDATE audit_entries SET action = 'queue.filled'",
        "UPDATE audit_entries SET action = 'queue.filled' WHERE false",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "INSERT INTO audit_entries SELECT * FROM audit_entries ON CONFLICT (id) DO UPDATE SET actor_role = 'student'",
    ] {
        // Neither as the service, which lacks the right, nor as whoever has every right.
        for client in [&catalogue.client, &stage.inside] {
            let error = client.batch_execute(statement).await.unwrap_err();
            assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {error:?}");
        }
        assert_eq!(stage.count("audit_entries").await, 1);
    }
    let error = stage.inside.batch_execute("DELETE FROM audit_entries").await.unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("append-only"), "{error:?}");
    let error = catalogue.client.batch_execute("DELETE FROM audit_entries").await.unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("permission denied"), "{error:?}");
}

#[tokio::test]
async fn entries_are_found_by_who_did_what_to_what_and_when() {
    let catalogue = Catalogue::start().await;
    let (ada, bob) = (Actor::new(AccountId::new(), Role::Admin), Actor::new(AccountId::new(), Role::Moderator));
    let north = Slug::parse("northfield").unwrap();
    for (actor, action, subject) in [
        (&ada, AuditAction::SourceCreated, Subject::named(SubjectKind::Source, &north)),
        (&ada, AuditAction::SourceEdited, Subject::named(SubjectKind::Source, &north)),
        (&bob, AuditAction::SourceEdited, Subject::named(SubjectKind::Source, &Slug::parse("south").unwrap())),
        (&bob, AuditAction::QueueCleared, Subject::only(SubjectKind::Queue)),
    ] {
        let details = Details::default().number("version", 3).flag("enabled", true).word("by", "hand");
        write(&catalogue, &Entry::new(actor, action, subject).with(details)).await;
    }
    let all = ["queue.cleared ", "source.edited south", "source.edited northfield", "source.created northfield"];
    for limit in [1, 2, 50] {
        assert_eq!(listed(&catalogue, &AuditFilter::default(), limit).await, all);
    }
    let far = Some("-9999-01-01T00:00:00Z".parse().unwrap());
    for filter in [AuditFilter { from: far, ..Default::default() }, AuditFilter { until: far, ..Default::default() }] {
        let refused = entries(&catalogue.database, &filter, None, PageLimit::default()).await;
        assert!(matches!(refused, Err(CatalogueError::Invalid { .. })), "{refused:?}");
    }
    let by_actor = AuditFilter { actor: Some(ada.account), ..AuditFilter::default() };
    assert_eq!(listed(&catalogue, &by_actor, 1).await, all[2..]);
    let by_action = AuditFilter { action: Some(AuditAction::SourceEdited), ..AuditFilter::default() };
    assert_eq!(listed(&catalogue, &by_action, 1).await, all[1..3]);
    let by_subject = AuditFilter {
        subject_kind: Some(SubjectKind::Source),
        subject_id: Some("northfield".to_owned()),
        ..AuditFilter::default()
    };
    assert_eq!(listed(&catalogue, &by_subject, 1).await, all[2..]);
    let (page, _) = entries(&catalogue.database, &by_subject, None, PageLimit::default()).await.unwrap();
    assert_eq!((page[0].actor, page[0].role), (ada.account, Role::Admin));
    assert_eq!(page[0].details, serde_json::json!({ "version": 3, "enabled": true, "by": "hand" }));
    let split = page[0].at;
    let before = AuditFilter { until: Some(split), ..AuditFilter::default() };
    let after = AuditFilter { from: Some(split), ..AuditFilter::default() };
    assert_eq!(listed(&catalogue, &before, 1).await, all[3..]);
    assert_eq!(listed(&catalogue, &after, 1).await, all[..3]);
    // A cursor of another list, and an id without its kind, are refused.
    let (_, cursor) = entries(&catalogue.database, &by_actor, None, PageLimit::new(1).unwrap()).await.unwrap();
    let foreign = entries(&catalogue.database, &by_action, cursor.as_deref(), PageLimit::default()).await;
    assert!(matches!(foreign, Err(CatalogueError::Invalid { field, .. }) if field == "cursor"));
    let kindless = AuditFilter { subject_id: Some("northfield".to_owned()), ..AuditFilter::default() };
    let refused = entries(&catalogue.database, &kindless, None, PageLimit::default()).await;
    assert!(matches!(refused, Err(CatalogueError::Invalid { field, .. }) if field == "subjectId"));
}
