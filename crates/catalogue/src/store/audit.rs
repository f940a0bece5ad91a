//! SQL of the audit log: INSERT and SELECT, nothing else.

use crate::{
    audit::{AuditFilter, Entry, RecordedEntry},
    page::PageLimit,
    store::{cached_sql::CachedSql, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{account::Role, ids::AuditEntryId};
use rmu_postgres::DatabaseError;
use serde_json::Value;
use uuid::Uuid;

pub(crate) async fn insert(connection: &mut AsyncPgConnection, entry: &Entry<'_>) -> Result<(), DatabaseError> {
    CachedSql::new(
        "INSERT INTO audit_entries (id, actor_id, actor_role, action, subject_kind, subject_id, details, request_id)
         VALUES (",
    )
    .uuid(AuditEntryId::new())
    .sql(", ")
    .uuid(entry.actor.account)
    .sql(", ")
    .text(entry.actor.role.as_str())
    .sql(", ")
    .text(entry.action.as_str())
    .sql(", ")
    .text(entry.subject.kind.as_str())
    .sql(", ")
    .text(entry.subject.id.as_str())
    .sql(", ")
    .text(entry.details.clone().into_value().to_string())
    .sql("::jsonb, ")
    .maybe_text(entry.actor.request_id.clone())
    .sql(")")
    .execute(connection)
    .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    actor_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    actor_role: String,
    #[diesel(sql_type = sql::Text)]
    action: String,
    #[diesel(sql_type = sql::Text)]
    subject_kind: String,
    #[diesel(sql_type = sql::Text)]
    subject_id: String,
    #[diesel(sql_type = sql::Jsonb)]
    details: Value,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    request_id: Option<String>,
    #[diesel(sql_type = sql::Timestamptz)]
    at: DateTime<Utc>,
}

/// The entries after a place, one more than the page holds when there are more.
pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    filter: &AuditFilter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: PageLimit,
) -> Result<Vec<RecordedEntry>, DatabaseError> {
    let rows: Vec<Row> = statement(filter, after, limit).load(connection).await?;
    rows.into_iter().map(recorded).collect()
}

/// One statement text for each combination of filters, so that each is planned for the index that fits it.
pub(crate) fn statement(filter: &AuditFilter, after: Option<(DateTime<Utc>, Uuid)>, limit: PageLimit) -> CachedSql {
    let mut statement = CachedSql::new(
        "SELECT id, actor_id, actor_role, action, subject_kind, subject_id, details, request_id, at
         FROM audit_entries WHERE true",
    );
    if let Some(actor) = filter.actor {
        statement = statement.sql(" AND actor_id = ").uuid(actor);
    }
    if let Some(action) = filter.action {
        statement = statement.sql(" AND action = ").text(action.as_str());
    }
    if let Some(kind) = filter.subject_kind {
        statement = statement.sql(" AND subject_kind = ").text(kind.as_str());
    }
    if let Some(id) = &filter.subject_id {
        statement = statement.sql(" AND subject_id = ").text(id.as_str());
    }
    if let Some(from) = filter.from {
        statement = statement.sql(" AND at >= ").time(from);
    }
    if let Some(until) = filter.until {
        statement = statement.sql(" AND at < ").time(until);
    }
    if let Some((at, id)) = after {
        statement = statement.sql(" AND (at, id) < (").time(at).sql(", ").uuid(id).sql(")");
    }
    statement.sql(" ORDER BY at DESC, id DESC LIMIT ").big(limit.and_one_more())
}

fn recorded(row: Row) -> Result<RecordedEntry, DatabaseError> {
    Ok(RecordedEntry {
        id: row.id.into(),
        actor: row.actor_id.into(),
        role: Role::parse(&row.actor_role).map_err(broken)?,
        action: row.action,
        subject_kind: row.subject_kind,
        subject_id: row.subject_id,
        details: row.details,
        request_id: row.request_id,
        at: row.at,
    })
}
