//! No rung reads the whole table: the plans of all statements over 20 000 units, planned for their values and
//! planned once for any.

use super::{
    Filters, Key, Pattern, Step,
    climb::{bounded_statement, ordered_statement, sorted_statement, typos_statement},
    facets::{self, Reached},
    list::{all, list_statement},
    spelling::{corrected_statement, known_pattern, mistyped_statement, similar_statement},
    suggestions, vocabulary,
};
use crate::{
    page::PageLimit,
    search::{self, FilterText, MinScore, PointsFilter, Sort, tags::Kind},
    store::{
        cached_sql::CachedSql,
        explained::{filled_by, generic_plan, plan},
        scores, units,
    },
};
use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use rmu_domain::{
    credit_points::CreditPoints,
    ids::{UnitId, UniversityId},
    query::SearchQuery,
    spelling::mistyped_codes,
};
use rmu_postgres::Database;
use rmu_test_support::database::TestDatabase;
use uuid::Uuid;

/// A university of 20 000 units; one title in ten has "Algorithms", all have "Study".
const FILL: &str = "
    BEGIN;
    -- On a busy machine this takes longer than any statement of the service may.
    SET LOCAL statement_timeout = 0;
    INSERT INTO universities (id, slug, name)
    SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'u' || n, 'U' FROM generate_series(0, 9) AS n;
    INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
    SELECT gen_random_uuid(), ('00000000-0000-7000-8000-00000000000' || n % 10)::uuid, code, code, title, now(), now()
    FROM (SELECT n, 'ABCD' || to_char(n, 'FM00000') AS code,
                 'study of ' || md5(n::text) || CASE WHEN n % 10 = 0 THEN ' algorithms' ELSE ' matters' END AS title
          FROM generate_series(1, 20000) AS n) AS made;
    INSERT INTO unit_search (unit_id, university_id, code, code_normalised, title_folded, title_words, all_words,
                             abbreviations, level, credit_points_thousandths, reviews, score_hundredths, first_seen,
                             tags)
    SELECT id, university_id, code, code, title, to_tsvector('simple', title),
           to_tsvector('simple', title || ' described ' || md5(title)), ARRAY[left(md5(title), 3)], n % 9 + 1,
           n % 40 * 500, CASE WHEN n % 20 = 0 THEN n % 97 + 1 ELSE 0 END,
           CASE WHEN n % 20 = 0 THEN 100 + n % 400 END, 1700000000 + n,
           ARRAY['level:' || (n % 9 + 1), 'faculty:faculty ' || (n % 30), 'retired:' || (n % 50 = 0),
                 'session:' || (ARRAY['autumn', 'spring'])[n % 2 + 1], 'points:' || (n % 40 * 500), 'free:' || (n % 3 = 0)]
    FROM (SELECT *, right(code, 5)::integer AS n FROM units) AS numbered;
    INSERT INTO search_words (word) SELECT DISTINCT lexeme FROM unit_search CROSS JOIN LATERAL unnest(title_words);
    INSERT INTO unit_requisites (unit_id, university_id, kind, code_normalised)
    SELECT id, university_id, 'prerequisite', 'ABCD' || to_char(right(code, 5)::integer / 7 * 7 + digit, 'FM00000')
    FROM units CROSS JOIN generate_series(1, 2) AS digit;
    COMMIT;
    ANALYZE units; ANALYZE unit_search; ANALYZE search_words; ANALYZE unit_requisites;";

