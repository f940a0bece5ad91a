//! Units without a query: those that fulfil the filters, in the order of an index.

use super::{Filters, Found, FoundRow, Key};
use crate::{
    page::{PageLimit, Total},
    search::Sort,
    store::{cached_sql::CachedSql, counting::count_rows},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;

/// One more than the page holds when there are more.
pub(crate) async fn list(
    connection: &mut AsyncPgConnection,
    filters: &Filters,
    sort: Sort,
    after: Option<&Key>,
    limit: PageLimit,
) -> Result<(Vec<Found>, Total), DatabaseError> {
    let rows: Vec<FoundRow> = list_statement(filters, sort, after, limit.and_one_more()).load(connection).await?;
    let total = count_rows(connection, all(filters)).await?;
    Ok((rows.into_iter().map(Found::from).collect(), total))
}

pub(super) fn list_statement(filters: &Filters, sort: Sort, after: Option<&Key>, at_most: i64) -> CachedSql {
    let statement = CachedSql::new("SELECT unit_id, code_normalised, 0::smallint AS step, 0 AS rank, ")
        .sql(sort.place())
        .sql("::bigint AS place FROM unit_search WHERE true");
    let statement = filters.narrow_as_planned(statement);
    let statement = match after {
        Some(key) => sort.after(statement, key),
        None => statement,
    };
    sort.order(statement).sql(" LIMIT ").big(at_most)
}

/// All that fulfil the filters, to be counted.
pub(super) fn all(filters: &Filters) -> CachedSql {
    let statement = filters.narrow_as_planned(CachedSql::new("SELECT FROM unit_search WHERE true"));
    // Of one university alone, along its index: counting in no order would look at all the others on the way.
    let of_one = filters.university.is_some() && !filters.are_many();
    if of_one { statement.sql(" ORDER BY code_normalised, unit_id") } else { statement }
}
