//! Whatever is typed or sent as a cursor is answered or refused, never an error of the database.

use crate::support::{Catalogue, Unit};
use rmu_catalogue::{
    CatalogueError,
    page::PageLimit,
    reviews::{self, ReviewSort},
    search::{SearchRequest, search},
    university_profiles,
};
use rmu_domain::query::SearchQuery;

#[tokio::test]
async fn any_query_is_answered() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    catalogue.unit(north, Unit { code: "31251", title: "Data Structures", ..Unit::default() }).await;
    let long = "a".repeat(200);
    let many = "ab ".repeat(66);
    let last = char::MAX.to_string().repeat(20);
    for query in [
        "'",
        "''",
        "\\",
        "\\'",
        "%",
        "_",
        "\"",
        "a'b",
        "a\\b",
        "a:b",
        "a & b | !c",
        "(",
        "<->",
        ":*",
        "'a':*",
        "$1",
        "{}",
        "--",
        "/*",
        ";",
        "🦀",
        "🦀🦀 data",
        "ａ",
        "ﷺ",
        "\u{feff}",
        "\u{202e}abc",
        "日本",
        "ß",
        "İstanbul",
        "0x00",
        "1e999",
        "a b c d e f g h i j k l m n o p q r s t",
        &long,
        &many,
        &last,
    ] {
        let Ok(query) = SearchQuery::parse(query) else { continue };
        let request = SearchRequest { query: Some(query.clone()), ..SearchRequest::default() };
        search(&catalogue.database, &request).await.unwrap_or_else(|error| panic!("{query:?}: {error}"));
    }
}

#[tokio::test]
async fn a_page_with_any_words_can_be_found() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let long = "word ".repeat(12_000);
    let endless = "x".repeat(60_000);
    let many: String = (0..9_000).map(|n| format!("w{n} ")).collect();
    for (code, description) in [("A1", "'"), ("A2", "\\ %' 🦀"), ("A3", &*long), ("A4", &*endless), ("A5", &*many)] {
        catalogue.unit(north, Unit { code, title: "-", description: Some(description), ..Unit::default() }).await;
    }
    let request = SearchRequest { query: SearchQuery::parse("w8999").ok(), ..SearchRequest::default() };
    assert_eq!(search(&catalogue.database, &request).await.unwrap().entries[0].code, "A5");
}

#[tokio::test]
async fn a_broken_or_foreign_cursor_is_refused_by_name() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let mut unit = None;
    for code in ["A1", "A2", "A3"] {
        unit = Some(catalogue.unit(north, Unit { code, title: "Physics", ..Unit::default() }).await);
    }
    let limit = PageLimit::new(1).unwrap();
    let list = SearchRequest { limit, ..SearchRequest::default() };
    let of_list = search(&catalogue.database, &list).await.unwrap().next.unwrap();
    let nothing = "e30".to_owned();
    for cursor in [String::new(), "!".to_owned(), "a".repeat(5000), nothing, "bnVsbA".to_owned(), of_list.clone()] {
        let query = SearchQuery::parse("physics").ok();
        let request = SearchRequest { query, cursor: Some(cursor.clone()), limit, ..SearchRequest::default() };
        let error = search(&catalogue.database, &request).await.unwrap_err();
        assert!(matches!(&error, CatalogueError::Invalid { field, .. } if field == "cursor"), "{cursor}: {error}");
        let error = reviews::of_unit(&catalogue.database, unit.unwrap(), ReviewSort::Newest, Some(&cursor), limit)
            .await
            .unwrap_err();
        assert!(matches!(&error, CatalogueError::Invalid { field, .. } if field == "cursor"), "{cursor}: {error}");
        let error = university_profiles::list(&catalogue.database, Some(&cursor), limit).await.unwrap_err();
        assert!(matches!(&error, CatalogueError::Invalid { field, .. } if field == "cursor"), "{cursor}: {error}");
    }
}
