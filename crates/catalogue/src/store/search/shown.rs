//! What is shown of the units on a page; read only for those.

use super::Found;
use crate::{
    scores::ScoreSummary,
    search::{FoundBy, UnitHit, UniversityName},
    store::{
        cached_sql::CachedSql,
        history::{NEWEST_YEAR, year},
    },
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{credit_points::CreditPoints, facts::Standing, ids::UnitId};
use rmu_postgres::DatabaseError;
use std::collections::HashMap;
use uuid::Uuid;

/// A unit as lists show it.
#[derive(Debug, QueryableByName)]
pub(crate) struct Shown {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    pub(crate) code: String,
    #[diesel(sql_type = sql::Text)]
    pub(crate) title: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    pub(crate) description: Option<String>,
    /// The code that was asked for, when the unit had it before.
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    pub(crate) formerly: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::Integer>)]
    credit_points_thousandths: Option<i32>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    level: Option<i16>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    status: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    year: Option<i16>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    newest_year: Option<i16>,
    #[diesel(sql_type = sql::Uuid)]
    university_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    university_slug: String,
    #[diesel(sql_type = sql::Text)]
    university_name: String,
}

/// The units of `found`, by id. Descriptions come along only when a hit has to show why it is one.
pub(crate) async fn shown(
    connection: &mut AsyncPgConnection,
    found: &[Found],
    code: Option<&str>,
) -> Result<HashMap<UnitId, Shown>, DatabaseError> {
    if found.is_empty() {
        return Ok(HashMap::new());
    }
    let with_description = found.iter().any(|hit| hit.step == super::Step::AllWords);
    let rows: Vec<Shown> = CachedSql::new(
        "SELECT unit.id, unit.code, unit.title, unit.credit_points_thousandths, unit.level, unit.status, unit.year, ",
    )
    .sql(NEWEST_YEAR)
    .sql(", (SELECT former.code FROM units AS former WHERE former.merged_into = unit.id AND former.code_normalised = ")
    .maybe_text(code.map(str::to_owned))
    .sql(" LIMIT 1) AS formerly, CASE WHEN ")
    .bool(with_description)
    .sql(
        " THEN unit.description END AS description,
                university.id AS university_id, university.slug AS university_slug,
                university.name AS university_name
         FROM units AS unit JOIN universities AS university ON university.id = unit.university_id
         WHERE unit.id",
    )
    .one_of(&found.iter().map(|hit| hit.unit.as_uuid()).collect::<Vec<_>>())
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (UnitId::from(row.id), row)).collect())
}

impl Shown {
    pub(crate) fn hit(&self, score: ScoreSummary, found: Option<FoundBy>) -> UnitHit {
        UnitHit {
            id: self.id.into(),
            code: self.code.clone(),
            title: self.title.clone(),
            university: UniversityName {
                id: self.university_id.into(),
                slug: self.university_slug.clone(),
                name: self.university_name.clone(),
            },
            credit_points: self
                .credit_points_thousandths
                .and_then(|thousandths| u32::try_from(thousandths).ok())
                .and_then(|thousandths| CreditPoints::from_thousandths(thousandths).ok()),
            level: self.level.and_then(|level| u8::try_from(level).ok()),
            standing: Standing::of(self.status.as_deref(), year(self.year), year(self.newest_year)),
            score,
            found,
        }
    }
}
