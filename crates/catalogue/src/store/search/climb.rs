//! The rungs as statements.
//!
//! Every rung is a branch of one statement and excludes what the branches before it reach, so a unit is found
//! once, on its best rung. Text from outside is only ever a parameter.

use super::{
    AT_MOST_CANDIDATES, BEYOND_CANDIDATES, CANDIDATES, Filters, Found, FoundRow, IN_THE_EIGHTH, Key, Pattern, Step,
    spelling,
};
use crate::{page::PageLimit, search::Sort, store::cached_sql::CachedSql};
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_postgres::DatabaseError;
use uuid::Uuid;

/// So like must a title be. Higher misses exchanged letters in short words ("phyiscs" is like 0.375).
const TYPO_THRESHOLD: &str = "0.35";
/// A guess this much worse (in thousandths) than the best one is noise beside it.
const TYPO_NOISE: i32 = 150;

/// What the cheap rungs found.
#[derive(Debug)]
pub(crate) struct Bounded {
    pub(crate) found: Vec<Found>,
    pub(crate) total: i64,
    /// The first rung that reaches more units than were looked at: which of them were would be arbitrary.
    pub(crate) overflowing: Option<Step>,
    /// Whether a unit has just the code that was typed, or had it, be it on this page or not.
    pub(crate) meets_code: bool,
}

impl Bounded {
    /// Whether rungs that were looked at as a whole give all of a page of many, in its order.
    pub(crate) fn fills_page(&self, sort: Sort, limit: PageLimit) -> bool {
        let (Some(overflowing), Sort::Relevance) = (self.overflowing, sort) else { return false };
        self.found.len() > limit.get() && self.found.last().is_some_and(|hit| hit.step < overflowing)
    }

    /// The beginning of a page of many: what stands on rungs that were looked at as a whole, and the rung to go on with.
    pub(crate) fn begun(mut self) -> Begun {
        let from = self.overflowing.unwrap_or(Step::ExactCode);
        self.found.retain(|hit| hit.step < from);
        Begun { found: self.found, from }
    }
}

/// A page in the order of rungs, as far as it is known.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) found: Vec<Found>,
    pub(crate) from: Step,
}

#[derive(Debug, QueryableByName)]
struct BoundedRow {
    #[diesel(sql_type = sql::BigInt)]
    total: i64,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    overflowing: Option<i16>,
    #[diesel(sql_type = sql::Bool)]
    meets_code: bool,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    unit_id: Option<Uuid>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    code_normalised: Option<String>,
    #[diesel(sql_type = sql::Nullable<sql::SmallInt>)]
    step: Option<i16>,
    #[diesel(sql_type = sql::Nullable<sql::BigInt>)]
    place: Option<i64>,
}

/// All cheap rungs at once, each looking at no more units than are counted exactly.
pub(crate) async fn bounded(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
    after: Option<&Key>,
    limit: PageLimit,
) -> Result<Bounded, DatabaseError> {
    let Some(statement) = bounded_statement(pattern, filters, sort, after, limit) else {
        return Ok(Bounded { found: Vec::new(), total: 0, overflowing: None, meets_code: false });
    };
    let rows: Vec<BoundedRow> = statement.load(connection).await?;
    let (total, overflowing, meets_code) = rows
        .as_slice()
        .first()
        .map_or((0, None, false), |row| (row.total, row.overflowing.map(Step::from_number), row.meets_code));
    let found = rows.into_iter().filter_map(|row| {
        Some(Found {
            unit: row.unit_id?.into(),
            step: Step::from_number(row.step?),
            rank: 0,
            place: row.place?,
            code_normalised: row.code_normalised?,
        })
    });
    Ok(Bounded { found: found.collect(), total, overflowing, meets_code })
}

