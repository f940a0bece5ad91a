//! Units side by side.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::comparisons::{Compared, ComparedUnits, compare};
use rmu_domain::{facts::FactName, ids::UnitId};
use std::collections::BTreeSet;

async fn compared(catalogue: &Catalogue, ids: &[UnitId]) -> Compared {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    compare(&catalogue.database, &ComparedUnits::parse(&ids.join(",")).unwrap()).await.unwrap()
}

#[tokio::test]
async fn units_of_several_universities_stand_side_by_side_in_the_order_asked_for() {
    let catalogue = Catalogue::start().await;
    let (north, south) = (catalogue.university("northfield").await, catalogue.university("southbank").await);
    let same = Unit { code: "31251", title: "Algorithms", credit_points: Some("6"), ..Unit::default() };
    let one = catalogue.unit(north, same).await;
    let two = catalogue.unit(south, Unit { credit_points: Some("12"), ..same }).await;
    write_review(&catalogue.database, two, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap();
    let Compared::SideBySide { units, differing } = compared(&catalogue, &[two, one]).await else {
        panic!("both exist");
    };
    let shown: Vec<_> =
        units.iter().map(|unit| (unit.id, unit.university.slug.as_str(), unit.score.summary.reviews)).collect();
    assert_eq!(shown, [(two, "southbank", 1), (one, "northfield", 0)]);
    assert_eq!(differing, BTreeSet::from([FactName::CreditPoints]));
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let one = catalogue.unit(north, Unit { code: "31251", title: "Algorithms", ..Unit::default() }).await;
    let (nobody, nothing) = (UnitId::new(), UnitId::new());
    assert_eq!(compared(&catalogue, &[nobody, one, nothing]).await, Compared::Unknown(vec![nobody, nothing]));
}
