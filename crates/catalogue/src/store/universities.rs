//! SQL of universities.

use crate::store::{cached_sql::CachedSql, schema::universities};
use diesel::{prelude::*, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{ids::UniversityId, slug::Slug};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

pub(crate) type Columns = (Uuid, String, String, Vec<String>);

pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    slug: &Slug,
    name: &str,
    email_domains: &[String],
) -> Result<UniversityId, DatabaseError> {
    let id = UniversityId::new();
    diesel::insert_into(universities::table)
        .values((
            universities::id.eq(id.as_uuid()),
            universities::slug.eq(slug.as_str()),
            universities::name.eq(name),
            universities::email_domains.eq(email_domains),
        ))
        .execute(connection)
        .await?;
    Ok(id)
}

pub(crate) async fn list(connection: &mut AsyncPgConnection, limit: i64) -> Result<Vec<Columns>, DatabaseError> {
    Ok(universities::table
        .order((universities::name, universities::id))
        .limit(limit)
        .select((universities::id, universities::slug, universities::name, universities::email_domains))
        .load(connection)
        .await?)
}

pub(crate) async fn find(connection: &mut AsyncPgConnection, slug: &Slug) -> Result<Option<Columns>, DatabaseError> {
    Ok(universities::table
        .filter(universities::slug.eq(slug.as_str()))
        .select((universities::id, universities::slug, universities::name, universities::email_domains))
        .first(connection)
        .await
        .optional()?)
}

/// The university one of whose domains is among `domains` (an address's own and those above it); of several
/// the one with the longest, most particular domain.
pub(crate) async fn find_by_domains(
    connection: &mut AsyncPgConnection,
    domains: &[String],
) -> Result<Option<UniversityId>, DatabaseError> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    let found: Option<Found> = diesel::sql_query(
        "SELECT u.id FROM universities u, unnest(u.email_domains) AS domain
         WHERE domain = ANY($1) ORDER BY length(domain) DESC, u.id LIMIT 1",
    )
    .bind::<sql::Array<sql::Text>, _>(domains)
    .get_result(connection)
    .await
    .optional()?;
    Ok(found.map(|found| found.id.into()))
}

/// Whether another university has one of these domains.
pub(crate) async fn any_with_domains(
    connection: &mut AsyncPgConnection,
    domains: &[String],
) -> Result<bool, DatabaseError> {
    let taken = universities::table.filter(universities::email_domains.overlaps_with(domains));
    Ok(diesel::select(diesel::dsl::exists(taken)).get_result(connection).await?)
}

#[derive(Debug, QueryableByName)]
struct IdRow {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
}

pub(crate) async fn id_of_slug(
    connection: &mut AsyncPgConnection,
    slug: &Slug,
) -> Result<Option<UniversityId>, DatabaseError> {
    let rows: Vec<IdRow> =
        CachedSql::new("SELECT id FROM universities WHERE slug = ").text(slug.as_str()).load(connection).await?;
    Ok(rows.into_iter().next().map(|row| row.id.into()))
}
