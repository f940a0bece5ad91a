//! Sources: handbook sites and the versioned rules to read them.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Subject, SubjectKind, record_by},
    store::{sources as store, universities},
};
use chrono::{DateTime, Utc};
use rmu_domain::{ids::SourceId, scrape::MOST_TASKS_OUT, slug::Slug};
use rmu_extraction::Source;
use rmu_postgres::Database;
use serde_json::Value;

/// No list of sources is longer.
const MOST: i64 = 1000;

#[derive(Debug, Clone, PartialEq)]
pub struct SourceView {
    pub id: SourceId,
    pub slug: String,
    pub university: String,
    pub version: u32,
    pub definition: Value,
    pub enabled: bool,
    pub updated_at: DateTime<Utc>,
}

/// Adds a source with its first version. Mistakes in the rules are named by their place.
pub async fn create_source(
    database: &Database,
    university: &Slug,
    slug: &Slug,
    definition: &Value,
    by: Option<&Actor>,
) -> Result<SourceView, CatalogueError> {
    let window = check(definition)?;
    database
        .transaction(async |connection| {
            let (university_id, ..) = universities::find(connection, university)
                .await?
                .ok_or(CatalogueError::NotFound { what: "university" })?;
            let id =
                store::insert(connection, university_id.into(), slug, window).await.map_err(|error| {
                    match error.is_unique_violation_of("sources_slug_key") {
                        true => CatalogueError::conflict(ConflictKind::AlreadyExists, "the slug is taken"),
                        false => error.into(),
                    }
                })?;
            store::insert_version(connection, id, 1, definition, by.map(|actor| actor.account)).await?;
            let details = Details::default().slug("university", university);
            let subject = Subject::named(SubjectKind::Source, slug);
            record_by(connection, by, AuditAction::SourceCreated, subject, details).await?;
            store::find(connection, slug).await?.map(view).ok_or(CatalogueError::NotFound { what: "source" })
        })
        .await
}

/// Adds a version, which counts from the next task on. Storing what is current already adds none.
pub async fn update_source(
    database: &Database,
    slug: &Slug,
    definition: &Value,
    by: Option<&Actor>,
) -> Result<SourceView, CatalogueError> {
    let window = check(definition)?;
    database
        .transaction(async |connection| {
            let missing = CatalogueError::NotFound { what: "source" };
            let Some(current) = store::find(connection, slug).await? else { return Err(missing) };
            if current.definition == *definition {
                return Ok(view(current));
            }
            let version = store::advance(connection, current.id, window).await?;
            store::insert_version(connection, current.id, version, definition, by.map(|actor| actor.account)).await?;
            let details = Details::default().number("version", version);
            let subject = Subject::named(SubjectKind::Source, slug);
            record_by(connection, by, AuditAction::SourceEdited, subject, details).await?;
            store::find(connection, slug).await?.map(view).ok_or(missing)
        })
        .await
}

/// Switches a source on or off; running jobs go on.
pub async fn set_source_enabled(
    database: &Database,
    slug: &Slug,
    enabled: bool,
    by: Option<&Actor>,
) -> Result<SourceView, CatalogueError> {
    database
        .transaction(async |connection| {
            let missing = CatalogueError::NotFound { what: "source" };
            let Some(current) = store::find(connection, slug).await? else { return Err(missing) };
            store::set_enabled(connection, current.id, enabled).await?;
            let action = if enabled { AuditAction::SourceEnabled } else { AuditAction::SourceDisabled };
            let subject = Subject::named(SubjectKind::Source, slug);
            record_by(connection, by, action, subject, Details::default()).await?;
            store::find(connection, slug).await?.map(view).ok_or(missing)
        })
        .await
}

pub async fn list_sources(database: &Database) -> Result<Vec<SourceView>, CatalogueError> {
    let rows = store::list(&mut *database.connection().await?, MOST).await?;
    Ok(rows.into_iter().map(view).collect())
}

pub async fn get_source(database: &Database, slug: &Slug) -> Result<SourceView, CatalogueError> {
    let found = store::find(&mut *database.connection().await?, slug).await?;
    found.map(view).ok_or(CatalogueError::NotFound { what: "source" })
}

/// Compiles the rules, and says how many tasks may be out at once: no more than half a minute's worth at the pace of
/// the source, so that a task is begun well before its deadline even when a page needs several requests.
fn check(definition: &Value) -> Result<i32, CatalogueError> {
    let source = Source::parse(definition).map_err(CatalogueError::BadSource)?;
    let window = (30_000 / source.document().politeness.min_gap_ms.max(1)).clamp(2, MOST_TASKS_OUT.into());
    Ok(i32::try_from(window).unwrap_or(2))
}

fn view(row: store::SourceRow) -> SourceView {
    SourceView {
        id: row.id,
        slug: row.slug,
        university: row.university_slug,
        version: u32::try_from(row.version).unwrap_or_default(),
        definition: row.definition,
        enabled: row.enabled,
        updated_at: row.updated_at,
    }
}
