//! The search table: how a unit gets into it, and the rungs as SQL.
//!
//! Every rung is a branch of one statement and excludes what the branches before it reach, so a unit is found
//! once, on its best rung. Text from outside is only ever a parameter.

mod index;
mod pattern;
#[cfg(test)]
pub(crate) mod plans;
mod shown;
pub(crate) mod suggestions;

pub(crate) use pattern::Pattern;
pub(crate) use shown::{Shown, shown};

pub use index::{IndexedUnit, index_unit};

use crate::{
    page::{PageLimit, Total},
    store::{cached_sql::CachedSql, counting::count_rows},
};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    credit_points::CreditPoints,
    ids::{UnitId, UniversityId},
    query::Rung,
};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// A rung that reaches more than this is not ranked as a whole but read in order, page by page.
const CANDIDATES: i64 = Total::EXACT_TO as i64 + 1;
/// The same in the text of the statement: a plan made for any values must know how little is wanted.
const AT_MOST_CANDIDATES: &str = " LIMIT 1001";
/// So like must a title be. Higher misses exchanged letters in short words ("phyiscs" is like 0.375).
const TYPO_THRESHOLD: &str = "0.35";
/// A guess this much worse (in thousandths) than the best one is noise beside it.
const TYPO_NOISE: i32 = 150;

/// The rungs as they are climbed. A title that equals or begins with the query stands before one that merely
/// has its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i16)]
pub(crate) enum Step {
    ExactCode,
    NormalisedCode,
    CodePrefix,
    WholeTitle,
    TitleBeginning,
    TitleWords,
    AllWords,
    Abbreviation,
    Typo,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::ExactCode,
        Self::NormalisedCode,
        Self::CodePrefix,
        Self::WholeTitle,
        Self::TitleBeginning,
        Self::TitleWords,
        Self::AllWords,
        Self::Abbreviation,
        Self::Typo,
    ];

    fn number(self) -> i16 {
        self as i16
    }

    /// Part of the text and no parameter, since it is the same whenever the text is.
    fn literal(self) -> &'static str {
        ["0", "1", "2", "3", "4", "5", "6", "7", "8"][self as usize]
    }

    fn from_number(number: i16) -> Self {
        Self::ALL.into_iter().find(|step| step.number() == number).unwrap_or(Self::Typo)
    }

    pub(crate) fn rung(self) -> Rung {
        match self {
            Self::ExactCode => Rung::ExactCode,
            Self::NormalisedCode => Rung::NormalisedCode,
            Self::CodePrefix => Rung::CodePrefix,
            Self::WholeTitle | Self::TitleBeginning | Self::TitleWords => Rung::Title,
            Self::AllWords => Rung::Description,
            Self::Abbreviation => Rung::Abbreviation,
            Self::Typo => Rung::Typo,
        }
    }
}

/// The filters with the university looked up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    pub(crate) university: Option<UniversityId>,
    pub(crate) level: Option<u8>,
    pub(crate) credit_points: Option<CreditPoints>,
}

/// The order of hits, and thus a place among them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) step: i16,
    pub(crate) rank: i32,
    pub(crate) code: String,
    pub(crate) unit: Uuid,
}

/// A unit that was found, without anything to show yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) unit: UnitId,
    pub(crate) step: Step,
    rank: i32,
    code_normalised: String,
}

impl Found {
    pub(crate) fn key(&self) -> Key {
        Key { step: self.step.number(), rank: self.rank, code: self.code_normalised.clone(), unit: self.unit.as_uuid() }
    }
}

/// What the cheap rungs found.
#[derive(Debug)]
pub(crate) struct Bounded {
    pub(crate) found: Vec<Found>,
    pub(crate) total: i64,
    /// A rung reaches more units than were looked at: the order of these pages would be arbitrary.
    pub(crate) overflowed: bool,
}

#[derive(Debug, QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = sql::Uuid)]
    unit_id: Uuid,
    #[diesel(sql_type = sql::Text)]
    code_normalised: String,
    #[diesel(sql_type = sql::SmallInt)]
    step: i16,
    #[diesel(sql_type = sql::Integer)]
    rank: i32,
}

