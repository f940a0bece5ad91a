//! What search is narrowed and ordered by, and how many units each choice would leave.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rmu_catalogue::{
    page::PageLimit,
    scores,
    search::{
        FilterText, Filters, MinScore, PointsFilter, SearchRequest, Sort, UnitHit,
        facets::{self, Facet, Facets},
        ranks::refresh_some,
        search,
    },
};
use rmu_domain::{credit_points::CreditPoints, ids::UnitId, query::SearchQuery, slug::Slug};
use std::collections::BTreeSet;

fn text(text: &str) -> Option<FilterText> {
    Some(FilterText::parse(text).unwrap())
}

fn points(raw: &str) -> Option<CreditPoints> {
    Some(CreditPoints::parse(raw).unwrap())
}

fn request(query: &str, filters: Filters, sort: Option<Sort>) -> SearchRequest {
    SearchRequest { query: SearchQuery::parse(query).ok(), filters, sort, ..SearchRequest::default() }
}

async fn codes(catalogue: &Catalogue, request: &SearchRequest) -> Vec<String> {
    let page = search(&catalogue.database, request).await.unwrap();
    page.entries.into_iter().map(|hit| hit.code).collect()
}

async fn review(catalogue: &Catalogue, unit: UnitId, stars: &[i64]) {
    for stars in stars {
        write_review(&catalogue.database, unit, &author("ada"), &draft(*stars, "Autumn", 2025)).await.unwrap();
    }
}

/// Seven units at two universities, of which three have reviews.
async fn stocked() -> Catalogue {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let south = catalogue.university("southbank").await;
    let it = Some("Faculty of Engineering & IT");
    let physics = Unit { title: "Physics", ..Unit::default() };
    for (university, unit, stars) in [
        (
            north,
            Unit {
                code: "A1",
                level: Some(1),
                credit_points: Some("6"),
                faculty: it,
                sessions: &["Autumn"],
                ..physics
            },
            &[5, 5, 5][..],
        ),
        (
            north,
            Unit {
                code: "A2",
                level: Some(1),
                credit_points: Some("0"),
                faculty: it,
                sessions: &["Été", "Autumn"],
                ..physics
            },
            &[1],
        ),
        (
            north,
            Unit { code: "A3", level: Some(2), credit_points: Some("12"), modes: &["Online", "On campus"], ..physics },
            &[],
        ),
        (
            north,
            Unit { code: "A4", level: Some(2), status: Some("Retired"), requisite_free: Some(true), ..physics },
            &[],
        ),
        (
            south,
            Unit { code: "B1", level: Some(1), credit_points: Some("24"), requisite_free: Some(false), ..physics },
            &[4, 3],
        ),
        (
            south,
            Unit { code: "B2", requisite_free: Some(true), modes: &["ONLINE"], sessions: &["ete"], ..physics },
            &[],
        ),
        (
            south,
            Unit { code: "C1", title: "Chemistry", level: Some(3), credit_points: Some("6"), ..Unit::default() },
            &[],
        ),
    ] {
        let id = catalogue.unit(university, unit).await;
        review(&catalogue, id, stars).await;
    }
    catalogue
}