#[tokio::test]
async fn no_rung_reads_the_whole_table() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    let university: UniversityId = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003).into();
    let first_level = search::Filters { level: Some(1), ..search::Filters::default() };
    let (everything, narrow) = (Filters::default(), Filters::new(&first_level, Some(university)));
    let limit = PageLimit::default();
    for query in [
        "ABCD00042",
        "abcd-00042",
        "abcd 00042",
        "ab",
        "a",
        "algorithms",
        "study",
        "study of",
        "described",
        "abc",
        "algoritms",
    ] {
        let parsed = SearchQuery::parse(query).unwrap();
        let typed = Pattern::new(&parsed);
        let beginnings = vocabulary::beginnings(typed.terms());
        assert_reads_little(&mut connection, vocabulary::statement(beginnings), query).await;
        let known = known_pattern(&mut connection, &parsed).await.unwrap();
        let of = |filters| [(&typed, filters), (&known, filters)];
        for (pattern, filters) in of(&everything).into_iter().chain(of(&narrow)) {
            for step in [None, Some(Step::CodePrefix), Some(Step::TitleWords)] {
                let after = step.map(place);
                for sort in [Sort::Relevance, Sort::Score] {
                    let statement = bounded_statement(pattern, filters, sort, after.as_ref(), limit).unwrap();
                    assert_reads_little(&mut connection, statement, query).await;
                }
            }
            for step in pattern.steps() {
                for after in [None, Some(place(step))] {
                    let statement = ordered_statement(step, pattern, filters, after.as_ref(), 21);
                    assert_stops_early(&mut connection, statement, query).await;
                }
            }
            if pattern.may_hold_a_typo() {
                let statement = typos_statement(pattern, filters, Sort::Relevance);
                assert_reads_little(&mut connection, statement, query).await;
                let statement = corrected_statement("'algorithms':*", pattern, filters, Sort::Score);
                assert_reads_little(&mut connection, statement, query).await;
                assert_reads_little(&mut connection, similar_statement("algoritms"), query).await;
            }
            let codes = mistyped_codes("ABCD00024").into_keys().collect();
            assert_reads_little(&mut connection, mistyped_statement(codes, filters, Sort::Code), query).await;
        }
    }
}

/// Each filter alone, and some together; with and without a university.
fn all_filters() -> Vec<Filters> {
    let none = search::Filters::default;
    let text = |text: &str| FilterText::parse(text).ok();
    let points = |raw: &str| CreditPoints::parse(raw).ok();
    let wanted = [
        none(),
        search::Filters { level: Some(3), ..none() },
        search::Filters { faculty: text("Faculty 7"), ..none() },
        search::Filters { session: text("Autumn"), has_reviews: Some(true), ..none() },
        search::Filters { session: text("Spring"), level: Some(2), faculty: text("Faculty 1"), ..none() },
        search::Filters { credit_points: points("6").map(PointsFilter::Exactly), ..none() },
        search::Filters { credit_points: Some(PointsFilter::Between(points("19"), None)), ..none() },
        search::Filters { min_score: MinScore::parse("4.9").ok(), ..none() },
        search::Filters { has_reviews: Some(false), requisite_free: Some(true), ..none() },
        search::Filters { retired: Some(true), mode: text("nowhere"), ..none() },
    ];
    let university: UniversityId = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003).into();
    let of = |university| wanted.iter().map(move |wanted| Filters::new(wanted, university));
    of(None).chain(of(Some(university))).collect()
}

const SORTS: [Sort; 4] = [Sort::Code, Sort::Score, Sort::MostReviewed, Sort::Newest];

#[tokio::test]
async fn no_list_in_any_order_reads_the_whole_table() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    for (number, filters) in all_filters().iter().enumerate() {
        for sort in SORTS {
            for place in [None, Some(i64::MIN), Some(-1)] {
                let after = place.map(|at| Key { place: at, ..self::place(Step::ExactCode) });
                let statement = list_statement(filters, sort, after.as_ref(), 21);
                assert_stops_early(&mut connection, statement, &format!("{number} {sort:?}")).await;
            }
        }
        let counted = CachedSql::new("SELECT count(*) FROM (").then(all(filters)).sql(" LIMIT 1001) AS counted");
        assert_stops_early(&mut connection, counted, &format!("total of {number}")).await;
    }
}

#[tokio::test]
async fn no_sorted_search_and_no_facet_reads_the_whole_table() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    for query in ["ABCD00042", "ab", "algorithms", "study", "described", "abc"] {
        let pattern = Pattern::new(&SearchQuery::parse(query).unwrap());
        for (number, filters) in all_filters().iter().enumerate() {
            for sort in SORTS {
                let statement = sorted_statement(&pattern, filters, sort, None, 21);
                assert_has_indexes(&mut connection, statement, &format!("{query} {number} {sort:?}")).await;
            }
            for reached in [Reached::All, Reached::By(&pattern)] {
                if number == 0 && matches!(reached, Reached::All) {
                    // Any five thousand units are as good as others.
                    continue;
                }
                let shown = format!("facets of {query} {number} {reached:?}");
                let tags = facets::tags_statement(reached, filters, &[Kind::Level, Kind::Session]).unwrap();
                assert_has_indexes(&mut connection, tags, &shown).await;
                let universities = facets::universities_statement(reached, filters).unwrap();
                assert_has_indexes(&mut connection, universities, &shown).await;
            }
        }
    }
}