impl From<FoundRow> for Found {
    fn from(row: FoundRow) -> Self {
        Self {
            unit: row.unit_id.into(),
            step: Step::from_number(row.step),
            rank: row.rank,
            code_normalised: row.code_normalised,
        }
    }
}

#[derive(Debug, QueryableByName)]
struct BoundedRow {
    #[diesel(sql_type = sql::BigInt)]
    total: i64,
    #[diesel(sql_type = sql::BigInt)]
    largest: i64,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    unit_id: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    code_normalised: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    step: Option<i16>,
}

/// All cheap rungs at once, each looking at no more units than are counted exactly.
pub(crate) async fn bounded(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    after: Option<Key>,
    limit: PageLimit,
) -> Result<Bounded, DatabaseError> {
    let Some(statement) = bounded_statement(pattern, filters, after, limit) else {
        return Ok(Bounded { found: Vec::new(), total: 0, overflowed: false });
    };
    let rows: Vec<BoundedRow> = statement.load(connection).await?;
    let (total, largest) = rows.as_slice().first().map_or((0, 0), |row| (row.total, row.largest));
    let found = rows.into_iter().filter_map(|row| {
        Some(Found {
            unit: row.unit_id?.into(),
            step: Step::from_number(row.step?),
            rank: 0,
            code_normalised: row.code_normalised?,
        })
    });
    Ok(Bounded { found: found.collect(), total, overflowed: largest >= CANDIDATES })
}

/// The statement of [`bounded`]; `None` when no rung can match.
pub(crate) fn bounded_statement(
    pattern: &Pattern,
    filters: &Filters,
    after: Option<Key>,
    limit: PageLimit,
) -> Option<CachedSql> {
    let mut statement = CachedSql::new("WITH hits AS MATERIALIZED (");
    let mut separator = "(";
    for step in pattern.steps() {
        // What the rung reaches is bounded before what others reach is taken out: otherwise a word that every
        // title begins with would be looked for in all of them.
        statement = statement.sql(separator).sql("SELECT unit_id, code_normalised, ").sql(step.literal());
        statement = pattern.exclude(statement.sql("::smallint AS step, (true"), step);
        statement = statement.sql(") AS fresh FROM (SELECT * FROM unit_search WHERE ");
        statement = filters.narrow(pattern.reach(statement, step)).sql(AT_MOST_CANDIDATES).sql(") AS reached");
        separator = ") UNION ALL (";
    }
    if separator == "(" {
        return None;
    }
    statement = statement.sql(
        ")), counted AS (
             SELECT coalesce(sum(fresh), 0)::bigint AS total, coalesce(max(reached), 0)::bigint AS largest
             FROM (SELECT count(*) FILTER (WHERE fresh) AS fresh, count(*) AS reached FROM hits GROUP BY step) AS steps)
         SELECT total, largest, unit_id, code_normalised, step
         FROM counted LEFT JOIN (SELECT * FROM hits WHERE fresh",
    );
    if let Some(key) = after {
        statement = statement.sql(" AND (step, code_normalised, unit_id) > (").small(key.step);
        statement = statement.sql(", ").text(key.code).sql(" COLLATE \"C\", ").uuid(key.unit).sql(")");
    }
    Some(
        statement
            .sql(" ORDER BY step, code_normalised, unit_id LIMIT ")
            .big(limit.and_one_more())
            .sql(") AS page ON true ORDER BY step, code_normalised, unit_id"),
    )
}

/// The same rungs when one of them reaches very many units: each is read in the order of codes from where
/// the page begins, and only as far as the page needs.
pub(crate) async fn ordered(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    after: Option<Key>,
    limit: PageLimit,
) -> Result<Vec<Found>, DatabaseError> {
    let mut found: Vec<Found> = Vec::new();
    for step in pattern.steps().into_iter().filter(|step| after.as_ref().is_none_or(|key| step.number() >= key.step)) {
        let wanted = limit.get() + 1 - found.len();
        if wanted == 0 {
            break;
        }
        let after = after.as_ref().filter(|key| key.step == step.number());
        let statement = ordered_statement(step, pattern, filters, after, wanted);
        let rows: Vec<FoundRow> = statement.load(connection).await?;
        found.extend(rows.into_iter().map(Found::from));
    }
    Ok(found)
}

