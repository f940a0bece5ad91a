//! One unit, by id or by code.

use crate::support::{self, Catalogue, Unit};
use rmu_catalogue::{
    CatalogueError,
    units::{self, Identified, UnitDetail, UnitKey, identify},
};
use rmu_domain::{
    facts::{FactName, Gap},
    ids::UnitId,
    slug::Slug,
};

async fn detail(catalogue: &Catalogue, key: &str, university: Option<&str>) -> UnitDetail {
    let university = university.map(|slug| Slug::parse(slug).unwrap());
    support::detail(catalogue, &UnitKey::parse(key).unwrap(), university.as_ref()).await
}

#[tokio::test]
async fn a_unit_shows_its_facts_gaps_and_where_they_came_from() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = Unit { code: "FIT-2004", title: "Algorithms", credit_points: Some("3.2"), ..Unit::default() };
    let id = catalogue.unit(north, unit).await;
    for key in ["FIT-2004", "fit 2004", "FIT2004", &id.to_string(), &id.to_string().to_uppercase()] {
        let detail = detail(&catalogue, key, None).await;
        assert_eq!(detail.id, id, "{key}");
        assert_eq!(detail.record.facts.credit_points.unwrap().to_string(), "3.2");
        assert_eq!(detail.record.facts.description, None);
        assert_eq!(detail.record.gaps[&FactName::School], Gap::Absent);
        assert_eq!(detail.record.origins[&FactName::Title].rule, "title[0]");
        assert_eq!((detail.read.version, detail.read.rules_version), (1, 1));
        assert_eq!(detail.read.source_slug, "northfield-handbook");
        assert_eq!(detail.read.fetched_at.to_rfc3339(), "2026-03-01T10:00:00+00:00");
        assert_eq!((detail.score.summary.reviews, detail.score.summary.means), (0, None));
    }
}

#[tokio::test]
async fn a_code_of_two_universities_is_ambiguous_until_one_is_named() {
    let catalogue = Catalogue::start().await;
    for slug in ["northfield", "southbank"] {
        let university = catalogue.university(slug).await;
        catalogue.unit(university, Unit { code: "31251", title: slug, ..Unit::default() }).await;
    }
    let key = UnitKey::parse("31251").unwrap();
    let Identified::Ambiguous(candidates) = identify(&catalogue.database, &key, None).await.unwrap() else {
        panic!("one of two was chosen");
    };
    let slugs: Vec<_> = candidates.iter().map(|candidate| candidate.university.slug.as_str()).collect();
    assert_eq!(slugs, ["northfield", "southbank"]);
    assert_eq!(detail(&catalogue, "31251", Some("southbank")).await.record.facts.title, "southbank");
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let id = catalogue.unit(north, Unit { code: "31251", title: "Algorithms", ..Unit::default() }).await;
    catalogue.university("southbank").await;
    let elsewhere = Slug::parse("southbank").unwrap();
    for (key, university) in [
        (UnitKey::parse("99999").unwrap(), None),
        (UnitKey::Id(UnitId::new()), None),
        (UnitKey::parse("31251").unwrap(), Some(&elsewhere)),
        (UnitKey::Id(id), Some(&elsewhere)),
    ] {
        let error = identify(&catalogue.database, &key, university).await.unwrap_err();
        assert!(matches!(error, CatalogueError::NotFound { what: "unit" }), "{key:?}: {error}");
    }
    let error = units::detail(&catalogue.database, UnitId::new()).await.unwrap_err();
    assert!(matches!(error, CatalogueError::NotFound { what: "unit" }), "{error}");
}
