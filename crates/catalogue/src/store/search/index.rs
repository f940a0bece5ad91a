//! The way into the search table.

use super::vocabulary::LONGEST;
use crate::{
    search::{tags::Kind, words},
    store::{cached_sql::CachedSql, nicknames},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    credit_points::CreditPoints,
    facts::Standing,
    ids::{UnitId, UniversityId},
    unit_code::UnitCode,
};
use rmu_postgres::DatabaseError;
use std::collections::{BTreeMap, BTreeSet};

/// No unit is taught in more sessions and modes together.
const MOST_NAMES: usize = 100;

/// What of a unit can be searched for.
#[derive(Debug, Clone, Copy)]
pub struct IndexedUnit<'a> {
    pub id: UnitId,
    pub university: UniversityId,
    pub code: &'a UnitCode,
    pub title: &'a str,
    pub description: Option<&'a str>,
    pub level: Option<u8>,
    pub credit_points: Option<CreditPoints>,
    pub faculty: Option<&'a str>,
    pub sessions: &'a [String],
    pub modes: &'a [String],
    pub requisite_free: Option<bool>,
    pub status: Option<&'a str>,
}

impl IndexedUnit<'_> {
    /// The names among what it is filtered by, each with its tag.
    fn names(&self) -> BTreeMap<String, &str> {
        let faculty = self.faculty.map(|name| (Kind::Faculty, name));
        let sessions = self.sessions.iter().map(|name| (Kind::Session, name.as_str()));
        let modes = self.modes.iter().map(|name| (Kind::Mode, name.as_str()));
        let all = faculty.into_iter().chain(sessions).chain(modes).take(MOST_NAMES);
        all.filter_map(|(kind, name): (Kind, &str)| Some((kind.folded(name)?, name))).collect()
    }

    /// The rest of it. What is unknown has no tag.
    fn figures(&self) -> impl Iterator<Item = String> {
        let retired = Standing::of(self.status, None, None) == Standing::Retired;
        [
            self.level.map(|level| Kind::Level.of(level)),
            self.credit_points.map(|points| Kind::Points.of(points.thousandths())),
            self.requisite_free.map(|free| Kind::Free.of(free)),
            Some(Kind::Retired.of(retired)),
        ]
        .into_iter()
        .flatten()
    }
}

/// Makes the unit findable as it is now; called in the transaction that changes it.
pub async fn index_unit(connection: &mut AsyncPgConnection, unit: IndexedUnit<'_>) -> Result<(), DatabaseError> {
    let names = unit.names();
    remember_labels(connection, &names).await?;
    let title_words: BTreeSet<String> = words::words(unit.title).into_iter().collect();
    remember_words(connection, &title_words).await?;
    let mut all_words = title_words.clone();
    all_words.extend(words::words(unit.description.unwrap_or_default()));
    // Words are letters and digits, so a space separates them and nothing needs quoting.
    let joined = |words: BTreeSet<String>| words.into_iter().collect::<Vec<_>>().join(" ");
    let statement = CachedSql::new(
        "INSERT INTO unit_search
             (unit_id, university_id, code, code_normalised, title_folded, title_words, all_words, abbreviations,
              level, credit_points_thousandths, tags, first_seen)
         VALUES (",
    )
    .uuid(unit.id)
    .sql(", ")
    .uuid(unit.university)
    .sql(", ")
    .text(unit.code.as_str())
    .sql(", ")
    .text(unit.code.normalised())
    .sql(", ")
    .text(words::fold(unit.title))
    .sql(", array_to_tsvector(array_remove(string_to_array(")
    .text(joined(title_words))
    .sql(", ' '), '')), array_to_tsvector(array_remove(string_to_array(")
    .text(joined(all_words))
    .sql(", ' '), '')), ")
    .texts(words::abbreviations(unit.title))
    .sql(" || ")
    .sql(nicknames::FOLDED_OF)
    .uuid(unit.id)
    .sql("), ")
    .maybe_small(unit.level.map(i16::from))
    .sql(", ")
    .maybe_integer(unit.credit_points.and_then(|points| i32::try_from(points.thousandths()).ok()))
    .sql(", ")
    .texts(unit.figures().chain(names.into_keys()).collect())
    .sql(", coalesce((SELECT extract(epoch FROM first_seen_at)::bigint FROM units WHERE id = ")
    .uuid(unit.id)
    .sql(
        "), 0)) ON CONFLICT (unit_id) DO UPDATE SET
             university_id = excluded.university_id, code = excluded.code,
             code_normalised = excluded.code_normalised, title_folded = excluded.title_folded,
             title_words = excluded.title_words, all_words = excluded.all_words,
             abbreviations = excluded.abbreviations, level = excluded.level,
             credit_points_thousandths = excluded.credit_points_thousandths, tags = excluded.tags,
             first_seen = excluded.first_seen",
    );
    statement.execute(connection).await?;
    Ok(())
}

/// How names are written, for whoever is shown what can be filtered by. The first spelling met stays.
async fn remember_labels(
    connection: &mut AsyncPgConnection,
    names: &BTreeMap<String, &str>,
) -> Result<(), DatabaseError> {
    if names.is_empty() {
        return Ok(());
    }
    // In one order for all, so that two who write the same names do not wait for each other in a circle.
    let (tags, labels) = names.iter().map(|(tag, name)| (tag.clone(), name.chars().take(200).collect())).unzip();
    CachedSql::new("INSERT INTO search_labels (tag, label) SELECT * FROM unnest(")
        .texts(tags)
        .sql(", ")
        .texts(labels)
        .sql(") ON CONFLICT (tag) DO NOTHING")
        .execute(connection)
        .await?;
    Ok(())
}

/// What a misspelt word may have been meant as, and a beginning be spelt out as. In one order for all, as above.
async fn remember_words(connection: &mut AsyncPgConnection, words: &BTreeSet<String>) -> Result<(), DatabaseError> {
    let long_enough = words.iter().filter(|word| word.chars().count() >= 3);
    let known: BTreeSet<String> = long_enough.map(|word| word.chars().take(LONGEST).collect()).collect();
    CachedSql::new("INSERT INTO search_words (word) SELECT * FROM unnest(")
        .texts(known.into_iter().collect())
        .sql(") ON CONFLICT (word) DO NOTHING")
        .execute(connection)
        .await?;
    Ok(())
}
