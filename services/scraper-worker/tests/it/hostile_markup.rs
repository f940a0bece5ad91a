//! Markup made to harm a reader: read on a thread with as small a stack as the worker's own.

use rmu_demo_handbooks::{Site, sources};
use rmu_extraction::{LoadedPage, PageSet, Source, discover, read_page};
use std::collections::BTreeMap;
use url::Url;

fn source() -> Source {
    let site = Site::legacy(1, 3);
    let definition = sources::of(&site, &["http://127.0.0.1:4000".to_owned()], 0)["source"]["definition"].take();
    Source::parse(&definition).unwrap()
}

#[tokio::test]
async fn a_hundred_thousand_nested_tags_neither_overflow_nor_become_a_unit() {
    for open in ["<div>", "<b>", "<table><tr><td>", "<ul><li>", "<svg>", "<a><p>", "<p><em>Credit points</em>"] {
        let html = format!("<h1>31251 Deep</h1>{}x", open.repeat(100_000));
        let url = Url::parse("http://127.0.0.1:4000/subjects/31251.html").unwrap();
        tokio::task::spawn_blocking(move || {
            let source = source();
            let found = discover(&source, &url, Some("text/html"), html.as_bytes());
            assert!(found.map_or(true, |found| found.units.is_empty()));
            let page = LoadedPage { url, html };
            let verdict = read_page(&source, None, &PageSet { unit: page, followed: BTreeMap::new() });
            assert!(!matches!(verdict, rmu_extraction::Verdict::Unit(_)), "{verdict:?}");
        })
        .await
        .unwrap();
    }
}
