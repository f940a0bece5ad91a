//! Which unit a query finds first, and by which rung.

use crate::support::{Catalogue, Unit};
use rmu_catalogue::search::{Filters, PointsFilter, SearchRequest, UnitHit, search, suggestions::suggest};
use rmu_domain::{
    credit_points::CreditPoints,
    query::{Rung, SearchQuery},
    slug::Slug,
};

async fn two_universities() -> Catalogue {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let south = catalogue.university("southbank").await;
    for (code, title, description) in [
        ("31251", "Data Structures and Algorithms", "Lists, trees, hashing, graphs and the cost of using them."),
        ("31271", "Database Fundamentals", "Relational design and SQL, with <script>alert(1)</script> on the page."),
        ("09009", "Café Management", "Hospitality for Zoë & friends."),
        ("48730", "Network Security", "Firewalls, TLS, and algorithms of attack."),
        ("C10", "C Programming", "Pointers."),
        ("42001", "Artificial Intelligence", "Search and learning."),
        ("42002", "Internet of Things", "Sensors."),
    ] {
        let unit = Unit {
            code,
            title,
            description: Some(description),
            level: Some(2),
            credit_points: Some("6"),
            ..Unit::default()
        };
        catalogue.unit(north, unit).await;
    }
    for (code, title) in [
        ("FIT2004", "Algorithms and Data Structures"),
        ("FIT-2014", "Theory of Computation"),
        ("COMP1511", "Programming Fundamentals"),
        ("31251", "Quantum Physics"),
        ("MGT100", "Women's Leadership"),
        ("WHS200", "100% Renewable_Energy"),
    ] {
        catalogue.unit(south, Unit { code, title, level: Some(1), credit_points: Some("0"), ..Unit::default() }).await;
    }
    catalogue
}

async fn hits(catalogue: &Catalogue, query: &str, filters: Filters) -> (Vec<UnitHit>, String) {
    let request =
        SearchRequest { query: Some(SearchQuery::parse(query).unwrap()), filters, ..SearchRequest::default() };
    let page = search(&catalogue.database, &request).await.unwrap();
    (page.entries, page.total.to_string())
}

#[tokio::test]
async fn a_query_finds_its_unit_first_and_says_how() {
    let catalogue = two_universities().await;
    for (query, code, title, rung) in [
        ("FIT2004", "FIT2004", "Algorithms and Data Structures", Rung::ExactCode),
        ("09009", "09009", "Café Management", Rung::ExactCode),
        ("FIT-2014", "FIT-2014", "Theory of Computation", Rung::ExactCode),
        ("fit 2004", "FIT2004", "Algorithms and Data Structures", Rung::NormalisedCode),
        ("fit2014", "FIT-2014", "Theory of Computation", Rung::NormalisedCode),
        ("comp", "COMP1511", "Programming Fundamentals", Rung::CodePrefix),
        ("0", "09009", "Café Management", Rung::CodePrefix),
        ("f", "FIT2004", "Algorithms and Data Structures", Rung::CodePrefix),
        ("48", "48730", "Network Security", Rung::CodePrefix),
        ("data structures", "31251", "Data Structures and Algorithms", Rung::Title),
        ("structures data", "31251", "Data Structures and Algorithms", Rung::Title),
        ("algorithms and data structures", "FIT2004", "Algorithms and Data Structures", Rung::Title),
        ("struct algo", "31251", "Data Structures and Algorithms", Rung::Title),
        ("Fundamentals, Database!", "31271", "Database Fundamentals", Rung::Title),
        ("CAFE", "09009", "Café Management", Rung::Title),
        ("café", "09009", "Café Management", Rung::Title),
        ("womens", "MGT100", "Women's Leadership", Rung::Title),
        ("women\u{2019}s", "MGT100", "Women's Leadership", Rung::Title),
        ("c programming", "C10", "C Programming", Rung::Title),
        ("hashing", "31251", "Data Structures and Algorithms", Rung::Description),
        ("network firewalls", "48730", "Network Security", Rung::Description),
        ("zoe", "09009", "Café Management", Rung::Description),
        ("DSA", "31251", "Data Structures and Algorithms", Rung::Abbreviation),
        ("d.s.a.", "31251", "Data Structures and Algorithms", Rung::Abbreviation),
        ("iot", "42002", "Internet of Things", Rung::Abbreviation),
        ("ai", "42001", "Artificial Intelligence", Rung::Abbreviation),
        ("algoritms", "FIT2004", "Algorithms and Data Structures", Rung::Typo),
        ("phyiscs", "31251", "Quantum Physics", Rung::Typo),
        ("artifical inteligence", "42001", "Artificial Intelligence", Rung::Typo),
    ] {
        let (hits, _) = hits(&catalogue, query, Filters::default()).await;
        let first = hits.first().unwrap_or_else(|| panic!("{query:?} finds nothing"));
        let found = (first.code.as_str(), first.title.as_str(), first.found.as_ref().unwrap().rung);
        // Where two titles are as near, either may come first.
        let either = matches!(query, "algoritms" | "structures data" | "struct algo") && found.2 == rung;
        assert!(either || found == (code, title, rung), "{query:?} finds {found:?}");
    }
}

