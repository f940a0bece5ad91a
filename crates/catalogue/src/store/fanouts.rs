//! SQL of news on their way.

use crate::{
    fanouts::{Audience, Fanout},
    store::{cached_sql::CachedSql, error::broken},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    facts::UnitFacts,
    ids::{AccountId, ReviewId, UnitId},
    notification::{News, Notification},
};
use rmu_postgres::DatabaseError;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    audience: Audience,
    news: &News,
    caused_by: Option<AccountId>,
) -> Result<(), DatabaseError> {
    let news = serde_json::to_string(news)
        .map_err(|error| DatabaseError::Query(diesel::result::Error::SerializationError(Box::new(error))))?;
    CachedSql::new("INSERT INTO fanouts (id, unit_id, audience, news, caused_by, created_at) VALUES (")
        .uuid(Uuid::now_v7())
        .sql(", ")
        .uuid(unit)
        .sql(", ")
        .text(audience.as_str())
        .sql(", ")
        .text(news)
        .sql("::jsonb, ")
        .maybe_text(caused_by.map(|account| account.to_string()))
        // Not the start of the transaction: whoever held the unit before us may have begun after us.
        .sql("::uuid, clock_timestamp())")
        .execute(connection)
        .await?;
    Ok(())
}

#[derive(Debug, QueryableByName)]
struct ExistsRow {
    #[diesel(sql_type = sql::Bool)]
    there: bool,
}

pub(crate) async fn is_followed(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<bool, DatabaseError> {
    let row: ExistsRow = CachedSql::new("SELECT EXISTS (SELECT FROM unit_follows WHERE unit_id = ")
        .uuid(unit)
        .sql(") AS there")
        .get_result(connection)
        .await?;
    Ok(row.there)
}

#[derive(Debug, QueryableByName)]
struct FactsRow {
    #[diesel(sql_type = sql::Jsonb)]
    facts: serde_json::Value,
}

/// What the unit's shown version says; `None` before it has one.
pub(crate) async fn shown_facts(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
) -> Result<Option<UnitFacts>, DatabaseError> {
    let rows: Vec<FactsRow> = CachedSql::new(
        "SELECT version.facts FROM units AS unit JOIN unit_versions AS version ON version.id = unit.current_version
         WHERE unit.id = ",
    )
    .uuid(unit)
    .load(connection)
    .await?;
    rows.into_iter().next().map(|row| read(row.facts)).transpose()
}

#[derive(Debug, QueryableByName)]
struct FanoutRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    audience: String,
    #[diesel(sql_type = sql::Jsonb)]
    news: serde_json::Value,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    caused_by: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    told_up_to: Option<Uuid>,
    #[diesel(sql_type = sql::Timestamptz)]
    created_at: DateTime<Utc>,
}

/// The oldest that nobody else is working on, locked.
pub(crate) async fn lock_oldest(connection: &mut AsyncPgConnection) -> Result<Option<Fanout>, DatabaseError> {
    let rows: Vec<FanoutRow> = CachedSql::new(
        "SELECT id, unit_id, audience, news, caused_by, told_up_to, created_at FROM fanouts
         ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED",
    )
    .load(connection)
    .await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let audience = if row.audience == "requesters" { Audience::Requesters } else { Audience::Followers };
    Ok(Some(Fanout {
        id: row.id,
        audience,
        notification: Notification { unit: row.unit_id.into(), news: read(row.news)? },
        caused_by: row.caused_by.map(AccountId::from),
        told_up_to: row.told_up_to.map(AccountId::from),
        created_at: row.created_at,
    }))
}

#[derive(Debug, QueryableByName)]
struct AccountRow {
    #[diesel(sql_type = sql::Uuid)]
    account_id: Uuid,
}

/// The next who followed the unit when the news were made, in the order of their ids.
pub(crate) async fn followers(
    connection: &mut AsyncPgConnection,
    fanout: &Fanout,
    count: i64,
) -> Result<Vec<AccountId>, DatabaseError> {
    let statement = following(fanout.notification.unit, fanout.created_at, fanout.told_up_to, count);
    let rows: Vec<AccountRow> = statement.load(connection).await?;
    Ok(rows.into_iter().map(|row| row.account_id.into()).collect())
}

pub(super) fn following(unit: UnitId, since_before: DateTime<Utc>, after: Option<AccountId>, count: i64) -> CachedSql {
    let mut statement = CachedSql::new("SELECT account_id FROM unit_follows WHERE unit_id = ")
        .uuid(unit)
        .sql(" AND kept_at <= ")
        .time(since_before);
    if let Some(after) = after {
        statement = statement.sql(" AND account_id > ").uuid(after);
    }
    statement.sql(" ORDER BY account_id LIMIT ").big(count)
}

pub(crate) async fn advance(
    connection: &mut AsyncPgConnection,
    fanout: Uuid,
    told_up_to: AccountId,
) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE fanouts SET told_up_to = ")
        .uuid(told_up_to)
        .sql(" WHERE id = ")
        .uuid(fanout)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whoever caused news is not remembered when their account is gone. There are never many news on their way.
pub(crate) async fn forget_cause(connection: &mut AsyncPgConnection, account: AccountId) -> Result<(), DatabaseError> {
    CachedSql::new("UPDATE fanouts SET caused_by = NULL WHERE caused_by = ").uuid(account).execute(connection).await?;
    Ok(())
}

/// Whether a review can still be read.
pub(crate) async fn is_visible(connection: &mut AsyncPgConnection, review: ReviewId) -> Result<bool, DatabaseError> {
    let row: ExistsRow = CachedSql::new("SELECT EXISTS (SELECT FROM reviews WHERE state = 'visible' AND id = ")
        .uuid(review)
        .sql(") AS there")
        .get_result(connection)
        .await?;
    Ok(row.there)
}

pub(crate) async fn delete(connection: &mut AsyncPgConnection, fanout: Uuid) -> Result<(), DatabaseError> {
    CachedSql::new("DELETE FROM fanouts WHERE id = ").uuid(fanout).execute(connection).await?;
    Ok(())
}

fn read<T: DeserializeOwned>(json: serde_json::Value) -> Result<T, DatabaseError> {
    serde_json::from_value(json).map_err(broken)
}
