//! Sources: versioned rules, checked when they are stored.

use crate::stage::{Stage, definition, list, request, slug};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    ledger::start_scrape,
    sources::{create_source, get_source, list_sources, set_source_enabled, update_source},
};

#[tokio::test]
async fn rules_are_versioned_and_the_same_rules_make_no_version() {
    let stage = Stage::new().await;
    let handbook = slug("northfield-handbook");
    assert_eq!(update_source(&stage.database, &handbook, &definition(), None).await.unwrap().version, 1);
    let mut changed = definition();
    changed["politeness"] = serde_json::json!({ "minGapMs": 2000 });
    assert_eq!(update_source(&stage.database, &handbook, &changed, None).await.unwrap().version, 2);
    let source = get_source(&stage.database, &handbook).await.unwrap();
    assert_eq!((source.version, source.definition), (2, changed));
    assert_eq!(stage.count("source_versions").await, 2, "the old version stays, units name it");
    assert_eq!(list_sources(&stage.database).await.unwrap().len(), 1);
}

#[tokio::test]
async fn broken_rules_are_refused_whole() {
    let stage = Stage::new().await;
    let mut broken = definition();
    broken["facts"]["title"] = serde_json::json!([{ "css": "h1[" }, { "css": "h1", "regex": "(" }]);
    let error = create_source(&stage.database, &slug("northfield"), &slug("other"), &broken, None).await.unwrap_err();
    let CatalogueError::BadSource(mistakes) = &error else { panic!("{error}") };
    let places: Vec<&str> = mistakes.0.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(places, ["/facts/title/0/css", "/facts/title/1/regex"]);
    let missing = create_source(&stage.database, &slug("nowhere"), &slug("other"), &definition(), None).await;
    assert!(matches!(missing, Err(CatalogueError::NotFound { what: "university" })));
    let taken =
        create_source(&stage.database, &slug("northfield"), &slug("northfield-handbook"), &definition(), None).await;
    assert!(matches!(taken, Err(CatalogueError::Conflict { kind: ConflictKind::AlreadyExists, .. })));
}

#[tokio::test]
async fn a_source_that_is_off_is_not_scraped() {
    let stage = Stage::new().await;
    let handbook = slug("northfield-handbook");
    assert!(!set_source_enabled(&stage.database, &handbook, false, None).await.unwrap().enabled);
    let refused = start_scrape(&stage.database, 100, &request(list(&["31251"]))).await;
    assert!(matches!(refused, Err(CatalogueError::Conflict { .. })));
}
