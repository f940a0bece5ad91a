//! Figures are counted now and then, and asked for at any time.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use chrono::{TimeDelta, Utc};
use rmu_catalogue::figures::{Days, count_if_due, newest, series};

#[tokio::test]
async fn each_day_keeps_what_was_last_counted() {
    let catalogue = Catalogue::start().await;
    let database = &catalogue.database;
    assert_eq!(newest(database).await.unwrap(), None);
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let start = Utc::now();
    let (one, other) = tokio::join!(count_if_due(database, start), count_if_due(database, start));
    assert!(one.unwrap() || other.unwrap());
    assert!(!count_if_due(database, start + TimeDelta::minutes(9)).await.unwrap(), "it was counted just now");
    write_review(database, unit, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap();
    assert_eq!(newest(database).await.unwrap().unwrap().figures.reviews, 0, "asking does not count");
    let next = start + TimeDelta::days(1);
    for at in [next, next + TimeDelta::seconds(601)] {
        assert!(count_if_due(database, at).await.unwrap());
    }
    let (first, last) = (start.date_naive(), (next + TimeDelta::seconds(601)).date_naive());
    let days = series(database, Days::new(first, last).unwrap()).await.unwrap();
    assert_eq!((days[0].day, days[0].figures.units, days[0].figures.reviews), (first, 1, 0));
    let newest = newest(database).await.unwrap().unwrap();
    assert_eq!((days.last(), newest.figures.reviews, newest.figures.universities), (Some(&newest), 1, 1));
}