#[tokio::test]
async fn each_filter_lets_through_what_fulfils_it() {
    let catalogue = stocked().await;
    let none = Filters::default;
    for (what, filters, expected) in [
        ("none", none(), "A1 A2 A3 A4 B1 B2"),
        ("university", Filters { university: Slug::parse("southbank").ok(), ..none() }, "B1 B2"),
        ("faculty", Filters { faculty: text("FACULTY OF ENGINEERING IT"), ..none() }, "A1 A2"),
        ("level", Filters { level: Some(2), ..none() }, "A3 A4"),
        ("session", Filters { session: text("été"), ..none() }, "A2 B2"),
        ("mode", Filters { mode: text("online"), ..none() }, "A3 B2"),
        ("points", Filters { credit_points: points("0").map(PointsFilter::Exactly), ..none() }, "A2"),
        ("range", Filters { credit_points: Some(PointsFilter::Between(points("6"), points("12"))), ..none() }, "A1 A3"),
        ("from", Filters { credit_points: Some(PointsFilter::Between(points("12"), None)), ..none() }, "A3 B1"),
        ("to", Filters { credit_points: Some(PointsFilter::Between(None, points("6"))), ..none() }, "A1 A2"),
        ("score", Filters { min_score: MinScore::parse("3.9").ok(), ..none() }, "A1"),
        ("reviewed", Filters { has_reviews: Some(true), ..none() }, "A1 A2 B1"),
        ("unreviewed", Filters { has_reviews: Some(false), ..none() }, "A3 A4 B2"),
        ("free", Filters { requisite_free: Some(true), ..none() }, "A4 B2"),
        ("bound", Filters { requisite_free: Some(false), ..none() }, "B1"),
        ("retired", Filters { retired: Some(true), ..none() }, "A4"),
        ("taught", Filters { retired: Some(false), level: Some(2), ..none() }, "A3"),
        (
            "several",
            Filters {
                faculty: text("faculty of engineering it"),
                session: text("autumn"),
                level: Some(1),
                has_reviews: Some(true),
                min_score: MinScore::parse("3").ok(),
                ..none()
            },
            "A1 A2",
        ),
    ] {
        let found = codes(&catalogue, &request("physics", filters.clone(), None)).await;
        assert_eq!(found.join(" "), expected, "{what}");
        // A list is narrowed just so, and so is the rung of typing errors.
        let listed = codes(&catalogue, &request("", filters.clone(), None)).await;
        assert_eq!(listed.into_iter().filter(|code| code != "C1").collect::<Vec<_>>().join(" "), expected, "{what}");
        let misspelt = codes(&catalogue, &request("phyzics", filters, None)).await;
        assert_eq!(misspelt.join(" "), expected, "{what}, misspelt");
    }
}

#[tokio::test]
async fn a_retired_unit_says_so_in_every_list() {
    let catalogue = stocked().await;
    let retired = Filters { retired: Some(true), ..Filters::default() };
    let page = search(&catalogue.database, &request("", retired, None)).await.unwrap();
    assert_eq!(page.entries[0].standing.as_str(), "retired");
}

#[tokio::test]
async fn each_order_is_the_one_that_is_asked_for() {
    let catalogue = stocked().await;
    // Met one second after another, the last first.
    let sql = "UPDATE unit_search SET first_seen = 2000 - (SELECT count(*) FROM unit_search AS other
                   WHERE other.code < unit_search.code)";
    catalogue.client.execute(sql, &[]).await.unwrap();
    for (sort, expected) in [
        (Sort::Code, "A1 A2 A3 A4 B1 B2"),
        (Sort::Relevance, "A1 A2 A3 A4 B1 B2"),
        (Sort::Newest, "A1 A2 A3 A4 B1 B2"),
        (Sort::MostReviewed, "A1 B1 A2 A3 A4 B2"),
        (Sort::Score, "A1 A2 B1 A3 A4 B2"),
    ] {
        for query in ["physics", "phyzics"] {
            let found = codes(&catalogue, &request(query, Filters::default(), Some(sort))).await;
            assert_eq!(found.join(" "), expected, "{query} {sort:?}");
        }
    }
    catalogue.client.execute("UPDATE unit_search SET first_seen = -first_seen", &[]).await.unwrap();
    let newest = codes(&catalogue, &request("physics", Filters::default(), Some(Sort::Newest))).await;
    assert_eq!(newest.join(" "), "B2 B1 A4 A3 A2 A1");
}

fn values(facet: &Facet) -> String {
    let value = |value: &facets::FacetValue| format!("{}={}", value.label, value.units);
    facet.values.iter().map(value).collect::<Vec<_>>().join(", ")
}

async fn counted(catalogue: &Catalogue, query: &str, filters: Filters) -> Facets {
    let counted = facets::count(&catalogue.database, &request(query, filters, None)).await.unwrap();
    let all = [&counted.university, &counted.faculty, &counted.level, &counted.session, &counted.mode];
    assert!(all.iter().all(|facet| !facet.at_least));
    counted
}

