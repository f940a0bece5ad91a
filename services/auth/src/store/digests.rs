//! Table `digests`.

use super::schema::digests;
use chrono::NaiveDate;
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// False when the account got its digest of that day before.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    account_id: Uuid,
    day: NaiveDate,
) -> Result<bool, DatabaseError> {
    let inserted = diesel::insert_into(digests::table)
        .values((digests::account_id.eq(account_id), digests::day.eq(day)))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    Ok(inserted > 0)
}

pub(crate) async fn delete_before(connection: &mut AsyncPgConnection, day: NaiveDate) -> Result<usize, DatabaseError> {
    Ok(diesel::delete(digests::table.filter(digests::day.lt(day))).execute(connection).await?)
}
