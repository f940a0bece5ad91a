//! What is no unit's page is recognised as what it is, though all of these come with status 200.

use crate::support::{ORIGIN, courseloop, element_id, legacy, page, search_first, source_with};
use rmu_domain::facts::FactName;
use rmu_extraction::{LoadedPage, PageSet, Source, Verdict, preset_at, read_page};
use serde_json::json;
use url::Url;

fn read(source: &Source, html: &str) -> Verdict {
    read_page(source, None, &page("/subject/2026/31251", html))
}

#[test]
fn error_pages_are_not_found() {
    for (source, html) in [
        (courseloop(), include_str!("../pages/courseloop-error.html")),
        (legacy(), include_str!("../pages/legacy-error.html")),
        (element_id(), include_str!("../pages/element-id-error.html")),
        (search_first(), include_str!("../pages/search-first-error.html")),
    ] {
        assert!(matches!(read(&source, html), Verdict::NotFound { .. }), "{html}");
    }
}

#[test]
fn walls_shells_and_failing_servers_are_blocked() {
    for html in [
        include_str!("../pages/waf-challenge.html"),
        include_str!("../pages/empty-shell.html"),
        include_str!("../pages/throttled.html"),
        include_str!("../pages/courseloop-server-error.html"),
    ] {
        assert!(matches!(read(&courseloop(), html), Verdict::Blocked { .. }), "{html}");
    }
    for source in [legacy(), element_id(), search_first()] {
        assert!(matches!(read(&source, include_str!("../pages/waf-challenge.html")), Verdict::Blocked { .. }));
    }
}

#[test]
fn other_pages_are_no_units() {
    for html in ["<h1>About the handbook</h1>", "<p>Data", "{}", "not even markup"] {
        assert!(matches!(read(&courseloop(), html), Verdict::NotAUnit { .. }), "{html}");
        assert!(matches!(read(&legacy(), html), Verdict::NotAUnit { .. }), "{html}");
    }
}

#[test]
fn an_empty_title_is_refused_whatever_else_is_there() {
    let verdict = read(&courseloop(), include_str!("../pages/courseloop-empty-title.html"));
    let wanted = Verdict::MissingFacts { missing: vec![FactName::Title], detail: "title is empty".to_owned() };
    assert_eq!(verdict, wanted);
}

#[test]
fn a_wall_before_a_followed_page_blocks_the_unit() {
    let mut set = page("/subject/2026/09009", include_str!("../pages/courseloop-strings.html"));
    assert!(matches!(read_page(&courseloop(), None, &set), Verdict::Unit(_)));
    let wall = LoadedPage {
        url: Url::parse("https://handbook.example.edu/r").unwrap(),
        html: include_str!("../pages/waf-challenge.html").to_owned(),
    };
    set.followed.insert("requisites".to_owned(), wall);
    assert!(matches!(read_page(&courseloop(), None, &set), Verdict::Blocked { .. }));
}

#[test]
fn pages_made_to_be_expensive_are_refused() {
    let nested = format!("{}<h1>31251 Deep</h1>", "<div>".repeat(100_000));
    let wide = format!("<h1>31251 Wide</h1>{}", "<i></i>".repeat(200_000));
    let large = "x".repeat(rmu_extraction::MAX_PAGE_BYTES + 1);
    for html in [&nested, &wide, &large] {
        assert!(matches!(read(&legacy(), html), Verdict::NotAUnit { .. }));
    }
    let deep_json = format!("<script id=\"__NEXT_DATA__\">{}</script><p>x", "[".repeat(100_000));
    assert!(matches!(read(&courseloop(), &deep_json), Verdict::NotAUnit { .. }));
    let set = PageSet {
        followed: [("requisites".to_owned(), page("/", &nested).unit)].into(),
        ..page("/", "<h1>31251 A</h1>")
    };
    assert!(matches!(read_page(&legacy(), None, &set), Verdict::NotAUnit { .. }));
}

#[test]
fn rules_that_would_look_at_too_much_end_without_a_record() {
    let source = source_with(&serde_json::json!({"faculty": [{"css": "div", "having": "^nowhere$"}]}));
    let read = |depth: usize, inner: &str| {
        let html = format!("<h1>31251</h1><h2>Title</h2>{}{inner}", "<div>".repeat(depth));
        read_page(&source, None, &page("/unit/31251", &html))
    };
    let intricate = Verdict::NotAUnit { detail: "the page is too intricate to be read".to_owned() };
    assert_eq!(read(400, &"<i></i>".repeat(60_000)), intricate, "every division looks at all nodes below");
    assert_eq!(read(400, &"words ".repeat(400_000)), intricate, "every division reads the whole text");
    assert!(matches!(read(400, "<i></i>"), Verdict::Unit(_)));
}

#[test]
fn half_a_page_and_half_a_followed_page_are_no_units() {
    let mut document = preset_at("courseloop", &[ORIGIN]).unwrap();
    document["recognise"]["whole"] = json!([{"json": "/buildId"}, {"css": "body > footer"}]);
    let source = Source::parse(&document).unwrap();
    let html = include_str!("../pages/courseloop-strings.html");
    let whole = html.replacen("</body>", "<footer>End</footer></body>", 1);
    assert!(whole != html, "the page has a body that ends");
    let mut set = page("/subject/2026/09009", &whole);
    assert!(matches!(read_page(&source, None, &set), Verdict::Unit(_)));
    set.unit.html = html.to_owned();
    assert!(matches!(read_page(&source, None, &set), Verdict::CutOff { .. }));
    set.unit.html = whole;
    let url = Url::parse("https://handbook.example.edu/r").unwrap();
    let half = LoadedPage { url, html: "<main><h2>Prerequisite</h2><p>(COMP1001 AND CO".to_owned() };
    set.followed.insert("requisites".to_owned(), half);
    let verdict = read_page(&source, None, &set);
    assert!(matches!(&verdict, Verdict::CutOff { detail } if detail.starts_with("page requisites")), "{verdict:?}");
}
