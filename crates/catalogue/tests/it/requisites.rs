//! Which units require which: kept by the ingest, followed in both directions.

use crate::stage::{Stage, list, read, slug};
use rmu_catalogue::{
    CatalogueError,
    ingest::TaskOutcome,
    page::PageLimit,
    requisites::{RequisiteGraph, eligibility, of_unit},
    units::{Candidate, Identified, UnitKey, identify},
};
use rmu_domain::{
    facts::{FactName, Gap},
    requisite::{
        Requisite, RequisiteKind,
        eligibility::{Achieved, Holds},
    },
    unit_code::UnitCode,
};
use std::collections::BTreeMap;

const EDGES: &str = "SELECT unit.code || ' ' || kind || ' ' || edge.code_normalised
     FROM unit_requisites AS edge JOIN units AS unit ON unit.id = edge.unit_id ORDER BY 1";

async fn edges(stage: &Stage) -> Vec<String> {
    stage.inside.query(EDGES, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Reads pages that say this of their requisites, all of them prerequisites unless labelled.
async fn ingest(stage: &Stage, year: u16, pages: &[(&str, &str)]) {
    let codes: Vec<&str> = pages.iter().map(|(code, _)| *code).collect();
    stage.widen_windows().await;
    stage.start(1000, list(&codes)).await;
    for task in stage.dispatch().await {
        let (code, text) = pages.iter().find(|(code, _)| task.target.url().ends_with(code)).unwrap();
        let mut read = read(code, year, "A unit");
        read.record.facts.requisites = Requisite::read(Some(RequisiteKind::Prerequisite), text);
        stage.answer(&task, TaskOutcome::Unit(Box::new(read))).await;
    }
}

async fn unit(stage: &Stage, code: &str) -> Candidate {
    let key = UnitKey::parse(code).unwrap();
    match identify(&stage.database, &key, Some(&slug("northfield"))).await.unwrap() {
        Identified::One(unit) => unit,
        Identified::Ambiguous(_) => panic!("{code} is ambiguous"),
    }
}

async fn graph(stage: &Stage, code: &str) -> RequisiteGraph {
    of_unit(&stage.database, &unit(stage, code).await, None, PageLimit::default()).await.unwrap()
}

fn codes<'a>(units: impl IntoIterator<Item = &'a rmu_catalogue::requisites::NamedUnit>) -> Vec<&'a str> {
    units.into_iter().map(|unit| unit.code.as_str()).collect()
}

#[tokio::test]
async fn the_newest_version_decides_what_a_unit_requires() {
    let stage = Stage::new().await;
    ingest(&stage, 2026, &[("31251", "26012 AND (48730 OR FIT-2004). Prohibition: 31252"), ("26012", "A good mark")])
        .await;
    let first = ["31251 prerequisite 26012", "31251 prerequisite 48730", "31251 prerequisite FIT2004"];
    assert_eq!(edges(&stage).await, [&first[..], &["31251 prohibition 31252"]].concat());
    ingest(&stage, 2025, &[("31251", "11111")]).await;
    assert_eq!(edges(&stage).await.len(), 4, "an older year is history");
    ingest(&stage, 2026, &[("31251", "48730")]).await;
    assert_eq!(edges(&stage).await, ["31251 prerequisite 48730"]);
    ingest(&stage, 2026, &[("31251", "")]).await;
    assert!(edges(&stage).await.is_empty());
}

#[tokio::test]
async fn the_back_fill_of_the_migration_is_what_the_ingest_keeps() {
    let stage = Stage::new().await;
    let pages = [
        ("31251", "(26012 AND 31251) OR 48730, and 26012. Corequisite: 48024. Incompatible with 31252 and FIT-2004"),
        ("26012", "24 credit points at level 2"),
        ("48730", ""),
    ];
    ingest(&stage, 2026, &pages).await;
    ingest(&stage, 2024, &[("26012", "99999")]).await;
    let kept = edges(&stage).await;
    assert_eq!(kept.len(), 6, "{kept:?}");
    let down = include_str!("../../migrations/2026-11-24-000401_unit_requisites/down.sql");
    let up = include_str!("../../migrations/2026-11-24-000401_unit_requisites/up.sql");
    stage.inside.batch_execute(down).await.unwrap();
    stage.inside.batch_execute(up).await.unwrap();
    assert_eq!(edges(&stage).await, kept);
}

