//! The content hash changes with what is said and with nothing else.

use crate::support::{courseloop, page};
use rmu_domain::facts::UnitFacts;
use rmu_extraction::{Verdict, content_hash, read_page};

const PAGE: &str = include_str!("../pages/courseloop-references.html");

fn facts(html: &str) -> UnitFacts {
    match read_page(&courseloop(), None, &page("/2026/units/FIT2004", html)) {
        Verdict::Unit(record) => record.facts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_a_sha_256_that_stays_the_same_over_versions() {
    let hash = content_hash(&facts(PAGE));
    insta::assert_snapshot!(hash, @"132602ddce15f185d8c12a49575016c3a6cabcad599ff30f961a843acd6a166a");
}

#[test]
fn the_order_of_fields_and_of_unordered_lists_means_nothing() {
    let reordered = PAGE
        .replace("\"code\":\"FIT2004\",", "")
        .replace("\"associations\":", "\"code\":\"FIT2004\",\"associations\":");
    assert_ne!(reordered, PAGE);
    assert_eq!(content_hash(&facts(&reordered)), content_hash(&facts(PAGE)));
    let mut turned = facts(PAGE);
    for list in [turned.offerings.as_mut().map(|all| all.reverse()), turned.contacts.as_mut().map(|all| all.reverse())]
    {
        assert!(list.is_some());
    }
    assert_eq!(content_hash(&turned), content_hash(&facts(PAGE)));
}

#[test]
fn every_fact_counts() {
    let original = content_hash(&facts(PAGE));
    for (from, to) in
        [("O(n log n)", "O(n)"), ("\"weight\":\"60\"", "\"weight\":\"50\""), ("ULO2", "ULO3"), ("Clayton", "City")]
    {
        assert_ne!(content_hash(&facts(&PAGE.replace(from, to))), original, "{from}");
    }
    let mut unknown = facts(PAGE);
    unknown.contacts = None;
    let mut none = facts(PAGE);
    none.contacts = Some(Vec::new());
    assert_ne!(content_hash(&unknown), content_hash(&none));
}
