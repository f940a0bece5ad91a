//! SQL of idempotency keys.

use crate::store::schema::idempotency_keys as keys;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::AccountId;
use rmu_postgres::DatabaseError;
use serde_json::Value;

/// Claims a key; waits for a transaction that has just claimed it, and is false if that one commits.
pub(crate) async fn claim(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    operation: &str,
    key: &str,
    fingerprint: &str,
) -> Result<bool, DatabaseError> {
    let claimed = diesel::insert_into(keys::table)
        .values((
            keys::account_id.eq(account.as_uuid()),
            keys::operation.eq(operation),
            keys::key.eq(key),
            keys::request_hash.eq(fingerprint),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(claimed == 1)
}

pub(crate) async fn find(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    operation: &str,
    key: &str,
) -> Result<Option<(String, Option<Value>)>, DatabaseError> {
    Ok(keys::table
        .find((account.as_uuid(), operation, key))
        .select((keys::request_hash, keys::response))
        .first(connection)
        .await
        .optional()?)
}

pub(crate) async fn finish(
    connection: &mut AsyncPgConnection,
    account: AccountId,
    operation: &str,
    key: &str,
    answer: Value,
) -> Result<(), DatabaseError> {
    diesel::update(keys::table.find((account.as_uuid(), operation, key)))
        .set(keys::response.eq(answer))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn delete_of_account(
    connection: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), DatabaseError> {
    diesel::delete(keys::table.filter(keys::account_id.eq(account.as_uuid()))).execute(connection).await?;
    Ok(())
}

/// Forgets keys older than a day.
pub(crate) async fn forget_old(connection: &mut AsyncPgConnection) -> Result<usize, DatabaseError> {
    Ok(diesel::sql_query("DELETE FROM idempotency_keys WHERE created_at < now() - interval '1 day'")
        .execute(connection)
        .await?)
}
