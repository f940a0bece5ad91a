//! Sitemaps, their indexes, and listings.

use crate::support::{ORIGIN, courseloop, legacy, search_first};
use rmu_extraction::{Discovery, DiscoveryError, MAX_PAGE_BYTES, Source, discover, discover_results, preset_at};
use serde_json::json;
use url::Url;

fn read(source: &Source, content_type: Option<&str>, body: &str) -> Result<Discovery, DiscoveryError> {
    discover(source, &Url::parse(&format!("{ORIGIN}/sitemap.xml")).unwrap(), content_type, body.as_bytes())
}

fn urlset(paths: &[&str]) -> String {
    let urls: String = paths.iter().map(|path| format!("<url><loc>{path}</loc></url>\n")).collect();
    format!("<?xml version=\"1.0\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{urls}</urlset>")
}

fn codes(discovery: &Discovery) -> Vec<String> {
    discovery.units.iter().map(|unit| unit.code.to_string()).collect()
}

#[test]
fn an_index_names_its_children_of_allowed_origins_once() {
    let index = format!(
        "\u{feff}<sitemapindex><sitemap><loc> {ORIGIN}/a.xml </loc></sitemap><sitemap><loc>{ORIGIN}/a.xml#x</loc></sitemap>\
         <sitemap><loc>https://evil.example/b.xml</loc></sitemap><sitemap><loc>/relative.xml</loc></sitemap>\
         <sitemap><loc>{ORIGIN}/sitemap.xml</loc></sitemap></sitemapindex>"
    );
    let found = read(&courseloop(), Some("text/plain"), &index).unwrap();
    let children: Vec<_> = found.discovery.iter().map(Url::as_str).collect();
    assert_eq!(children, ["https://handbook.example.edu/a.xml"]);
    assert!(found.units.is_empty());
}

#[test]
fn units_are_those_of_the_newest_year_or_of_the_years_asked_for() {
    let unit = |year: u16, code: &str| format!("{ORIGIN}/subject/{year}/{code}");
    let evil = "https://evil.example/subject/2026/11111".to_owned();
    let about = format!("{ORIGIN}/about?x=1&amp;y=2");
    let urls = [unit(2024, "31251"), unit(2026, "31251"), unit(2026, "09009"), unit(2025, "31251"), evil, about];
    let xml = urlset(&urls.each_ref().map(String::as_str));
    assert_eq!(codes(&read(&courseloop(), None, &xml).unwrap()), ["31251", "09009"]);
    let mut document = preset_at("courseloop", &[ORIGIN]).unwrap();
    document["years"] = json!([2024, 2025]);
    let found = read(&Source::parse(&document).unwrap(), None, &xml).unwrap();
    let years: Vec<_> = found.units.iter().map(|unit| unit.year.unwrap().get()).collect();
    assert_eq!(years, [2024, 2025]);
}

#[test]
fn a_listing_is_read_by_its_links() {
    let html = "<html><head><base href='/subjects/'></head><a href='31251.html'>31251</a> <a href='./09009.html#top'>x</a>\
                <a href='31251.html'>again</a><a href='//evil.example/subjects/1.html'>y</a><a href='javascript:x'>z</a>\
                <a href='/alpha.html'>w</a><a>v</a>";
    let found = read(&legacy(), Some("text/html; charset=utf-8"), html).unwrap();
    assert_eq!(codes(&found), ["31251", "09009"]);
    assert_eq!(found.units[1].url.as_str(), "https://handbook.example.edu/subjects/09009.html");
    assert!(found.discovery.is_empty());
}

#[test]
fn what_is_dangerous_or_no_sitemap_is_refused() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><urlset><url><loc>&b;</loc></url></urlset>";
    let external = "<?xml version=\"1.0\"?><!DOCTYPE x SYSTEM \"file:///etc/passwd\"><urlset/>";
    let deep = format!("<?xml version=\"1.0\"?>{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    let wide = format!("<urlset>{}</urlset>", "<url/>".repeat(250_000));
    let feed = "<?xml version=\"1.0\"?><rss><channel/></rss>";
    for half in ["<?xml", "<urlset>", "<urlset><loc></urlset>"] {
        let error = read(&courseloop(), Some("application/xml"), half).expect_err(half);
        assert!(matches!(error, DiscoveryError::Unreadable(_)), "{half}: {error}");
    }
    for wrong in [bomb, external, &deep, &wide, feed] {
        let error = read(&courseloop(), Some("application/xml"), wrong).expect_err(&wrong[..30.min(wrong.len())]);
        assert!(matches!(error, DiscoveryError::NotASitemap(_)), "{error}");
    }
    let nested = "<div>".repeat(100_000);
    assert!(matches!(read(&legacy(), None, &nested), Err(DiscoveryError::Unreadable(_))));
}

