//! All units in batches.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::export::{BATCH, ExportedUnit, batch};

async fn all(catalogue: &Catalogue) -> (Vec<ExportedUnit>, usize) {
    let (mut units, mut place, mut batches) = (Vec::new(), None, 0);
    loop {
        let batch = batch(&catalogue.database, place.as_ref()).await.unwrap();
        assert!(batch.units.len() <= BATCH);
        units.extend(batch.units);
        batches += 1;
        place = batch.next;
        if place.is_none() {
            return (units, batches);
        }
    }
}

#[tokio::test]
async fn every_unit_is_in_one_batch() {
    let catalogue = Catalogue::start().await;
    assert!(all(&catalogue).await.0.is_empty());
    for slug in ["northfield", "southbank"] {
        let university = catalogue.university(slug).await;
        let sql = "INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
                   SELECT gen_random_uuid(), $1, 'N' || n, 'N' || n, 'Unit ' || n, now(), now()
                   FROM generate_series(1, $2) AS n";
        let count = i32::try_from(BATCH).unwrap() + 1;
        catalogue.client.execute(sql, &[&university.as_uuid(), &count]).await.unwrap();
    }
    let (units, batches) = all(&catalogue).await;
    let names: std::collections::BTreeSet<_> = units.iter().map(|unit| (&unit.university, &unit.code)).collect();
    assert_eq!((units.len(), names.len(), batches), (2 * BATCH + 2, 2 * BATCH + 2, 3));
}

#[tokio::test]
async fn fewer_than_three_reviews_are_counted_and_no_more() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = Unit { code: "09009", title: "A", credit_points: Some("0"), level: Some(2), ..Unit::default() };
    let unit = catalogue.unit(north, unit).await;
    for count in 1..=3_u32 {
        write_review(&catalogue.database, unit, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap();
        let exported = all(&catalogue).await.0.remove(0);
        assert_eq!((exported.reviews, exported.aggregates.is_some()), (count, count >= 3));
    }
    let exported = all(&catalogue).await.0.remove(0);
    assert_eq!((exported.code.as_str(), exported.level, exported.year), ("09009", Some(2), None));
    assert_eq!(exported.credit_points.unwrap().to_string(), "0");
    assert_eq!(exported.aggregates.unwrap().distribution, [0, 0, 0, 3, 0]);
}
