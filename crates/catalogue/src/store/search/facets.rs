//! How many units have each value of what is filtered by, counted over no more units than are looked at.

use super::{Filters, Pattern};
use crate::{search::tags::Kind, store::cached_sql::CachedSql};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::ids::UnitId;
use rmu_postgres::DatabaseError;

/// A rung (or a list) is counted exactly to this many units.
pub(crate) const EXACT_TO: i64 = 5000;
/// The same and one more, in the text, so that a plan knows how little is wanted.
const AT_MOST: &str = " LIMIT 5001";

/// Which units are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reached<'a> {
    /// All that fulfil the filters.
    All,
    /// What the cheap rungs reach.
    By(&'a Pattern),
    /// These, which already fulfil the filters.
    These(&'a [UnitId]),
}

#[derive(Debug, QueryableByName)]
pub(crate) struct CountedRow {
    /// A tag, or the slug of a university.
    #[diesel(sql_type = sql::Text)]
    pub(crate) value: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    pub(crate) label: Option<String>,
    #[diesel(sql_type = sql::BigInt)]
    pub(crate) units: i64,
    /// The most that any rung reached.
    #[diesel(sql_type = sql::BigInt)]
    pub(crate) largest: i64,
}

/// What the tags of these kinds are counted, the most frequent of each kind first.
pub(crate) async fn count_tags(
    connection: &mut AsyncPgConnection,
    reached: Reached<'_>,
    filters: &Filters,
    kinds: &[Kind],
) -> Result<Vec<CountedRow>, DatabaseError> {
    match tags_statement(reached, filters, kinds) {
        Some(statement) => Ok(statement.load(connection).await?),
        None => Ok(Vec::new()),
    }
}

pub(super) fn tags_statement(reached: Reached<'_>, filters: &Filters, kinds: &[Kind]) -> Option<CachedSql> {
    let prefixes = kinds.iter().map(|kind| kind.prefix().to_owned()).collect();
    let statement = with_reached(reached, filters)?
        .sql(
            " SELECT counted.value, label.label, counted.units, (SELECT largest FROM looked) AS largest
             FROM (SELECT tag AS value, count(*) AS units, split_part(tag, ':', 1) AS kind,
                          row_number() OVER (PARTITION BY split_part(tag, ':', 1) ORDER BY count(*) DESC, tag) AS place
                   FROM once CROSS JOIN LATERAL unnest(tags) AS tag
                   WHERE split_part(tag, ':', 1) || ':' = ANY(",
        )
        .texts(prefixes)
        .sql(
            ") GROUP BY tag) AS counted
             LEFT JOIN search_labels AS label ON label.tag = counted.value
             WHERE counted.place <= 50 ORDER BY counted.kind, counted.place",
        );
    Some(statement)
}

/// The same of universities.
pub(crate) async fn count_universities(
    connection: &mut AsyncPgConnection,
    reached: Reached<'_>,
    filters: &Filters,
) -> Result<Vec<CountedRow>, DatabaseError> {
    match universities_statement(reached, filters) {
        Some(statement) => Ok(statement.load(connection).await?),
        None => Ok(Vec::new()),
    }
}

pub(super) fn universities_statement(reached: Reached<'_>, filters: &Filters) -> Option<CachedSql> {
    let statement = with_reached(reached, filters)?.sql(
        " SELECT university.slug AS value, university.name AS label, counted.units,
                 (SELECT largest FROM looked) AS largest
          FROM (SELECT university_id, count(*) AS units FROM once GROUP BY university_id) AS counted
          JOIN universities AS university ON university.id = counted.university_id
          ORDER BY counted.units DESC, university.slug LIMIT 50",
    );
    Some(statement)
}

/// Each unit that is reached, once, as `once`; how many the fullest rung reaches, as `looked`.
fn with_reached(reached: Reached<'_>, filters: &Filters) -> Option<CachedSql> {
    const COLUMNS: &str = "SELECT unit_id, university_id, tags FROM unit_search WHERE ";
    let mut branches = Vec::new();
    match reached {
        Reached::All => branches.push(filters.narrow(CachedSql::new(COLUMNS).sql("true")).sql(AT_MOST)),
        Reached::By(pattern) => {
            for step in pattern.steps() {
                branches.push(filters.narrow(pattern.reach(CachedSql::new(COLUMNS), step)).sql(AT_MOST));
            }
        }
        Reached::These(units) => {
            let units = units.iter().map(|unit| unit.as_uuid()).collect();
            branches.push(CachedSql::new(COLUMNS).sql("unit_id = ANY(").uuids(units).sql(")"));
        }
    }
    if branches.is_empty() {
        return None;
    }
    let mut statement = CachedSql::new("WITH reached AS MATERIALIZED (");
    for (number, branch) in branches.into_iter().enumerate() {
        statement = statement.sql(if number == 0 { "(SELECT *, " } else { " UNION ALL (SELECT *, " });
        statement = statement.integer(i32::try_from(number).unwrap_or(i32::MAX)).sql("::integer AS rung FROM (");
        statement = statement.then(branch).sql(") AS branch)");
    }
    statement = statement.sql(
        "), once AS MATERIALIZED (SELECT DISTINCT ON (unit_id) unit_id, university_id, tags FROM reached),
         looked AS (SELECT coalesce(max(units), 0)::bigint AS largest
                    FROM (SELECT count(*) AS units FROM reached GROUP BY rung) AS rungs)",
    );
    // How common words and tags are decides which plan is good.
    Some(statement.planned_each_time())
}