#[tokio::test]
async fn facets_say_what_another_choice_would_give() {
    let catalogue = stocked().await;
    for query in ["physics", "phyzics"] {
        let all = counted(&catalogue, query, Filters::default()).await;
        assert_eq!(values(&all.university), "University of northfield=4, University of southbank=2", "{query}");
        assert_eq!(values(&all.faculty), "Engineering=4, Faculty of Engineering & IT=2");
        assert_eq!(values(&all.level), "1=3, 2=2");
        assert_eq!(values(&all.session), "Autumn=2, Été=2");
        assert_eq!(values(&all.mode), "Online=2, On campus=1");
        assert_eq!(values(&all.credit_points), "0=1, 12=1, 24=1, 6=1");
        assert_eq!(all.university.values[0].value, "northfield");
        assert_eq!(all.session.values[1].value, "ete");

        let first = Filters { level: Some(1), university: Slug::parse("northfield").ok(), ..Filters::default() };
        let narrowed = counted(&catalogue, query, first).await;
        assert_eq!(values(&narrowed.level), "1=2, 2=2", "all levels of the university");
        assert_eq!(values(&narrowed.university), "University of northfield=2, University of southbank=1");
        assert_eq!(values(&narrowed.session), "Autumn=2, Été=1");
        let range = PointsFilter::Between(points("7"), None);
        let dear = counted(&catalogue, query, Filters { credit_points: Some(range), ..Filters::default() }).await;
        assert_eq!(values(&dear.credit_points), "0=1, 12=1, 24=1, 6=1");
        assert_eq!(values(&dear.level), "1=1, 2=1");
    }
    let list = counted(&catalogue, "", Filters::default()).await;
    assert_eq!(values(&list.level), "1=3, 2=2, 3=1");
    let nothing = counted(&catalogue, "%", Filters::default()).await;
    assert_eq!(nothing, Facets::default());
}

#[tokio::test]
async fn facets_of_very_many_are_at_least_so_many() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    crate::paging::fill(&catalogue, north.as_uuid(), 5001).await;
    for query in ["", "common"] {
        let counted = facets::count(&catalogue.database, &request(query, Filters::default(), None)).await.unwrap();
        assert!(counted.university.at_least, "{query:?}");
        assert_eq!(values(&counted.university), "University of northfield=5001");
    }
    catalogue.client.execute("DELETE FROM unit_search WHERE code = 'N0001'", &[]).await.unwrap();
    let counted = facets::count(&catalogue.database, &request("common", Filters::default(), None)).await.unwrap();
    assert!(!counted.university.at_least);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_is_by_the_score_that_is_shown_whoever_reviews_at_once() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let mut units = Vec::new();
    for code in ["A1", "A2", "A3"] {
        units.push(catalogue.unit(north, Unit { code, title: "Physics", ..Unit::default() }).await);
    }
    let writers = (0..60_usize).map(|number| {
        let (database, unit) = (catalogue.database.clone(), units[number % 3]);
        let stars = i64::try_from(number % 3 * 2 + 1).unwrap();
        // Of different years, so that they meet in no row of the aggregates of the unit.
        let year = 2000 + u16::try_from(number / 3).unwrap();
        tokio::spawn(async move { write_review(&database, unit, &author("ada"), &draft(stars, "Autumn", year)).await })
    });
    for written in futures_util::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    let kept = "SELECT count(*) FROM unit_search WHERE reviews = 20";
    assert_eq!(catalogue.client.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 3, "each is counted");
    // The university's mean has moved since the first of them; the daily round makes up for it.
    let mut after = None;
    loop {
        after = refresh_some(&catalogue.database, after).await.unwrap();
        if after.is_none() {
            break;
        }
    }
    let page = search(&catalogue.database, &request("", Filters::default(), Some(Sort::Score))).await.unwrap();
    for hit in &page.entries {
        let shown = (hit.score.means.unwrap().overall * 100.0).round() / 100.0;
        let least =
            |score: f64| Filters { min_score: MinScore::parse(&format!("{score:.2}")).ok(), ..Filters::default() };
        assert!(codes(&catalogue, &request("", least(shown), None)).await.contains(&hit.code));
        assert!(!codes(&catalogue, &request("", least(shown + 0.01), None)).await.contains(&hit.code));
    }
    assert_eq!(page.entries.iter().map(|hit| hit.code.as_str()).collect::<Vec<_>>(), ["A3", "A2", "A1"]);
    catalogue.client.execute("UPDATE unit_search SET reviews = 7, score_hundredths = 100", &[]).await.unwrap();
    scores::rebuild(&catalogue.database).await.unwrap();
    assert_eq!(catalogue.client.query_one(kept, &[]).await.unwrap().get::<_, i64>(0), 3, "a rebuild counts anew");
}