#[tokio::test]
async fn codes_lead_to_units_or_are_dead() {
    let stage = Stage::new().await;
    ingest(&stage, 2026, &[("31251", "26012 OR 48730"), ("26012", "")]).await;
    let known = graph(&stage, "31251").await.known;
    let code = |raw| UnitCode::parse(raw).unwrap();
    assert_eq!(known.unit(&code("26012")).map(|unit| unit.title.as_str()), Some("A unit"));
    assert_eq!(known.unit(&code("48730")), None);
    assert_eq!((known.requisites.as_ref().unwrap().len(), known.gap), (1, None));
}

#[tokio::test]
async fn what_a_unit_unlocks_is_paged_and_counted() {
    let stage = Stage::new().await;
    let many: Vec<String> = (0..7).map(|number| format!("U{number}")).collect();
    let mut pages: Vec<(&str, &str)> = many.iter().map(|code| (code.as_str(), "31251 OR 26012")).collect();
    pages.extend([("31251", ""), ("26012", ""), ("X1", "Corequisite: 31251"), ("X2", "Prohibition: 31251")]);
    ingest(&stage, 2026, &pages).await;
    let unit = unit(&stage, "31251").await;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(3).unwrap();
        let page = of_unit(&stage.database, &unit, cursor.as_deref(), limit).await.unwrap().unlocks;
        assert_eq!(page.total.to_string(), "7");
        found.extend(page.entries.into_iter().map(|unit| unit.code));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found, many);
    let foreign = of_unit(&stage.database, &unit, Some("bm9uZQ"), PageLimit::default()).await.unwrap_err();
    assert!(matches!(foreign, CatalogueError::Invalid { field, .. } if field == "cursor"));
}

#[tokio::test]
async fn circles_are_shown_to_each_of_their_units() {
    let stage = Stage::new().await;
    let pages = [
        ("AAA101", "BBB101 OR CCC101"),
        ("BBB101", "CCC101 AND DDD101"),
        ("CCC101", "AAA101"),
        ("DDD101", "DDD101"),
        ("EEE101", "AAA101"),
    ];
    ingest(&stage, 2026, &pages).await;
    let circles = async |code| -> Vec<Vec<String>> {
        let cycles = graph(&stage, code).await.cycles;
        cycles.iter().map(|cycle| codes(cycle).into_iter().map(str::to_owned).collect()).collect()
    };
    assert_eq!(circles("AAA101").await, [vec!["AAA101", "CCC101"], vec!["AAA101", "BBB101", "CCC101"]]);
    assert_eq!(circles("BBB101").await, [["BBB101", "CCC101", "AAA101"]]);
    assert_eq!(circles("DDD101").await, [["DDD101"]]);
    assert!(circles("EEE101").await.is_empty(), "it leads into a circle and is in none");
}

#[tokio::test]
async fn eligibility_is_judged_by_the_newest_version() {
    let stage = Stage::new().await;
    ingest(&stage, 2026, &[("31251", "26012. Prohibition: 31252"), ("26012", "A good mark")]).await;
    let passed = |codes: &[&str]| {
        Achieved::new(codes.iter().map(|raw| UnitCode::parse(raw).unwrap()), None, BTreeMap::new()).unwrap()
    };
    for (code, passed, expected) in [
        ("31251", passed(&["26012"]), Holds::Yes),
        ("31251", passed(&[]), Holds::No),
        ("31251", passed(&["26012", "31252"]), Holds::No),
        ("26012", passed(&["31251"]), Holds::Unknown),
    ] {
        let judged = eligibility(&stage.database, &unit(&stage, code).await, &passed).await.unwrap();
        assert_eq!(judged.may_take, expected, "{code} with {passed:?}");
    }
}

#[tokio::test]
async fn requisites_that_are_not_given_are_a_gap() {
    let stage = Stage::new().await;
    stage.start(10, list(&["31251"])).await;
    let task = stage.dispatch().await.remove(0);
    let mut unread = read("31251", 2026, "A unit");
    unread.record.gaps.insert(FactName::Requisites, Gap::Absent);
    stage.answer(&task, TaskOutcome::Unit(Box::new(unread))).await;
    let known = graph(&stage, "31251").await.known;
    assert_eq!((known.requisites, known.gap), (None, Some(Gap::Absent)));
}
