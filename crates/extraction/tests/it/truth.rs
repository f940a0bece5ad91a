//! The demo sites, read from their pages and feeds and compared with what they publish as true, unit by unit and fact by fact.
//!
//! The truth is written from what the site knows, without any of the code that reads; so agreement is evidence.

use rmu_demo_handbooks::Site;
use rmu_domain::facts::UnitRecord;
use rmu_extraction::{LoadedPage, PageSet, Source, Verdict, preset_at, read_entries, read_page, survey_feed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use url::Url;

const HANDBOOK: &str = "http://127.0.0.1:4001";
const SECOND_HOST: &str = "http://127.0.0.1:4002";

fn pages(site: &Site, year: u16, code: &str) -> PageSet {
    let url = Url::parse(&format!("{HANDBOOK}{}", site.unit_path(year, code))).unwrap();
    let unit = LoadedPage { url, html: site.rendered_page(year, code, true) };
    let second = site.requisites_page(year, code).map(|html| {
        let url = Url::parse(&format!("{SECOND_HOST}/requisites/{year}/{code}")).unwrap();
        ("requisites".to_owned(), LoadedPage { url, html })
    });
    PageSet { unit, followed: second.into_iter().collect() }
}

/// The differences between what was read of a unit's page and what is true of it.
fn differences(source: &Source, site: &Site, year: u16, truth: &Value, code: &str) -> Vec<String> {
    let set = pages(site, year, code);
    let expected = source.classify(&set.unit.url).expect("the address of a unit");
    let record = match read_page(source, Some(&expected), &set) {
        Verdict::Unit(record) => record,
        other => return vec![format!("{code} {year}: {other:?}")],
    };
    compared(&record, year, truth, code)
}

fn compared(record: &UnitRecord, year: u16, truth: &Value, code: &str) -> Vec<String> {
    let read: BTreeMap<&str, Value> = BTreeMap::from([("facts", json!(record.facts)), ("gaps", json!(record.gaps))]);
    let mut differences = Vec::new();
    for (part, read) in read {
        let (read, wanted) = (read.as_object().unwrap(), truth[part].as_object().unwrap());
        let names: std::collections::BTreeSet<_> = read.keys().chain(wanted.keys()).collect();
        for name in names {
            if read.get(name) != wanted.get(name) {
                let (read, wanted) = (read.get(name), wanted.get(name));
                differences.push(format!("{code} {year} {part}.{name}: read {read:?}, true {wanted:?}"));
            }
        }
    }
    let with_origin: Vec<_> = record.origins.keys().filter(|fact| record.gaps.contains_key(fact)).collect();
    assert!(with_origin.is_empty() && record.origins.len() + record.gaps.len() == 16, "{code}: {record:?}");
    differences
}

fn compare(document: &Value, site: &Site) {
    let source = Source::parse(document).unwrap();
    let (mut units, mut wrong) = (0, Vec::new());
    for year in site.years() {
        for truth in site.truth(*year) {
            let truth = serde_json::to_value(truth).unwrap();
            let code = truth["facts"]["code"].as_str().unwrap().to_owned();
            wrong.extend(differences(&source, site, *year, &truth, &code));
            units += 1;
        }
    }
    assert!(units >= 200, "only {units} units");
    assert!(
        wrong.is_empty(),
        "{} differences in {units} units:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(30)].join("\n")
    );
    for code in site.dead_codes() {
        let year = site.current_year();
        let verdict = read_page(&source, None, &pages(site, year, code));
        assert!(matches!(verdict, Verdict::NotFound { .. }), "{code}: {verdict:?}");
    }
}

fn courseloop() -> Site {
    Site::courseloop(7, 90).with_requisites_origin(SECOND_HOST)
}

#[test]
fn the_courseloop_preset_reads_every_fact_of_every_unit() {
    compare(&preset_at("courseloop", &[HANDBOOK, SECOND_HOST]).unwrap(), &courseloop());
}

#[test]
fn the_legacy_preset_reads_every_fact_of_every_unit() {
    compare(&preset_at("legacy-static", &[HANDBOOK]).unwrap(), &Site::legacy(7, 300));
}

#[test]
fn the_element_id_preset_reads_every_fact_of_every_unit() {
    compare(&preset_at("element-id", &[HANDBOOK]).unwrap(), &Site::elements(7, 100));
}

#[test]
fn the_search_first_preset_reads_every_fact_of_every_unit() {
    compare(&preset_at("search-first", &[HANDBOOK]).unwrap(), &Site::search_first(7, 100));
}

#[test]
fn the_xcri_preset_reads_every_fact_of_every_entry() {
    let site = Site::feed(7, 900);
    let mut document = preset_at("xcri-cap", &[HANDBOOK]).unwrap();
    let start = |path: &String| json!({"kind": "feed", "url": format!("{HANDBOOK}{path}"), "entry": "/catalog/provider/course"});
    document["start"] = site.feed_paths().iter().map(start).collect();
    let source = Source::parse(&document).unwrap();
    let mut read: BTreeMap<String, UnitRecord> = BTreeMap::new();
    let mut gone = Vec::new();
    for path in site.feed_paths() {
        let (url, xml) = (Url::parse(&format!("{HANDBOOK}{path}")).unwrap(), site.feed_xml(&path, HANDBOOK).unwrap());
        let survey = survey_feed(&source, &url, xml.as_bytes()).unwrap();
        assert_eq!(survey.nameless, 0);
        for part in survey.parts {
            for entry in read_entries(&source, &url, xml.as_bytes(), &part).unwrap() {
                let code = entry.entry.code.to_string();
                match entry.verdict {
                    Verdict::Unit(record) => assert_eq!(read.insert(code, *record), None, "once"),
                    Verdict::NotFound { .. } => gone.push(code),
                    other => panic!("{code}: {other:?}"),
                }
            }
        }
    }
    assert_eq!(gone, site.dead_codes());
    let mut wrong = Vec::new();
    for truth in site.truth(2026) {
        let truth = serde_json::to_value(truth).unwrap();
        let code = truth["facts"]["code"].as_str().unwrap();
        match read.remove(code) {
            Some(record) => wrong.extend(compared(&record, 2026, &truth, code)),
            None => wrong.push(format!("{code} is missing")),
        }
    }
    assert!(read.is_empty(), "invented: {:?}", read.keys());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong[..wrong.len().min(30)].join("\n"));
}
