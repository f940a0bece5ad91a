//! Feeds: what they hold, and their entries.

use crate::support::{ORIGIN, shown};
use insta::assert_snapshot;
use rmu_domain::{unit_code::UnitCode, year::Year};
use rmu_extraction::{
    EntryRead, FeedEntry, FeedError, FoundAt, MAX_ENTRIES_OF_A_PART, MAX_PAGE_BYTES, Source, Verdict, preset_at,
    read_entries, survey_feed, trace_feed,
};
use serde_json::json;
use url::Url;

const FEED: &str = include_str!("../pages/xcri-cap.xml");

fn source() -> Source {
    Source::parse(&preset_at("xcri-cap", &[ORIGIN]).unwrap()).unwrap()
}

fn url() -> Url {
    Url::parse(&format!("{ORIGIN}/xcri.xml")).unwrap()
}

fn named(code: &str, year: Option<u16>) -> FeedEntry {
    FeedEntry { code: UnitCode::parse(code).unwrap(), year: year.map(|year| Year::new(year).unwrap()) }
}

fn read(feed: &str, wanted: &[FeedEntry]) -> Vec<EntryRead> {
    read_entries(&source(), &url(), feed.as_bytes(), wanted).unwrap()
}

/// A feed of so many entries, each with so long a description.
fn feed_of(entries: usize, description: usize) -> String {
    let text = "x".repeat(description);
    let courses: String = (0..entries)
        .map(|n| {
            format!("<course><identifier>{n:05}</identifier><title>T</title><description>{text}</description></course>")
        })
        .collect();
    format!("<catalog><provider>{courses}</provider></catalog>")
}

#[test]
fn an_entry_is_traced_to_the_elements_and_attributes_of_the_feed() {
    let trace = |code: Option<&str>| {
        let code = code.map(|code| UnitCode::parse(code).unwrap());
        trace_feed(&source(), &url(), FEED.as_bytes(), code.as_ref()).unwrap()
    };
    for (code, year) in [("FIT2004", Some(2026)), ("09009", None)] {
        let (verdict, traced) = trace(Some(code));
        assert_eq!(verdict, read(FEED, &[named(code, year)])[0].verdict);
        for fact in &traced {
            let found: Vec<_> = fact.rules.iter().flat_map(|rule| &rule.found).collect();
            assert!(fact.value.is_err() || !found.is_empty(), "{fact:?}");
            for piece in found {
                let FoundAt::Xml { path } = &piece.place else { panic!("{fact:?}") };
                assert!(leads_to(path, &piece.raw), "{piece:?}");
            }
        }
    }
    let (first, _) = trace(None);
    assert!(matches!(first, Verdict::Unit(_)), "{first:?}");
    assert!(matches!(trace(Some("NONE1")), (Verdict::NotFound { .. }, facts) if facts.is_empty()));
}

/// Walks the path by places among elements of one name, and looks for what stands there.
fn leads_to(path: &str, raw: &str) -> bool {
    let document = roxmltree::Document::parse(FEED).unwrap();
    let mut node = document.root();
    for step in path.trim_start_matches('/').split('/') {
        if let Some(name) = step.strip_prefix('@') {
            return node.attributes().any(|attribute| attribute.name() == name && attribute.value() == raw);
        }
        let (name, place) = step
            .split_once('[')
            .map_or((step, 1), |(name, place)| (name, place.trim_end_matches(']').parse::<usize>().unwrap()));
        let mut of_its_name = node.children().filter(|child| child.is_element() && child.tag_name().name() == name);
        let Some(next) = of_its_name.nth(place - 1) else { return false };
        node = next;
    }
    let text: String = node.descendants().filter_map(|node| node.text()).collect();
    let words = |text: &str| text.split_whitespace().collect::<String>();
    let first = raw.trim_end_matches('…').lines().next().unwrap_or_default();
    words(&text).contains(&words(first).chars().take(5).collect::<String>())
}