/// The statement of [`bounded`]; `None` when no rung can match.
pub(super) fn bounded_statement(
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
    after: Option<&Key>,
    limit: PageLimit,
) -> Option<CachedSql> {
    let steps = pattern.steps();
    if steps.is_empty() {
        return None;
    }
    let mut statement = CachedSql::new("WITH ");
    for step in steps.iter().copied() {
        let named = |statement: CachedSql, name| statement.sql(name).sql(step.literal()).sql(" AS MATERIALIZED (");
        let reached = |statement, part| reached(statement, pattern, filters, sort, step, part);
        if step.has_eighth() {
            statement = reached(named(statement, "eighth"), Part::Eighth).sql("), ");
            statement = named(statement, "rung").sql("SELECT * FROM eighth").sql(step.literal()).sql(" WHERE EXISTS");
            statement = overflow(statement, "eighth", step).sql(" UNION ALL (");
            statement = reached(statement, Part::AllUnlessEighth).sql(")), ");
        } else {
            statement = reached(named(statement, "rung"), Part::All).sql("), ");
        }
    }
    statement = statement.sql("hits AS MATERIALIZED (");
    for (place, step) in steps.iter().enumerate() {
        statement = statement.sql(if place == 0 { "TABLE rung" } else { " UNION ALL TABLE rung" }).sql(step.literal());
    }
    statement = statement.sql(
        "), counted AS (
             SELECT coalesce(sum(fresh), 0)::bigint AS total, min(step) FILTER (WHERE reached > ",
    );
    statement = statement.big(CANDIDATES - 1).sql(") AS overflowing, coalesce(bool_or(step <= ");
    statement = statement.sql(Step::FormerCode.literal()).sql(
        "), false) AS meets_code
             FROM (SELECT step, count(*) FILTER (WHERE fresh) AS fresh, count(*) AS reached FROM hits GROUP BY step)
                  AS steps)
         SELECT total, overflowing, meets_code, unit_id, code_normalised, step, place
         FROM counted LEFT JOIN (SELECT * FROM hits WHERE fresh",
    );
    let order = match sort {
        Sort::Relevance => "step, code_normalised, unit_id",
        _ => "place, code_normalised, unit_id",
    };
    if let Some(key) = after {
        statement = statement.sql(" AND (").sql(order).sql(") > (");
        statement = match sort {
            Sort::Relevance => statement.small(key.step),
            _ => statement.big(key.place),
        };
        statement = statement.sql(", ").text(key.code.clone()).sql(" COLLATE \"C\", ").uuid(key.unit).sql(")");
    }
    statement = statement.sql(" ORDER BY ").sql(order).sql(" LIMIT ").big(limit.and_one_more());
    Some(statement.sql(") AS page ON true ORDER BY ").sql(order))
}

/// Among which units a rung is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    /// Those that have indexes of their own.
    Eighth,
    /// All, unless the eighth has more already than are looked at.
    AllUnlessEighth,
}

/// Adds what a rung reaches, as far as it is looked at, and whether rungs before it do not.
fn reached(
    mut statement: CachedSql,
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
    step: Step,
    part: Part,
) -> CachedSql {
    let before = pattern.steps().into_iter().filter(|before| *before < step);
    // What the rung reaches is bounded before what others reach is taken out: otherwise a word that every
    // title begins with would be looked for in all of them.
    statement = statement.sql("SELECT unit_id, code_normalised, ").sql(step.literal());
    statement = statement.sql("::smallint AS step, ").sql(sort.place()).sql("::bigint AS place, (true");
    statement = pattern.exclude(statement, step);
    statement = statement.sql(") AS fresh FROM (SELECT * FROM unit_search WHERE ");
    statement = filters.narrow(pattern.reach(statement, step));
    match part {
        Part::All => {}
        Part::Eighth => statement = statement.sql(" AND ").sql(IN_THE_EIGHTH),
        Part::AllUnlessEighth => statement = overflow(statement.sql(" AND NOT EXISTS"), "eighth", step),
    }
    // Beyond a rung that overflows nothing is counted, so nothing has to be looked for.
    let is_code = step.has_eighth() && pattern.may_be_a_code_in_two_parts();
    for before in before {
        if before.may_overflow() {
            statement = overflow(statement.sql(" AND NOT EXISTS"), "rung", before);
        } else if is_code && before <= Step::FormerCode {
            statement = statement.sql(" AND NOT EXISTS (SELECT FROM rung").sql(before.literal()).sql(")");
        }
    }
    statement.sql(AT_MOST_CANDIDATES).sql(") AS reached")
}

/// Adds what is there only when more units were reached than are looked at.
fn overflow(statement: CachedSql, part: &'static str, step: Step) -> CachedSql {
    statement.sql(" (SELECT FROM ").sql(part).sql(step.literal()).sql(BEYOND_CANDIDATES).sql(")")
}

/// The same rungs when one of them reaches very many units: each is read in the order of codes from where
/// the page begins, and only as far as the page needs.
pub(crate) async fn ordered(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    Begun { mut found, from }: Begun,
    after: Option<&Key>,
    limit: PageLimit,
) -> Result<Vec<Found>, DatabaseError> {
    let is_wanted = |step: &Step| *step >= from && after.is_none_or(|key| step.number() >= key.step);
    for step in pattern.steps().into_iter().filter(is_wanted) {
        let wanted = (limit.get() + 1).saturating_sub(found.len());
        if wanted == 0 {
            break;
        }
        let after = after.filter(|key| key.step == step.number());
        let statement = ordered_statement(step, pattern, filters, after, wanted);
        let rows: Vec<FoundRow> = statement.load(connection).await?;
        found.extend(rows.into_iter().map(Found::from));
    }
    Ok(found)
}

