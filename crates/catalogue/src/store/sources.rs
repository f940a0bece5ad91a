//! SQL of sources and their versions.

use crate::store::schema::{source_versions, sources, universities};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    ids::{AccountId, SourceId, UniversityId},
    slug::Slug,
};
use rmu_postgres::DatabaseError;
use serde_json::Value;
use uuid::Uuid;

/// A source with its current definition.
#[derive(Debug, Clone)]
pub(crate) struct SourceRow {
    pub(crate) id: SourceId,
    pub(crate) slug: String,
    pub(crate) university_slug: String,
    pub(crate) version: i32,
    pub(crate) definition: Value,
    pub(crate) enabled: bool,
    pub(crate) updated_at: DateTime<Utc>,
}

type Columns = (Uuid, String, String, i32, Value, bool, DateTime<Utc>);

fn row((id, slug, university_slug, version, definition, enabled, updated_at): Columns) -> SourceRow {
    SourceRow { id: id.into(), slug, university_slug, version, definition, enabled, updated_at }
}

macro_rules! current {
    () => {
        sources::table
            .inner_join(universities::table)
            .inner_join(source_versions::table)
            .filter(source_versions::version.eq(sources::current_version))
            .select((
                sources::id,
                sources::slug,
                universities::slug,
                sources::current_version,
                source_versions::definition,
                sources::enabled,
                sources::updated_at,
            ))
    };
}

pub(crate) async fn find(connection: &mut AsyncPgConnection, slug: &Slug) -> Result<Option<SourceRow>, DatabaseError> {
    let found: Option<Columns> =
        current!().filter(sources::slug.eq(slug.as_str())).first(connection).await.optional()?;
    Ok(found.map(row))
}

pub(crate) async fn enabled(connection: &mut AsyncPgConnection, id: SourceId) -> Result<bool, DatabaseError> {
    Ok(sources::table.find(id.as_uuid()).select(sources::enabled).first(connection).await?)
}

pub(crate) async fn list(connection: &mut AsyncPgConnection, limit: i64) -> Result<Vec<SourceRow>, DatabaseError> {
    let found: Vec<Columns> = current!().order(sources::slug).limit(limit).load(connection).await?;
    Ok(found.into_iter().map(row).collect())
}

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
    slug: &Slug,
    dispatch_window: i32,
) -> Result<SourceId, DatabaseError> {
    let id = SourceId::new();
    diesel::insert_into(sources::table)
        .values((
            sources::id.eq(id.as_uuid()),
            sources::university_id.eq(university.as_uuid()),
            sources::slug.eq(slug.as_str()),
            sources::current_version.eq(1),
            sources::dispatch_window.eq(dispatch_window),
        ))
        .execute(connection)
        .await?;
    Ok(id)
}

/// Makes the next version the current one, under the source's lock.
pub(crate) async fn advance(
    connection: &mut AsyncPgConnection,
    id: SourceId,
    dispatch_window: i32,
) -> Result<i32, DatabaseError> {
    Ok(diesel::update(sources::table.find(id.as_uuid()))
        .set((
            sources::current_version.eq(sources::current_version + 1),
            sources::dispatch_window.eq(dispatch_window),
            sources::updated_at.eq(Utc::now()),
        ))
        .returning(sources::current_version)
        .get_result(connection)
        .await?)
}

pub(crate) async fn insert_version(
    connection: &mut AsyncPgConnection,
    id: SourceId,
    version: i32,
    definition: &Value,
    created_by: Option<AccountId>,
) -> Result<(), DatabaseError> {
    diesel::insert_into(source_versions::table)
        .values((
            source_versions::source_id.eq(id.as_uuid()),
            source_versions::version.eq(version),
            source_versions::definition.eq(definition),
            source_versions::created_by.eq(created_by.map(AccountId::as_uuid)),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn set_enabled(
    connection: &mut AsyncPgConnection,
    id: SourceId,
    enabled: bool,
) -> Result<(), DatabaseError> {
    diesel::update(sources::table.find(id.as_uuid()))
        .set((sources::enabled.eq(enabled), sources::updated_at.eq(Utc::now())))
        .execute(connection)
        .await?;
    Ok(())
}

/// The version of a source that read a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceVersion {
    pub(crate) source: SourceId,
    pub(crate) version: i32,
    pub(crate) university: UniversityId,
}

pub(crate) async fn version(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    version: i32,
) -> Result<Option<SourceVersion>, DatabaseError> {
    let university: Option<Uuid> = sources::table
        .inner_join(source_versions::table)
        .filter(sources::id.eq(source.as_uuid()).and(source_versions::version.eq(version)))
        .select(sources::university_id)
        .first(connection)
        .await
        .optional()?;
    Ok(university.map(|university| SourceVersion { source, version, university: university.into() }))
}

/// The source's current rules.
pub(crate) async fn definition(connection: &mut AsyncPgConnection, source: SourceId) -> Result<Value, DatabaseError> {
    Ok(sources::table
        .inner_join(source_versions::table)
        .filter(source_versions::version.eq(sources::current_version))
        .filter(sources::id.eq(source.as_uuid()))
        .select(source_versions::definition)
        .first(connection)
        .await?)
}
