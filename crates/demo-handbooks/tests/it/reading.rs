//! Every unit of every site, read by the sites' source documents, compared with the truth fact by fact.

use rmu_demo_handbooks::{Site, sources, truth::Truth};
use rmu_domain::facts::UnitRecord;
use rmu_extraction::{LoadedPage, PageSet, Source, Verdict, read_page};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

const HANDBOOK: &str = "http://127.0.0.1:4001";
const SECOND_HOST: &str = "http://127.0.0.1:4002";

fn source(site: &Site) -> Source {
    let origins = [HANDBOOK.to_owned(), SECOND_HOST.to_owned()];
    let origins = if site.slug() == "northfield" { &origins[..] } else { &origins[..1] };
    Source::parse(&sources::of(site, origins, 5)["source"]["definition"]).unwrap()
}

fn loaded(url: &str, html: String) -> LoadedPage {
    LoadedPage { url: Url::parse(url).unwrap(), html }
}

/// The pages as a browser would have them after the source's steps.
fn pages(site: &Site, year: u16, code: &str, path: &str) -> PageSet {
    let unit = loaded(&format!("{HANDBOOK}{path}"), site.rendered_page(year, code, true));
    let followed = site
        .requisites_page(year, code)
        .map(|html| ("requisites".to_owned(), loaded(&format!("{SECOND_HOST}/requisites/{year}/{code}"), html)));
    PageSet { unit, followed: followed.into_iter().collect() }
}

/// What differs, a line a fact.
fn differences(truth: &Truth, record: &UnitRecord) -> Vec<String> {
    let (wanted, found) = (json!(truth.facts), json!(record.facts));
    let (wanted_gaps, found_gaps) = (json!(truth.gaps), json!(record.gaps));
    let mut names: Vec<&String> = wanted.as_object().unwrap().keys().collect();
    names.retain(|name| wanted[*name] != found[*name] || wanted_gaps.get(*name) != found_gaps.get(*name));
    let show = |facts: &Value, gaps: &Value, name: &String| {
        format!("{} {}", facts[name], gaps.get(name).unwrap_or(&Value::Null))
    };
    names
        .iter()
        .map(|name| {
            let (wanted, found) = (show(&wanted, &wanted_gaps, name), show(&found, &found_gaps, name));
            format!("{} {name}:\n  truth {wanted}\n  found {found}", truth.path)
        })
        .collect()
}

fn compare(site: Site, years: &[u16]) {
    let site = site.with_requisites_origin(SECOND_HOST);
    let source = source(&site);
    let (mut read, mut wrong) = (0, Vec::new());
    for year in years {
        for truth in site.truth(*year) {
            let pages = pages(&site, *year, &truth.facts.code, &truth.path);
            let expected = source.classify(&pages.unit.url);
            assert!(expected.is_some(), "{} is no address of a unit", truth.path);
            match read_page(&source, expected.as_ref(), &pages) {
                Verdict::Unit(record) => wrong.extend(differences(&truth, &record)),
                other => wrong.push(format!("{}: {other:?}", truth.path)),
            }
            read += 1;
        }
    }
    let mut by_fact: BTreeMap<String, usize> = BTreeMap::new();
    for line in &wrong {
        *by_fact.entry(line.split([' ', ':']).nth(1).unwrap_or_default().to_owned()).or_default() += 1;
    }
    assert!(read >= 280, "only {read} units were read");
    assert!(
        wrong.is_empty(),
        "{} facts of {read} units differ: {by_fact:?}\n{}",
        wrong.len(),
        wrong[..wrong.len().min(25)].join("\n")
    );
}

#[test]
fn every_fact_of_northfield_is_read_as_it_is_and_none_is_invented() {
    compare(Site::courseloop(1, 300), &[2024, 2025, 2026]);
}

#[test]
fn every_fact_of_eastmoor_is_read_as_it_is_and_none_is_invented() {
    compare(Site::legacy(1, 300), &[2026]);
}

#[test]
fn every_fact_of_westhaven_is_read_as_it_is_and_none_is_invented() {
    compare(Site::elements(1, 300), &[2024, 2025, 2026]);
}

#[test]
fn every_fact_of_southmere_is_read_as_it_is_and_none_is_invented() {
    compare(Site::search_first(1, 300), &[2024, 2025, 2026]);
}

#[test]
fn every_fact_is_read_with_another_seed_too() {
    compare(Site::courseloop(77, 320), &[2026]);
    compare(Site::legacy(77, 320), &[2026]);
    compare(Site::elements(77, 320), &[2026]);
    compare(Site::search_first(77, 320), &[2026]);
}

#[test]
fn without_clicks_the_tasks_fetched_by_a_click_are_unknown_and_not_none() {
    let site = Site::courseloop(1, 300).with_requisites_origin(SECOND_HOST);
    let source = source(&site);
    let mut unknown = 0;
    for truth in site.truth(2026) {
        let code = &truth.facts.code;
        let html = site.rendered_page(2026, code, false);
        let unit = loaded(&format!("{HANDBOOK}{}", truth.path), html);
        let Verdict::Unit(record) = read_page(&source, None, &PageSet { unit, followed: BTreeMap::new() }) else {
            panic!("{} is not read as a unit", truth.path)
        };
        let found = json!(record.facts.assessments);
        assert!(found.is_null() || found == json!(truth.facts.assessments), "{code}");
        unknown += usize::from(found.is_null() && truth.facts.assessments.is_some());
    }
    assert!(unknown > 30, "only {unknown} units have tasks that need a click");
}

#[test]
fn error_pages_are_no_units() {
    for site in [Site::courseloop(1, 50), Site::legacy(1, 50), Site::elements(1, 50), Site::search_first(1, 50)] {
        let source = source(&site);
        for code in site.dead_codes() {
            for html in [site.unit_page(2026, code), site.rendered_page(2026, code, true)] {
                let unit = loaded(&format!("{HANDBOOK}{}", site.unit_path(2026, code)), html);
                let verdict = read_page(&source, None, &PageSet { unit, followed: BTreeMap::new() });
                assert!(matches!(verdict, Verdict::NotFound { .. }), "{verdict:?}");
            }
        }
    }
}
