//! Pages that miss nothing and repeat nothing, whatever is written meanwhile.

use crate::support::{Catalogue, Unit};
use rmu_catalogue::{
    page::PageLimit,
    search::{Filters, SearchRequest, UnitHit, search},
};
use rmu_domain::{query::SearchQuery, slug::Slug};
use std::collections::BTreeSet;

fn request(query: Option<&str>, limit: i64, cursor: Option<String>) -> SearchRequest {
    SearchRequest {
        query: query.map(|query| SearchQuery::parse(query).unwrap()),
        limit: PageLimit::new(limit).unwrap(),
        cursor,
        ..SearchRequest::default()
    }
}

async fn all_pages(catalogue: &Catalogue, query: Option<&str>, limit: i64) -> (Vec<UnitHit>, String) {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = search(&catalogue.database, &request(query, limit, cursor)).await.unwrap();
        assert!(page.entries.len() <= usize::try_from(limit).unwrap());
        all.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            return (all, page.total.to_string());
        }
    }
}

#[tokio::test]
async fn pages_together_are_the_whole_list_while_units_come_go_and_change() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    for number in 0..60 {
        let title = if number % 2 == 0 { "Physics of Stars" } else { "Stars in Physics" };
        let code = format!("P{number:03}");
        catalogue.unit(north, Unit { code: &code, title, ..Unit::default() }).await;
    }
    for query in [None, Some("physics"), Some("p")] {
        let mut seen = Vec::new();
        let mut cursor = None;
        for round in 0.. {
            let page = search(&catalogue.database, &request(query, 7, cursor)).await.unwrap();
            seen.extend(page.entries.iter().map(|hit| hit.code.clone()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            // New units before and behind the cursor, and rewritten rows that the page already showed or will.
            let key = query.unwrap_or("list");
            for place in ["A", "Z"] {
                let code = format!("{place}{round}{}9", key.len());
                catalogue.unit(north, Unit { code: &code, title: "Physics anew", ..Unit::default() }).await;
            }
            catalogue.client.execute("UPDATE unit_search SET level = 1 WHERE code < 'P030'", &[]).await.unwrap();
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "{query:?} repeats a unit");
        let original = seen.iter().filter(|code| code.starts_with('P') && code.len() == 4).count();
        assert_eq!(original, 60, "{query:?} misses a unit");
    }
}

#[tokio::test]
async fn a_thousand_are_counted_and_more_are_paged_all_the_same() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    fill(&catalogue, north.as_uuid(), 1000).await;
    let (hits, total) = all_pages(&catalogue, Some("common"), 50).await;
    assert_eq!((hits.len(), total.as_str()), (1000, "1000"));
    let extra = Unit { code: "N9999", title: "Common Extra", ..Unit::default() };
    catalogue.unit(north, extra).await;
    for query in [Some("common"), Some("n"), None] {
        let (hits, total) = all_pages(&catalogue, query, 50).await;
        let distinct: BTreeSet<_> = hits.iter().map(|hit| hit.id).collect();
        assert_eq!((hits.len(), distinct.len(), total.as_str()), (1001, 1001, "1000+"), "{query:?}");
    }
    let (first, _) = all_pages(&catalogue, Some("common extra"), 50).await;
    assert_eq!(first[0].code, "N9999");
}

