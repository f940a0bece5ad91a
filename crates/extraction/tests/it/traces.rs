//! The trace of a page: the same facts, and for each what every rule found and where.

use crate::support::{ORIGIN, courseloop, legacy, page, read_fact, source_with};
use rmu_domain::facts::Gap;
use rmu_extraction::{FactTrace, FoundAt, PageSet, RuleOutcome, Source, Verdict, preset_at, read_page, trace_page};
use scraper::{Html, Selector};
use serde_json::{Value, json};

fn preset(name: &str) -> Source {
    Source::parse(&preset_at(name, &[ORIGIN]).unwrap()).unwrap()
}

fn saved() -> Vec<(Source, PageSet)> {
    vec![
        (courseloop(), page("/2026/units/FIT2004", include_str!("../pages/courseloop-references.html"))),
        (courseloop(), page("/subject/2026/09009", include_str!("../pages/courseloop-strings.html"))),
        (legacy(), page("/subjects/31251.html", include_str!("../pages/legacy.html"))),
        (preset("tables"), page("/units/INFO2222", include_str!("../pages/tables.html"))),
        (preset("tables"), page("/units/2026/CITS1401", include_str!("../pages/definitions.html"))),
        (preset("courseleaf"), page("/courses/comp1005", include_str!("../pages/courseleaf.html"))),
        (preset("meta-tags"), page("/2026/course/COMP1110", include_str!("../pages/meta-tags.html"))),
    ]
}

#[test]
fn the_facts_of_the_trace_are_the_facts_of_the_record() {
    for (source, pages) in saved() {
        let (verdict, traced) = trace_page(&source, None, &pages);
        assert_eq!(verdict, read_page(&source, None, &pages));
        let Verdict::Unit(record) = verdict else { panic!("{verdict:?}") };
        assert_eq!(traced.len(), 16);
        let facts = json!(record.facts);
        for FactTrace { fact, value, rules } in traced {
            match value {
                Ok(value) => assert_eq!(value, facts[fact.as_str()], "{fact:?}"),
                Err(gap) => assert_eq!(Some(&gap), record.gaps.get(&fact), "{fact:?}"),
            }
            let gave = rules.iter().filter(|rule| rule.outcome == RuleOutcome::Value);
            let gave: Vec<&str> = gave.map(|rule| rule.rule.as_str()).collect();
            assert_eq!(gave.join("+"), record.origins.get(&fact).map_or("", |origin| origin.rule.as_str()));
        }
    }
}

#[test]
fn every_place_leads_back_to_what_was_found() {
    let mut elements = 0;
    for (source, pages) in saved() {
        let html = Html::parse_document(&pages.unit.html);
        let embedded = source.document().embedded_json.as_deref().map(|css| {
            let script = html.select(&Selector::parse(css).unwrap()).next().unwrap();
            serde_json::from_str::<Value>(&script.text().collect::<String>()).unwrap()
        });
        for piece in trace_page(&source, None, &pages).1.into_iter().flat_map(|f| f.rules).flat_map(|r| r.found) {
            let select = |path: &str| {
                let found: Vec<_> = html.select(&Selector::parse(path).unwrap()).collect();
                assert_eq!(found.len(), 1, "{path}");
                found[0]
            };
            match &piece.place {
                FoundAt::Element { path } => {
                    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<String>();
                    let whole = words(&select(path).text().collect::<String>());
                    let first_line = piece.raw.trim_end_matches('…').lines().next().unwrap_or_default();
                    assert!(whole.contains(&words(first_line)) || words(first_line).contains(&whole), "{piece:?}");
                    elements += 1;
                }
                FoundAt::Attribute { path, name } => {
                    assert_eq!(select(path).attr(name).unwrap_or_default(), piece.raw, "{piece:?}");
                }
                FoundAt::Json { pointer } => {
                    assert!(embedded.as_ref().unwrap().pointer(pointer).is_some(), "{pointer}");
                }
                FoundAt::Xml { .. } => panic!("a page is no feed: {piece:?}"),
                FoundAt::Address | FoundAt::Elsewhere => {}
            }
        }
    }
    assert!(elements > 50, "{elements}");
}

fn trace_of(fact: &str, rules: &Value, body: &str) -> FactTrace {
    let html = format!("<h1>31251</h1><h2>Data Structures</h2>{body}");
    let source = source_with(&json!({fact: rules}));
    let (_, traced) = trace_page(&source, None, &page("/unit/31251", &html));
    traced.into_iter().find(|trace| trace.fact.as_str() == fact).unwrap()
}