#[test]
fn entries_of_a_saved_feed_are_read_whatever_their_prefixes() {
    let found = read(FEED, &[named("FIT2004", Some(2026)), named("09009", None)]);
    let [Verdict::Unit(usual), Verdict::Unit(other)] = [&found[0].verdict, &found[1].verdict] else {
        panic!("{found:?}")
    };
    assert_snapshot!(shown(usual), @r#"
    code[0]: "FIT2004"
    title[0]: "Algorithms & data <structures>"
    year[0]: 2026
    status: Absent
    creditPoints[0]: "6"
    level[0]: 2
    studyLevel[0]: "Undergraduate"
    faculty: Absent
    school: Absent
    description[0]: "Runs in O(n log n) if k < n.\nSorting\nGraphs"
    workload: Absent
    outcomes[1]: [{"code":"1","description":"Explain invariants."},{"code":"2","description":"Analyse complexity."}]
    assessments[0]: [{"hurdle":null,"kind":null,"name":"Examination","weight":"60"}]
    offerings[0]: [{"location":"Clayton","mode":"Full time","session":"2026-02"},{"location":null,"mode":null,"session":"Second semester"}]
    requisites[0]: [{"expression":{"all":[{"any":[{"unit":"FIT1008"},{"unit":"FIT2085"}]},{"unit":"MAT1830"}]},"kind":"prerequisite","text":"(FIT1008 OR FIT2085) AND MAT1830"}]
    contacts[0]: [{"name":"Dr Ada Nguyen","role":"Chief Examiner"},{"name":"Lin O'Brien","role":"Tutor"}]
    "#);
    assert_snapshot!(shown(other), @r#"
    code[1]: "09009"
    title[0]: "Law and Life"
    year: Absent
    status: Absent
    creditPoints: Unparsed { raw: "6 to 12" }
    level: Empty
    studyLevel: Absent
    faculty: Absent
    school: Absent
    description: Absent
    workload: Absent
    outcomes: Absent
    assessments: Empty
    offerings[0]: []
    requisites[0]: []
    contacts: Absent
    "#);
    assert_eq!(usual.origins.values().next().unwrap().url, url().as_str());
}

#[test]
fn a_survey_names_every_entry_once_and_counts_those_without_a_code() {
    let survey = survey_feed(&source(), &url(), FEED.as_bytes()).unwrap();
    assert_eq!(survey.nameless, 1);
    let names = [("FIT2004", Some(2026)), ("09009", None), ("31251", None), ("31252", None), ("FIT2004", Some(2025))];
    assert_eq!(survey.parts, [names.map(|(code, year)| named(code, year)).to_vec()]);
    let mut document = preset_at("xcri-cap", &[ORIGIN]).unwrap();
    document["years"] = json!([2025]);
    let survey = survey_feed(&Source::parse(&document).unwrap(), &url(), FEED.as_bytes()).unwrap();
    assert!(!survey.parts[0].contains(&named("FIT2004", Some(2026))), "{survey:?}");
    assert!(survey.parts[0].contains(&named("09009", None)), "one that names no year is of any");
}

#[test]
fn parts_are_bounded_in_entries_and_in_bytes() {
    let sizes = |feed: &str| -> Vec<usize> {
        survey_feed(&source(), &url(), feed.as_bytes()).unwrap().parts.iter().map(Vec::len).collect()
    };
    assert_eq!(sizes(&feed_of(120, 10)), [MAX_ENTRIES_OF_A_PART, MAX_ENTRIES_OF_A_PART, 20]);
    assert_eq!(sizes(&feed_of(5, 100_000)), [2, 2, 1]);
    assert_eq!(sizes(&feed_of(2, 1_000_000)), [1, 1]);
}

#[test]
fn an_entry_is_found_by_its_name_wherever_it_stands_now() {
    let verdicts =
        read(FEED, &[named("31251", None), named("31252", None), named("99999", None), named("fit 2004", Some(2026))]);
    assert!(matches!(verdicts[0].verdict, Verdict::NotFound { .. }), "it is marked as gone: {verdicts:?}");
    assert!(matches!(&verdicts[1].verdict, Verdict::MissingFacts { detail, .. } if detail == "title is absent"));
    assert!(matches!(&verdicts[2].verdict, Verdict::NotFound { detail } if detail.contains("any more")));
    let Verdict::Unit(unit) = &verdicts[3].verdict else { panic!("{verdicts:?}") };
    assert_eq!(unit.facts.title, "Algorithms & data <structures>", "the first of two counts");
    let moved = FEED.replace(
        "<course recstatus",
        "<course><dc:identifier>11111</dc:identifier><dc:title>New</dc:title></course><course recstatus",
    );
    assert_eq!(read(&moved, &[named("09009", None)]), read(FEED, &[named("09009", None)]));
    // Of two, the one that is a unit.
    let both = FEED.replace(
        "<course><dc:identifier>31252",
        "<course><dc:identifier>31251</dc:identifier><dc:title>Back</dc:title></course><course><dc:identifier>31252",
    );
    assert!(
        matches!(&read(&both, &[named("31251", None)])[0].verdict, Verdict::Unit(unit) if unit.facts.title == "Back")
    );
}

#[test]
fn what_is_no_feed_is_refused_with_its_reason() {
    let survey = |body: &[u8]| survey_feed(&source(), &url(), body).expect_err("a reason");
    assert!(matches!(survey(&FEED.as_bytes()[..FEED.len() / 2]), FeedError::Malformed(_)));
    assert_eq!(survey(b"<!doctype html><h1>Access denied</h1>"), FeedError::Page);
    assert_eq!(survey(b"<catalog><provider/></catalog>"), FeedError::NoEntries("/catalog/provider/course".to_owned()));
    assert_eq!(survey(&[0xff, 0xfe]), FeedError::NotText);
    assert_eq!(survey(&vec![b' '; MAX_PAGE_BYTES + 1]), FeedError::TooLarge);
    let laughs = FEED.replace("<catalog", "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><catalog");
    assert!(matches!(survey(laughs.as_bytes()), FeedError::Refused(_)));
    let renamed = FEED.replace("identifier", "key");
    assert_eq!(survey(renamed.as_bytes()), FeedError::NoNames(7));
    let elsewhere = Url::parse(&format!("{ORIGIN}/other.xml")).unwrap();
    assert_eq!(survey_feed(&source(), &elsewhere, FEED.as_bytes()), Err(FeedError::Unknown));
}

#[test]
fn a_feed_made_to_be_expensive_ends_with_a_reason() {
    let wide = format!("<course><identifier>31251</identifier><title>T</title>{}</course>", "<a/>".repeat(150_000));
    let feed = format!("<catalog><provider>{wide}</provider></catalog>");
    let wanted = vec![named("31251", None); MAX_ENTRIES_OF_A_PART];
    let read = read_entries(&source(), &url(), feed.as_bytes(), &wanted);
    assert_eq!(read, Err(FeedError::TooIntricate));
    // Many entries that are none of this cost no more than they are many.
    let survey = survey_feed(&source(), &url(), feed_of(9_000, 1).as_bytes()).unwrap();
    assert_eq!(survey.parts.len(), 180);
}