#[test]
fn files_are_bounded() {
    let url = Url::parse(ORIGIN).unwrap();
    let large = vec![b' '; MAX_PAGE_BYTES + 1];
    assert_eq!(discover(&courseloop(), &url, None, &large), Err(DiscoveryError::TooLarge));
    assert_eq!(discover(&courseloop(), &url, None, &[0xff, 0xfe, 0x00]), Err(DiscoveryError::NotText));
    let many: Vec<String> = (0..50_001).map(|n| format!("{ORIGIN}/subject/2026/{n:05}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let compact = urlset(&many).replace('\n', "");
    assert_eq!(read(&courseloop(), None, &compact), Err(DiscoveryError::TooMany));
    assert_eq!(read(&courseloop(), None, &urlset(&many[..28_000])).unwrap().units.len(), 28_000);
}

fn results(source: &Source, url: &str, body: &str) -> Discovery {
    let url = Url::parse(url).unwrap();
    discover_results(source, &source.results_page(&url).unwrap(), &url, body.as_bytes()).unwrap()
}

#[test]
fn a_page_of_results_names_its_units_and_the_next_page() {
    const RESULTS: &str = include_str!("../pages/search-first-results.html");
    let page = |number: u32| format!("{ORIGIN}/search?types[]=subject&year=&page={number}");
    let source = search_first();
    assert_eq!(source.start_urls(), [Url::parse(&page(1)).unwrap()]);
    let found = results(&source, &page(2), RESULTS);
    assert_eq!(
        codes(&found),
        ["comp20003", "mast10005"],
        "of the newest year, each once, and none from beside the list"
    );
    assert_eq!(found.discovery, [Url::parse(&page(3)).unwrap()]);
    assert_eq!(results(&source, &page(16), RESULTS).discovery, [], "the last page says so");
    let silent = RESULTS.replace("of <b class=\"search-results__pages\">16</b>", "");
    assert_eq!(results(&source, &page(999), &silent).discovery.len(), 1);
    assert_eq!(results(&source, &page(1000), &silent).discovery, [], "no more pages than the source allows");
    for other in [page(0), page(1001), format!("{}&x=1", page(1)), format!("{ORIGIN}/search?page=1")] {
        assert!(source.results_page(&Url::parse(&other).unwrap()).is_none(), "{other}");
    }
}

#[test]
fn each_year_has_its_own_pages_where_the_address_names_it() {
    let mut document = preset_at("search-first", &[ORIGIN]).unwrap();
    document["years"] = json!([2025, 2026]);
    document["start"][0]["url"] = json!(format!("{ORIGIN}/{{year}}/search?page={{page}}"));
    let source = Source::parse(&document).unwrap();
    let starts: Vec<_> = source.start_urls().iter().map(Url::to_string).collect();
    assert_eq!(starts, [2025, 2026].map(|year| format!("{ORIGIN}/{year}/search?page=1")));
    let next = results(&source, &format!("{ORIGIN}/2025/search?page=7"), "<p>nothing").discovery;
    assert_eq!(next[0].as_str(), format!("{ORIGIN}/2025/search?page=8"));
}

#[test]
fn half_a_listing_an_error_page_and_a_wall_name_nothing() {
    let mut document = preset_at("legacy-static", &[ORIGIN]).unwrap();
    document["recognise"]["whole"] = json!([{"css": "body > #foot"}]);
    let source = Source::parse(&document).unwrap();
    let read = |body: &str| read(&source, Some("text/html"), body);
    let links = "<html><body><div><a href=/subjects/31251.html>31251</a>";
    assert_eq!(codes(&read(&format!("{links}</div><p id=foot>End")).unwrap()), ["31251"]);
    assert_eq!(read(links), Err(DiscoveryError::CutOff));
    assert_eq!(
        read(&format!("{links}<p id=foot>End")),
        Err(DiscoveryError::CutOff),
        "an end inside of what was left open"
    );
    let error = format!("{links}</div><h1>Page Not Found</h1><p id=foot>End");
    assert_eq!(read(&error), Err(DiscoveryError::AnotherPage("an error page")));
    assert_eq!(read(include_str!("../pages/waf-challenge.html")), Err(DiscoveryError::AnotherPage("a wall")));
}