/// All pages of a request, one after another, with something written before each.
async fn all_pages(catalogue: &Catalogue, request: &SearchRequest, writes: &str) -> Vec<UnitHit> {
    let mut all = Vec::new();
    let mut request = request.clone();
    loop {
        let page = search(&catalogue.database, &request).await.unwrap();
        all.extend(page.entries);
        catalogue.client.batch_execute(writes).await.unwrap();
        if page.next.is_none() {
            return all;
        }
        request.cursor = page.next;
    }
}

#[test]
fn pages_of_any_order_hold_every_unit_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let catalogue = runtime.block_on(async {
        let catalogue = Catalogue::start().await;
        let north = catalogue.university("northfield").await;
        crate::paging::fill(&catalogue, north.as_uuid(), 40).await;
        catalogue
    });
    // Ranks with many equals, and two rows that only the others' order must not depend on.
    let ranks = prop::collection::vec((0..3_i32, prop::option::of(100..103_i32), 0..3_i64), 40);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    runner
        .run(&(ranks, 1..12_i64, prop::sample::select(Sort::ALL.to_vec()), any::<bool>()), |(ranks, limit, sort, listed)| {
            runtime.block_on(async {
                for (number, (reviews, score, seen)) in ranks.iter().enumerate() {
                    let sql = "UPDATE unit_search SET reviews = $2, score_hundredths = $3, first_seen = $4 WHERE code = $1";
                    let code = format!("N{:04}", number + 1);
                    catalogue.client.execute(sql, &[&code, reviews, score, seen]).await.unwrap();
                }
                let query = if listed { "" } else { "common" };
                let request =
                    SearchRequest { limit: PageLimit::new(limit).unwrap(), ..request(query, Filters::default(), Some(sort)) };
                // A unit that jumps about while the others are read.
                let jump = "UPDATE unit_search SET reviews = 2 - reviews, first_seen = 2 - first_seen,
                                score_hundredths = 300 - coalesce(score_hundredths, 0) WHERE code = 'N0040'";
                let seen: Vec<String> =
                    all_pages(&catalogue, &request, jump).await.into_iter().map(|hit| hit.code).collect();
                let still: Vec<&String> = seen.iter().filter(|code| *code != "N0040").collect();
                prop_assert_eq!(still.iter().collect::<BTreeSet<_>>().len(), still.len(), "{:?} repeats", sort);
                prop_assert_eq!(still.len(), 39, "{:?} misses", sort);
                Ok(())
            })
        })
        .unwrap();
    runtime.block_on(async move { drop(catalogue) });
}

#[tokio::test]
async fn more_than_a_thousand_are_paged_in_every_order() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    crate::paging::fill(&catalogue, north.as_uuid(), 1100).await;
    let sql = "UPDATE unit_search SET reviews = length(md5(code)) + ascii(md5(code)), first_seen = ascii(md5(code))";
    catalogue.client.execute(sql, &[]).await.unwrap();
    for sort in [Sort::MostReviewed, Sort::Newest, Sort::Score] {
        let request =
            SearchRequest { limit: PageLimit::new(50).unwrap(), ..request("common", Filters::default(), Some(sort)) };
        let seen: Vec<_> = all_pages(&catalogue, &request, "").await.into_iter().map(|hit| hit.code).collect();
        assert_eq!((seen.len(), seen.iter().collect::<BTreeSet<_>>().len()), (1100, 1100), "{sort:?}");
        let expected = "SELECT array_agg(code ORDER BY -reviews, code) FROM unit_search";
        if sort == Sort::MostReviewed {
            let expected: Vec<String> = catalogue.client.query_one(expected, &[]).await.unwrap().get(0);
            assert_eq!(seen, expected);
        }
    }
}