#[tokio::test]
async fn titles_come_before_more_descriptions_than_are_counted() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    fill(&catalogue, north.as_uuid(), 1100).await;
    // The words stand in descriptions alone, and what was written first comes last: whoever looks at any thousand of them
    // does not look at the first.
    let code = "'N' || to_char(5000 - right(code, 4)::integer, 'FM0000')";
    let described = format!(
        "UPDATE units SET code = {code}, code_normalised = {code};
         UPDATE unit_search SET code = {code}, code_normalised = {code}, title_folded = 'very other', title_words = 'other very'"
    );
    catalogue.client.batch_execute(&described).await.unwrap();
    for number in 0..20 {
        let code = format!("Z{number:03}");
        catalogue.unit(north, Unit { code: &code, title: "In Common", ..Unit::default() }).await;
    }
    for limit in [7, 50] {
        let (hits, total) = all_pages(&catalogue, Some("common"), limit).await;
        let distinct: BTreeSet<_> = hits.iter().map(|hit| hit.id).collect();
        assert_eq!((hits.len(), distinct.len(), total.as_str()), (1120, 1120, "1000+"), "limit {limit}");
        assert!(hits[..20].iter().all(|hit| hit.code.starts_with('Z')), "limit {limit}");
        assert!(hits[20..].is_sorted_by_key(|hit| &hit.code), "limit {limit}");
    }
}

#[tokio::test]
async fn the_forgiving_rung_is_paged_like_the_others() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    for number in 0..9 {
        let code = format!("M{number}");
        catalogue.unit(north, Unit { code: &code, title: "Thermodynamics", ..Unit::default() }).await;
    }
    catalogue.unit(north, Unit { code: "X1", title: "Termodynamics", ..Unit::default() }).await;
    for limit in [1, 2, 3, 50] {
        let (hits, total) = all_pages(&catalogue, Some("termodynamics"), limit).await;
        let codes: Vec<_> = hits.iter().map(|hit| hit.code.as_str()).collect();
        assert_eq!(codes, ["X1", "M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8"], "limit {limit}");
        assert_eq!(total, "10");
    }
}

#[tokio::test]
async fn words_of_very_many_units_are_paged_in_order_and_narrowed_exactly() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let south = catalogue.university("southbank").await;
    // So many that an eighth of them is more than are counted.
    fill(&catalogue, north.as_uuid(), 9500).await;
    catalogue.unit(south, Unit { code: "M0001", title: "Common Sense", ..Unit::default() }).await;
    catalogue
        .unit(south, Unit { code: "Z0001", title: "Sense", description: Some("Common."), ..Unit::default() })
        .await;
    let request = SearchRequest { query: Some(SearchQuery::parse("common").unwrap()), ..SearchRequest::default() };
    let first = search(&catalogue.database, &request).await.unwrap();
    assert_eq!(first.total.to_string(), "1000+");
    let next = SearchRequest { cursor: first.next.clone(), ..request.clone() };
    let second = search(&catalogue.database, &next).await.unwrap();
    let found = first.entries.into_iter().chain(second.entries);
    let codes: Vec<String> = found.map(|hit| hit.code).collect();
    let expected = ["M0001".to_owned()].into_iter().chain((1..40).map(|number| format!("N{number:04}")));
    assert_eq!(codes, expected.collect::<Vec<_>>());
    let filters = Filters { university: Some(Slug::parse("southbank").unwrap()), ..Filters::default() };
    let narrowed = search(&catalogue.database, &SearchRequest { filters, ..request }).await.unwrap();
    let codes: Vec<_> = narrowed.entries.iter().map(|hit| hit.code.as_str()).collect();
    assert_eq!((codes, narrowed.total.to_string()), (vec!["M0001", "Z0001"], "2".to_owned()));
}

/// `count` units with the word "Common" in their titles, written at once.
pub(crate) async fn fill(catalogue: &Catalogue, university: uuid::Uuid, count: i32) {
    let sql = "WITH new AS (
                   INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
                   SELECT gen_random_uuid(), $1, 'N' || to_char(n, 'FM0000'), 'N' || to_char(n, 'FM0000'),
                          'Very Common', now(), now()
                   FROM generate_series(1, $2) AS n RETURNING *)
               INSERT INTO unit_search (unit_id, university_id, code, code_normalised, title_folded, title_words,
                                        all_words, abbreviations)
               SELECT id, university_id, code, code_normalised, 'very common', 'very common', 'very common',
                      '{vc}' FROM new";
    catalogue.client.execute(sql, &[&university, &count]).await.unwrap();
}