#[tokio::test]
async fn what_is_written_nowhere_is_not_found() {
    let catalogue = two_universities().await;
    for query in
        ["%", "_", "%%%", "'", "\\", "*", "🦀", "zz", "qqqqqq", "' OR 1=1 --", "31251%", "\"31251\"", ":*", "!hashing"]
    {
        let (hits, total) = hits(&catalogue, query, Filters::default()).await;
        // Signs separate words: what is left may be a word of a unit, but never everything.
        assert!(hits.len() <= 2, "{query:?} finds {total}");
        if !query.chars().any(char::is_alphanumeric) {
            assert_eq!((hits.len(), total.as_str()), (0, "0"), "{query:?}");
        }
    }
    let (hits, _) = hits(&catalogue, "100%", Filters::default()).await;
    assert_eq!(hits[0].title, "100% Renewable_Energy");
}

#[tokio::test]
async fn who_types_a_code_of_two_parts_means_it() {
    let catalogue = two_universities().await;
    let north = catalogue.university("eastmoor").await;
    for (code, title, description) in [
        ("ECON 00123", "Trade", None),
        ("ECON 00124", "Money", Some("After 00123: economics again.")),
        ("ART 5", "Economy 77777", None),
    ] {
        catalogue.unit(north, Unit { code, title, description, ..Unit::default() }).await;
    }
    let found = async |query: &str| -> Vec<String> {
        hits(&catalogue, query, Filters::default()).await.0.into_iter().map(|hit| hit.code).collect()
    };
    assert_eq!(found("econ 00123").await, ["ECON 00123"], "neither words of both parts nor titles spelt alike");
    assert_eq!(found("econ 77777").await, ["ART 5"], "what is no code is words");
}

#[tokio::test]
async fn a_title_is_found_by_the_beginning_of_any_of_its_words() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let long = "donaudampfschifffahrtselektrizitaetenhauptbetriebswerk";
    let title = format!("Topics in {long} and Macroeconomics");
    catalogue.unit(north, Unit { code: "LONG1", title: &title, ..Unit::default() }).await;
    for number in 0..12 {
        let title = format!("Studies of macro{number}");
        catalogue.unit(north, Unit { code: &format!("X{number}"), title: &title, ..Unit::default() }).await;
    }
    // The longest beginning is longer than what is known of the word; "macro" begins more words than are spelt out.
    for query in ["macroec", "donau", &long[..40], &long[..45], long, "macro donau"] {
        let (found, _) = hits(&catalogue, query, Filters::default()).await;
        let by_title = found.iter().filter(|hit| hit.found.as_ref().unwrap().rung == Rung::Title);
        let codes: Vec<_> = by_title.map(|hit| hit.code.as_str()).collect();
        assert_eq!(codes, ["LONG1"], "{query:?}");
    }
    assert_eq!(hits(&catalogue, "macro", Filters::default()).await.1, "13");
}

#[tokio::test]
async fn a_unit_is_found_once_on_its_best_rung() {
    let catalogue = two_universities().await;
    let (hits, total) = hits(&catalogue, "algorithms", Filters::default()).await;
    let rungs: Vec<_> = hits.iter().map(|hit| (hit.code.as_str(), hit.found.as_ref().unwrap().rung)).collect();
    assert_eq!(
        rungs,
        [("FIT2004", Rung::Title), ("31251", Rung::Title), ("48730", Rung::Description)],
        "a title that begins with the query stands first"
    );
    assert_eq!(total, "3");
}

#[tokio::test]
async fn what_matched_is_marked_and_everything_else_escaped() {
    let catalogue = two_universities().await;
    let (by_title, _) = hits(&catalogue, "cafe manag", Filters::default()).await;
    assert_eq!(by_title[0].found.as_ref().unwrap().title.as_deref(), Some("<mark>Café</mark> <mark>Management</mark>"));
    let (by_description, _) = hits(&catalogue, "relational", Filters::default()).await;
    assert_eq!(
        by_description[0].found.as_ref().unwrap().description.as_deref(),
        Some("<mark>Relational</mark> design and SQL, with &lt;script&gt;alert(1)&lt;/script&gt; on the page.")
    );
    let (by_code, _) = hits(&catalogue, "fit", Filters::default()).await;
    assert_eq!(by_code[1].found.as_ref().unwrap().code.as_deref(), Some("<mark>FIT</mark>-2014"));
}