/// Whatever the planner thinks of so small a table: there is a way without reading it whole.
async fn assert_has_indexes(connection: &mut AsyncPgConnection, statement: CachedSql, what: &str) {
    connection.batch_execute("SET enable_seqscan = off").await.unwrap();
    let plan = plan(connection, "(COSTS OFF)", statement).await;
    connection.batch_execute("RESET enable_seqscan").await.unwrap();
    assert!(!plan.contains("Seq Scan on unit_search"), "{what} reads the whole table:\n{plan}");
}

#[tokio::test]
async fn neither_units_nor_their_scores_are_read_whole() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    for count in [1, 20] {
        let ids: Vec<UnitId> = (0..count).map(|_| UnitId::new()).collect();
        assert_reads_little(&mut connection, units::details_statement(&ids), "details").await;
        assert_reads_little(&mut connection, scores::buckets_statement(&ids), "scores").await;
    }
}

#[tokio::test]
async fn what_is_asked_for_one_unit_is_planned_once() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    // The first five times a plan for the very values is tried.
    for _ in 0..8 {
        let unit = [UnitId::new()];
        units::details_statement(&unit).execute(&mut connection).await.unwrap();
        scores::buckets_statement(&unit).execute(&mut connection).await.unwrap();
    }
    let plans: Vec<Plans> = sql_query(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements
         WHERE statement LIKE '%unit_versions%' OR statement LIKE '%university_scores%'",
    )
    .load(&mut connection)
    .await
    .unwrap();
    let expected = Plans { generic_plans: 3, custom_plans: 5 };
    // This question is the third.
    let of_units = plans.iter().filter(|plans| plans.custom_plans > 0).collect::<Vec<_>>();
    assert_eq!(of_units, [&expected, &expected]);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
struct Plans {
    #[diesel(sql_type = sql_types::BigInt)]
    generic_plans: i64,
    #[diesel(sql_type = sql_types::BigInt)]
    custom_plans: i64,
}

#[tokio::test]
async fn no_suggestion_reads_a_whole_table() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    let university: UniversityId = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003).into();
    for query in ["a", "s", "ab", "st", "abcd0", "ABCD-00042", "study", "study of a", "algorithms", "zz", "of"] {
        let pattern = Pattern::new(&SearchQuery::parse(query).unwrap());
        for university in [None, Some(university)] {
            let statement = suggestions::statement(&pattern, university).unwrap();
            assert_reads_little(&mut connection, statement, query).await;
        }
    }
}

pub(crate) async fn filled() -> (TestDatabase, Database) {
    filled_by(FILL).await
}

fn place(step: Step) -> Key {
    Key { place: 0, step: step.number(), rank: 0, code: "ABCD10000".to_owned(), unit: Uuid::nil() }
}

/// A plan made for any values has no sequential scan; one made for these values may have one only for words
/// so common that it ends after a fraction of the table.
pub(crate) async fn assert_reads_little(connection: &mut AsyncPgConnection, statement: CachedSql, query: &str) {
    let plan = generic_plan(connection, &statement).await;
    let large = ["unit_search", "units", "unit_requisites", "search_words"].map(|table| format!("Seq Scan on {table}"));
    let whole = large.iter().any(|scan| plan.contains(scan));
    assert!(!whole, "{query:?} reads the whole table:\n{statement:?}\n{plan}");
    assert_stops_early(connection, statement, query).await;
}

async fn assert_stops_early(connection: &mut AsyncPgConnection, statement: CachedSql, query: &str) {
    let plan = plan(connection, "(ANALYZE, COSTS OFF, TIMING OFF)", statement).await;
    let lines: Vec<&str> = plan.lines().collect();
    for (number, line) in
        lines.iter().enumerate().filter(|(_, line)| line.contains("Scan") && line.contains("unit_search"))
    {
        let removed =
            lines[number + 1..].iter().take(3).find_map(|line| line.trim().strip_prefix("Rows Removed by Filter: "));
        let returned = line.split("actual rows=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("0");
        let read: u64 = returned.parse::<u64>().unwrap() + removed.map_or(0, |removed| removed.parse().unwrap());
        let most = if line.contains("Seq Scan") { 5_000 } else { 20_000 };
        assert!(read <= most, "{query:?} reads {read} rows:\n{plan}");
    }
}
