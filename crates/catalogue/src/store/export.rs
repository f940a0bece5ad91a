//! Batches of units in the order of the index that keeps their codes apart.

use crate::{
    export::{BATCH, ExportedUnit, Place},
    store::cached_sql::CachedSql,
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::credit_points::CreditPoints;
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct ExportRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    university_slug: String,
    #[diesel(sql_type = sql::Text)]
    code: String,
    #[diesel(sql_type = sql::Text)]
    code_normalised: String,
    #[diesel(sql_type = sql::Text)]
    title: String,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    year: Option<i16>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    status: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Integer>)]
    credit_points_thousandths: Option<i32>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    level: Option<i16>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    faculty: Option<String>,
}

/// A batch without its reviews, and where the next begins.
pub(crate) async fn batch(
    connection: &mut AsyncPgConnection,
    after: Option<&Place>,
) -> Result<(Vec<ExportedUnit>, Option<Place>), DatabaseError> {
    let rows: Vec<ExportRow> = statement(after).load(connection).await?;
    let next = rows
        .last()
        .filter(|_| rows.len() == BATCH)
        .map(|last| Place { university: last.university_id, code: last.code_normalised.clone() });
    Ok((rows.into_iter().map(ExportedUnit::from).collect(), next))
}

pub(crate) fn statement(after: Option<&Place>) -> CachedSql {
    let mut statement = CachedSql::new(
        "SELECT unit.id, unit.university_id, university.slug AS university_slug, unit.code, unit.code_normalised,
                unit.title, unit.year, unit.status, unit.credit_points_thousandths, unit.level, unit.faculty
         FROM (SELECT * FROM units WHERE merged_into IS NULL",
    );
    if let Some(place) = after {
        statement = statement.sql(" AND (university_id, code_normalised) > (").uuid(place.university);
        statement = statement.sql(", ").text(place.code.as_str()).sql(")");
    }
    statement.sql(
        " ORDER BY university_id, code_normalised LIMIT 500) AS unit
         JOIN universities AS university ON university.id = unit.university_id
         ORDER BY unit.university_id, unit.code_normalised",
    )
}

impl From<ExportRow> for ExportedUnit {
    fn from(row: ExportRow) -> Self {
        let thousandths = row.credit_points_thousandths.and_then(|thousandths| u32::try_from(thousandths).ok());
        Self {
            id: row.id.into(),
            university: row.university_slug,
            code: row.code,
            title: row.title,
            year: row.year.and_then(|year| u16::try_from(year).ok()),
            status: row.status,
            credit_points: thousandths.and_then(|thousandths| CreditPoints::from_thousandths(thousandths).ok()),
            level: row.level.and_then(|level| u8::try_from(level).ok()),
            faculty: row.faculty,
            reviews: 0,
            aggregates: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::search::plans::{assert_reads_little, filled};

    #[tokio::test]
    async fn a_batch_is_read_in_the_order_of_an_index() {
        let (_test, database) = filled().await;
        let mut connection = database.connection().await.unwrap();
        let place =
            Place { university: Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003), code: "A".to_owned() };
        for after in [None, Some(&place)] {
            assert_reads_little(&mut connection, statement(after), "export").await;
        }
    }
}
