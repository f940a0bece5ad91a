//! What handbooks said of a unit over the years.

use crate::stage::{Stage, list, read};
use rmu_catalogue::{
    CatalogueError,
    history::{Comparison, History, VersionKey, compare, of_unit},
    ingest::TaskOutcome,
    page::PageLimit,
    units::{Identified, UnitKey, identify},
};
use rmu_domain::{
    facts::{FactName, Standing},
    ids::{UnitId, VersionId},
    year::Year,
};

/// Reads the page of `code` as it stands in the handbook of a year.
async fn ingest(stage: &Stage, code: &str, year: u16, title: &str, status: Option<&str>) {
    stage.start(1000, list(&[code])).await;
    let task = stage.dispatch().await.remove(0);
    let mut read = read(code, year, title);
    read.record.facts.status = status.map(str::to_owned);
    stage.answer(&task, TaskOutcome::Unit(Box::new(read))).await;
}

async fn id(stage: &Stage, code: &str) -> UnitId {
    match identify(&stage.database, &UnitKey::parse(code).unwrap(), None).await.unwrap() {
        Identified::One(unit) => unit.id,
        Identified::Ambiguous(_) => panic!("{code} is ambiguous"),
    }
}

async fn history(stage: &Stage, code: &str) -> History {
    of_unit(&stage.database, id(stage, code).await, None, PageLimit::default()).await.unwrap()
}

fn year(year: u16) -> VersionKey {
    VersionKey::Year(Year::new(year).unwrap())
}

#[tokio::test]
async fn versions_are_listed_by_handbook_the_newest_first() {
    let stage = Stage::new().await;
    for (year, title) in [(2026, "Third"), (2024, "First"), (2025, "Second"), (2024, "First, mended"), (2026, "Third")]
    {
        ingest(&stage, "31251", year, title, None).await;
    }
    let unit = id(&stage, "31251").await;
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let limit = PageLimit::new(1).unwrap();
        let page = of_unit(&stage.database, unit, cursor.as_deref(), limit).await.unwrap().page;
        assert_eq!(page.total.to_string(), "4");
        found.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let shown: Vec<_> = found.iter().map(|note| (note.year.unwrap(), note.title.as_str(), note.is_shown)).collect();
    let expected =
        [(2026, "Third", true), (2025, "Second", false), (2024, "First, mended", false), (2024, "First", false)];
    assert_eq!(shown, expected);
    let error = of_unit(&stage.database, UnitId::new(), None, PageLimit::default()).await.unwrap_err();
    assert!(matches!(error, CatalogueError::NotFound { what: "unit" }));
}

#[tokio::test]
async fn two_versions_are_compared_by_year_or_id() {
    let stage = Stage::new().await;
    for (year, title) in [(2024, "First"), (2024, "First, mended"), (2026, "Third")] {
        ingest(&stage, "31251", year, title, None).await;
    }
    ingest(&stage, "48730", 2026, "Another unit", None).await;
    let unit = id(&stage, "31251").await;
    let compared = compare(&stage.database, unit, year(2024), year(2026)).await.unwrap();
    assert_eq!((compared.from.title.as_str(), compared.to.title.as_str()), ("First, mended", "Third"));
    assert_eq!(compared.difference.facts(), [FactName::Title]);
    let first = history(&stage, "31251").await.page.entries.pop().unwrap();
    let within = compare(&stage.database, unit, VersionKey::Id(first.id), year(2024)).await.unwrap();
    assert_eq!((within.from.title.as_str(), within.to.title.as_str()), ("First", "First, mended"));
    let Comparison { difference, .. } = compare(&stage.database, unit, year(2026), year(2026)).await.unwrap();
    assert!(difference.facts().is_empty());
    let elsewhere = history(&stage, "48730").await.page.entries[0].id;
    for (from, to) in [
        (year(2025), year(2026)),
        (year(2024), year(2025)),
        (VersionKey::Id(elsewhere), year(2026)),
        (year(2026), VersionKey::Id(VersionId::new())),
    ] {
        let error = compare(&stage.database, unit, from, to).await.unwrap_err();
        assert!(matches!(error, CatalogueError::NotFound { .. }), "{from:?} {to:?}: {error}");
    }
}

#[tokio::test]
async fn a_unit_that_is_no_longer_taught_stays_readable_and_says_so() {
    let stage = Stage::new().await;
    ingest(&stage, "31251", 2026, "Current", Some("Active")).await;
    ingest(&stage, "31252", 2026, "Retired", Some("Retired")).await;
    ingest(&stage, "31253", 2024, "Gone", Some("Active")).await;
    for (code, standing) in
        [("31251", Standing::Current), ("31252", Standing::Retired), ("31253", Standing::NotInNewestHandbook)]
    {
        let history = history(&stage, code).await;
        assert_eq!((history.standing, history.newest_year, history.page.entries.len()), (standing, Some(2026), 1));
    }
}