pub(super) fn ordered_statement(
    step: Step,
    pattern: &Pattern,
    filters: &Filters,
    after: Option<&Key>,
    wanted: usize,
) -> CachedSql {
    let statement = CachedSql::new("SELECT unit_id, code_normalised, ").sql(step.literal());
    let statement = statement.sql("::smallint AS step, 0 AS rank, 0::bigint AS place FROM unit_search WHERE ");
    let statement = filters.narrow(pattern.exclude(pattern.reach(statement, step), step));
    let statement = match after {
        Some(key) => Sort::Relevance.after(statement, key),
        None => statement,
    };
    let wanted = i64::try_from(wanted).unwrap_or(CANDIDATES);
    // How common the words are decides between two very different plans, so none is made for any values.
    Sort::Relevance.order(statement).sql(" LIMIT ").big(wanted).planned_each_time()
}

/// What any rung reaches, when it is very much and wanted in another order than that of rungs.
pub(crate) async fn sorted(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
    after: Option<&Key>,
    limit: PageLimit,
) -> Result<Vec<Found>, DatabaseError> {
    let rows: Vec<FoundRow> =
        sorted_statement(pattern, filters, sort, after, limit.and_one_more()).load(connection).await?;
    Ok(rows.into_iter().map(Found::from).collect())
}

pub(super) fn sorted_statement(
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
    after: Option<&Key>,
    at_most: i64,
) -> CachedSql {
    let mut statement = CachedSql::new("SELECT unit_id, code_normalised, CASE");
    for step in pattern.steps() {
        statement = pattern.reach(statement.sql(" WHEN "), step).sql(" THEN ").sql(step.literal());
    }
    statement = statement.sql(" END::smallint AS step, 0 AS rank, ").sql(sort.place());
    statement = statement.sql("::bigint AS place FROM unit_search WHERE (false");
    for step in pattern.steps() {
        statement = pattern.reach(statement.sql(" OR ("), step).sql(")");
    }
    statement = filters.narrow(statement.sql(")"));
    let statement = match after {
        Some(key) => sort.after(statement, key),
        None => statement,
    };
    sort.order(statement).sql(" LIMIT ").big(at_most).planned_each_time()
}

/// Titles that have the words which were probably meant; where no word could be corrected so that there is one, titles
/// that are spelt nearly like the query as a whole. The best first.
pub(crate) async fn typos(
    connection: &mut AsyncPgConnection,
    pattern: &Pattern,
    filters: &Filters,
    sort: Sort,
) -> Result<Vec<Found>, DatabaseError> {
    if let Some(words) = spelling::corrected(connection, pattern).await? {
        let statement = spelling::corrected_statement(&words, pattern, filters, sort);
        let rows: Vec<FoundRow> = statement.load(connection).await?;
        if !rows.is_empty() {
            return Ok(rows.into_iter().map(Found::from).collect());
        }
    }
    let rows: Vec<FoundRow> = typos_statement(pattern, filters, sort).load(connection).await?;
    let best = rows.iter().map(|row| row.rank).min().unwrap_or_default();
    Ok(rows.into_iter().filter(|row| row.rank <= best + TYPO_NOISE).map(Found::from).collect())
}

pub(super) fn typos_statement(pattern: &Pattern, filters: &Filters, sort: Sort) -> CachedSql {
    // The threshold is a setting of the session; set_config in a materialised expression is evaluated before
    // the scan, needs no transaction of its own and always sets the same value.
    let statement = CachedSql::new(
        "WITH threshold AS MATERIALIZED (
             SELECT set_config('pg_trgm.word_similarity_threshold', ",
    )
    .text(TYPO_THRESHOLD)
    .sql(
        ", false))
         SELECT unit_id, code_normalised, ",
    )
    .sql(Step::Typo.literal())
    .sql("::smallint AS step, ((1 - word_similarity(")
    .text(pattern.folded())
    .sql(", title_folded)) * 1000)::integer AS rank, ")
    .sql(sort.place())
    .sql("::bigint AS place FROM (SELECT * FROM unit_search WHERE ")
    .text(pattern.folded())
    .sql(" <% title_folded AND EXISTS (SELECT FROM threshold)");
    let statement = filters.narrow(pattern.exclude(statement, Step::Typo));
    // What more titles than that are spelt like says nothing about what was meant.
    let statement = statement.sql(AT_MOST_CANDIDATES).sql(") AS alike");
    // More guesses at what was meant would only be noise.
    statement.sql(" ORDER BY rank, code_normalised, unit_id LIMIT 20")
}