#[tokio::test]
async fn filters_narrow_every_rung() {
    let catalogue = two_universities().await;
    let south = Filters { university: Some(Slug::parse("southbank").unwrap()), ..Filters::default() };
    for query in ["31251", "312", "data", "algoritms"] {
        let (hits, _) = hits(&catalogue, query, south.clone()).await;
        assert!(!hits.is_empty(), "{query}");
        assert!(hits.iter().all(|hit| hit.university.slug == "southbank"), "{query}");
    }
    let free =
        Filters { credit_points: CreditPoints::parse("0").ok().map(PointsFilter::Exactly), ..Filters::default() };
    assert_eq!(hits(&catalogue, "data", free).await.0.len(), 1, "nought is a number of credit points");
    let second = Filters { level: Some(2), ..Filters::default() };
    assert_eq!(hits(&catalogue, "data", second).await.0.len(), 2);
}

#[tokio::test]
async fn an_unknown_university_is_said_to_be_unknown() {
    let catalogue = two_universities().await;
    let filters = Filters { university: Some(Slug::parse("nowhere").unwrap()), ..Filters::default() };
    let request = SearchRequest { filters, ..SearchRequest::default() };
    let error = search(&catalogue.database, &request).await.unwrap_err().to_string();
    assert_eq!(error, "university: no such university");
}

#[tokio::test]
async fn a_renamed_unit_is_found_by_its_new_title_only() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = Unit { code: "31251", title: "Algorithms", ..Unit::default() };
    let id = catalogue.unit(north, unit).await;
    catalogue.index(id, north, &Unit { title: "Programming", ..unit }).await;
    assert_eq!(hits(&catalogue, "programming", Filters::default()).await.0.len(), 1);
    assert!(hits(&catalogue, "algorithms", Filters::default()).await.0.is_empty());
}

async fn suggested(catalogue: &Catalogue, query: &str, university: Option<&str>) -> Vec<String> {
    let university = university.map(|slug| Slug::parse(slug).unwrap());
    let query = SearchQuery::parse(query).unwrap();
    let found = suggest(&catalogue.database, &query, university.as_ref()).await.unwrap();
    found.into_iter().map(|unit| unit.code).collect()
}

#[tokio::test]
async fn suggestions_follow_what_is_typed_letter_by_letter() {
    let catalogue = two_universities().await;
    for typed in ["d", "da", "dat", "data", "data ", "data s", "data st", "data structures a"] {
        let found = suggested(&catalogue, typed, None).await;
        assert_eq!(found.first().map(String::as_str), Some("31251"), "{typed:?} suggests {found:?}");
    }
    assert_eq!(suggested(&catalogue, "FI", None).await, ["FIT2004", "FIT-2014"]);
    assert_eq!(suggested(&catalogue, "f", None).await, ["FIT2004", "FIT-2014"]);
    assert_eq!(suggested(&catalogue, "structures an", None).await, ["31251", "FIT2004"]);
    assert_eq!(suggested(&catalogue, "c", None).await, ["C10", "COMP1511", "09009"], "codes before titles");
    assert_eq!(suggested(&catalogue, "31251", None).await.len(), 2);
    assert_eq!(suggested(&catalogue, "a", Some("southbank")).await, ["FIT2004"]);
    assert!(suggested(&catalogue, "hashing", None).await.is_empty(), "descriptions suggest nothing");
}

#[tokio::test]
async fn at_most_eight_are_suggested_each_once() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    for number in 0..12 {
        let code = format!("PHY{number:02}");
        catalogue.unit(north, Unit { code: &code, title: "Phy of Stars", ..Unit::default() }).await;
    }
    let found = suggested(&catalogue, "phy", None).await;
    assert_eq!(found, ["PHY00", "PHY01", "PHY02", "PHY03", "PHY04", "PHY05", "PHY06", "PHY07"]);
    let last = Unit { code: "A1", title: "Stars and Phy", ..Unit::default() };
    catalogue.unit(north, last).await;
    assert_eq!(suggested(&catalogue, "phy0", None).await.len(), 8);
    assert_eq!(suggested(&catalogue, "phy1", None).await, ["PHY10", "PHY11"]);
}
