//! Counts and freshness per university.

use crate::{
    page::{PageLimit, Total},
    search::UniversityName,
    store::{cached_sql::CachedSql, counting::count_rows},
    university_profiles::{Faculty, UniversityProfile},
};
use chrono::{DateTime, Utc};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{ids::UniversityId, slug::Slug};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

#[derive(Debug, QueryableByName)]
struct ProfileRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    slug: String,
    #[diesel(sql_type = sql::Text)]
    name: String,
    #[diesel(sql_type = sql::BigInt)]
    units: i64,
    #[diesel(sql_type = sql::BigInt)]
    reviews: i64,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    last_read_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    oldest_read_at: Option<DateTime<Utc>>,
}

const PROFILES: &str = "SELECT university.id, university.slug, university.name, counted.units,
        coalesce((SELECT sum(score.reviews) FROM university_scores AS score
                  WHERE score.university_id = university.id), 0)::bigint AS reviews,
        counted.last_read_at, counted.oldest_read_at
    FROM universities AS university
    CROSS JOIN LATERAL (
        SELECT count(*) AS units, max(unit.last_seen_at) AS last_read_at, min(unit.last_seen_at) AS oldest_read_at
        FROM units AS unit
        WHERE unit.university_id = university.id AND unit.merged_into IS NULL) AS counted
    WHERE ";

pub(crate) async fn page(
    connection: &mut AsyncPgConnection,
    after: Option<&Slug>,
    limit: PageLimit,
) -> Result<Vec<UniversityProfile>, DatabaseError> {
    let statement = CachedSql::new(PROFILES);
    let statement = match after {
        Some(slug) => statement.sql("university.slug COLLATE \"C\" > ").text(slug.as_str()),
        None => statement.sql("true"),
    };
    let rows: Vec<ProfileRow> = statement
        .sql(" ORDER BY university.slug COLLATE \"C\" LIMIT ")
        .big(limit.and_one_more())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(UniversityProfile::from).collect())
}

pub(crate) async fn by_slug(
    connection: &mut AsyncPgConnection,
    slug: &Slug,
) -> Result<Option<UniversityProfile>, DatabaseError> {
    let rows: Vec<ProfileRow> =
        CachedSql::new(PROFILES).sql("university.slug = ").text(slug.as_str()).load(connection).await?;
    Ok(rows.into_iter().next().map(UniversityProfile::from))
}

impl From<ProfileRow> for UniversityProfile {
    fn from(row: ProfileRow) -> Self {
        Self {
            university: UniversityName { id: row.id.into(), slug: row.slug, name: row.name },
            units: u64::try_from(row.units).unwrap_or_default(),
            reviews: u64::try_from(row.reviews).unwrap_or_default(),
            faculties: Vec::new(),
            last_read_at: row.last_read_at,
            oldest_read_at: row.oldest_read_at,
        }
    }
}

pub(crate) async fn count(connection: &mut AsyncPgConnection) -> Result<Total, DatabaseError> {
    count_rows(connection, CachedSql::new("SELECT FROM universities")).await
}

#[derive(Debug, QueryableByName)]
struct FacultyRow {
    #[diesel(sql_type = sql::Text)]
    name: String,
    #[diesel(sql_type = sql::BigInt)]
    units: i64,
}

/// The faculties that its units name, the largest first.
pub(crate) async fn faculties(
    connection: &mut AsyncPgConnection,
    university: UniversityId,
) -> Result<Vec<Faculty>, DatabaseError> {
    let rows: Vec<FacultyRow> = CachedSql::new(
        "SELECT faculty AS name, count(*) AS units FROM units
         WHERE faculty IS NOT NULL AND merged_into IS NULL AND university_id = ",
    )
    .uuid(university)
    .sql(" GROUP BY faculty ORDER BY count(*) DESC, faculty LIMIT 100")
    .load(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Faculty { name: row.name, units: u64::try_from(row.units).unwrap_or_default() })
        .collect())
}