pub(crate) fn ordered_statement(
    step: Step,
    pattern: &Pattern,
    filters: &Filters,
    after: Option<&Key>,
    wanted: usize,
) -> CachedSql {
    let statement = select(step, pattern, filters);
    let statement = match after {
        Some(key) => after_code(statement, key),
        None => statement,
    };
    let wanted = i64::try_from(wanted).unwrap_or(CANDIDATES);
    // How common the words are decides between two very different plans, so none is made for any values.
    statement.sql(" ORDER BY code_normalised, unit_id LIMIT ").big(wanted).planned_each_time()
}

/// Titles that are spelt nearly like the query, best first.
pub(crate) async fn typos(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
) -> Result<Vec<Found>, DatabaseError> {
    let rows: Vec<FoundRow> = typos_statement(pattern, filters).load(connection).await?;
    let mut found: Vec<Found> = rows.into_iter().map(Found::from).collect();
    found.sort_by_key(Found::key);
    let best = found.iter().map(|hit| hit.rank).min().unwrap_or_default();
    found.retain(|hit| hit.rank <= best + TYPO_NOISE);
    Ok(found)
}

pub(crate) fn typos_statement(pattern: &Pattern, filters: &Filters) -> CachedSql {
    // The threshold is a setting of the session; set_config in a materialised expression is evaluated before
    // the scan, needs no transaction of its own and always sets the same value.
    let statement = CachedSql::new(
        "WITH threshold AS MATERIALIZED (
             SELECT set_config('pg_trgm.word_similarity_threshold', ",
    )
    .text(TYPO_THRESHOLD)
    .sql(
        ", false))
         SELECT unit_id, code_normalised, 8::smallint AS step,
                ((1 - word_similarity(",
    )
    .text(pattern.folded())
    .sql(
        ", title_folded)) * 1000)::integer AS rank
         FROM unit_search WHERE ",
    )
    .text(pattern.folded())
    .sql(" <% title_folded AND EXISTS (SELECT FROM threshold)");
    let statement = filters.narrow(pattern.exclude(statement, Step::Typo));
    // More guesses at what was meant would only be noise.
    statement.sql(" ORDER BY rank, code_normalised, unit_id LIMIT 20")
}

/// All units that fulfil the filters, by code.
pub(crate) async fn list(
    connection: &mut AsyncPgConnection,
    filters: &Filters,
    after: Option<Key>,
    limit: PageLimit,
) -> Result<(Vec<Found>, Total), DatabaseError> {
    let statement = filters.narrow(CachedSql::new(
        "SELECT unit_id, code_normalised, 0::smallint AS step, 0 AS rank FROM unit_search WHERE true",
    ));
    let statement = match &after {
        Some(key) => after_code(statement, key),
        None => statement,
    };
    let rows: Vec<FoundRow> =
        statement.sql(" ORDER BY code_normalised, unit_id LIMIT ").big(limit.and_one_more()).load(connection).await?;
    let total = count_rows(connection, filters.narrow(CachedSql::new("SELECT FROM unit_search WHERE true"))).await?;
    Ok((rows.into_iter().map(Found::from).collect(), total))
}

fn after_code(statement: CachedSql, key: &Key) -> CachedSql {
    statement
        .sql(" AND (code_normalised, unit_id) > (")
        .text(key.code.clone())
        .sql(" COLLATE \"C\", ")
        .uuid(key.unit)
        .sql(")")
}

fn select(step: Step, pattern: &Pattern, filters: &Filters) -> CachedSql {
    let statement = CachedSql::new("SELECT unit_id, code_normalised, ").sql(step.literal());
    let statement = statement.sql("::smallint AS step, 0 AS rank FROM unit_search WHERE ");
    filters.narrow(pattern.exclude(pattern.reach(statement, step), step))
}

impl Filters {
    fn narrow(&self, mut statement: CachedSql) -> CachedSql {
        if let Some(university) = self.university {
            statement = statement.sql(" AND university_id = ").uuid(university);
        }
        if let Some(level) = self.level {
            statement = statement.sql(" AND level = ").small(i16::from(level));
        }
        if let Some(points) = self.credit_points {
            let thousandths = i32::try_from(points.thousandths()).unwrap_or(i32::MAX);
            statement = statement.sql(" AND credit_points_thousandths = ").integer(thousandths);
        }
        statement
    }
}