#[test]
fn rules_are_tried_until_one_gives_the_fact() {
    let rules = json!([
        {"css": ".none"}, {"css": "b"}, {"css": "i", "regex": "^(\\d+) cp$"}, {"json": "/points"},
        {"css": "p", "attribute": "data-points"}, {"css": "u"},
    ]);
    let body = "<b> </b><i>six</i><script id=data>{\"points\": [null, 1]}</script><p>x</p><p id=here data-points=12>y</p><u>9</u>";
    let trace = trace_of("creditPoints", &rules, body);
    assert_eq!(trace.value, Ok(json!("12")));
    let shown: Vec<_> = trace.rules.iter().map(|rule| (rule.rule.as_str(), &rule.outcome, rule.found.len())).collect();
    let gap = RuleOutcome::Gap;
    assert_eq!(
        shown,
        [
            ("creditPoints[0]", &gap(Gap::Absent), 0),
            ("creditPoints[1]", &gap(Gap::Empty), 1),
            ("creditPoints[2]", &gap(Gap::Unparsed { raw: "six".to_owned() }), 1),
            ("creditPoints[3]", &gap(Gap::Absent), 1),
            ("creditPoints[4]", &RuleOutcome::Value, 2),
        ]
    );
    let place = FoundAt::Attribute { path: "html > body > p#here:nth-of-type(2)".into(), name: "data-points".into() };
    assert_eq!((&trace.rules[4].found[1].place, trace.rules[4].found[1].raw.as_str()), (&place, "12"));
}

#[test]
fn a_list_shows_its_entries_and_the_rules_that_add_to_it() {
    let rules = json!([
        {"json": "/rules", "each": {"kind": [{"constant": "prerequisite"}], "text": [{}]}},
        {"css": "em", "each": {"kind": [{"constant": "corequisite"}], "text": [{}]}},
        {"css": "s", "merge": true, "each": {"kind": [{"constant": "prohibition"}], "text": [{}]}},
    ]);
    let trace = trace_of(
        "requisites",
        &rules,
        "<script id=data>{\"rules\": [\"26012\", \"x < y\"]}</script><em>1</em><s>31252</s>",
    );
    assert_eq!(trace.value.unwrap().as_array().unwrap().len(), 3);
    let names: Vec<_> = trace.rules.iter().map(|rule| rule.rule.as_str()).collect();
    assert_eq!(names, ["requisites[0]", "requisites[2]"]);
    let found: Vec<_> = trace.rules[0].found.iter().map(|piece| (&piece.place, piece.raw.as_str())).collect();
    let at = |index: u8| FoundAt::Json { pointer: format!("/rules/{index}") };
    assert_eq!(found, [(&at(0), "26012"), (&at(1), "x < y")]);
}

#[test]
fn a_page_that_is_no_unit_is_traced_too_and_what_is_shown_is_bounded() {
    let source = preset("tables");
    let (verdict, traced) = trace_page(&source, None, &page("/units/INFO2222", "<h1>About</h1>"));
    assert!(matches!(verdict, Verdict::NotAUnit { .. }));
    assert_eq!(traced[0].rules[0].found[0].raw, "About");
    let rules = json!([{"css": "li", "each": {"name": [{}]}}]);
    let long =
        trace_of("contacts", &rules, &format!("<ul>{}</ul>", format!("<li>{}</li>", "ä".repeat(400)).repeat(40)));
    assert_eq!(long.rules[0].found.len(), 10);
    assert_eq!(long.rules[0].found[0].raw.chars().count(), 301);
    let (verdict, traced) = trace_page(&source, None, &page("/units/INFO2222", &"<div>".repeat(2000)));
    assert!(matches!(verdict, Verdict::NotAUnit { .. }) && traced.is_empty());
    let followed = json!([{"css": "h1", "page": "rules"}]);
    assert_eq!(read_fact_page(&followed), RuleOutcome::NoPage);
    assert_eq!(read_fact("faculty", &json!([{"css": "b"}]), "<b>Law</b>"), "Law");
}

fn read_fact_page(rules: &Value) -> RuleOutcome {
    let document = json!({
        "origins": [ORIGIN], "start": [{"kind": "listing", "url": format!("{ORIGIN}/all")}],
        "unitUrl": "/unit/(?<code>\\w+)$", "recognise": {"unit": [{"css": "h1"}]},
        "page": {"steps": [{"kind": "follow", "selector": "a", "name": "rules"}]},
        "facts": {"code": [{"css": "h1"}], "title": [{"css": "h2"}], "faculty": rules},
    });
    let (_, traced) = trace_page(&Source::parse(&document).unwrap(), None, &page("/unit/1", "<h1>31251</h1>"));
    traced.into_iter().find(|trace| trace.fact.as_str() == "faculty").unwrap().rules[0].outcome.clone()
}
