//! Counting rows, as far as totals are exact.

use crate::{page::Total, store::cached_sql::CachedSql};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;

/// A row that is nothing but a number.
#[derive(Debug, QueryableByName)]
pub(crate) struct CountRow {
    #[diesel(sql_type = sql::BigInt)]
    pub(crate) count: i64,
}

/// How many rows a statement gives, counted no further than to tell that there are more than totals are exact to.
pub(crate) async fn count_rows(connection: &mut AsyncPgConnection, rows: CachedSql) -> Result<Total, DatabaseError> {
    let row: CountRow = CachedSql::new("SELECT count(*) AS count FROM (")
        .then(rows)
        .sql(" LIMIT ")
        .big(i64::from(Total::EXACT_TO) + 1)
        .sql(") AS counted")
        .get_result(connection)
        .await?;
    Ok(Total::counted(row.count))
}
