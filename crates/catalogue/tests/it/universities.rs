//! Universities with what the catalogue holds of them.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{page::PageLimit, university_profiles};
use rmu_domain::slug::Slug;

#[tokio::test]
async fn a_university_shows_its_counts_and_freshness() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    catalogue.university("empty").await;
    for code in ["A1", "A2"] {
        let unit = catalogue.unit(north, Unit { code, title: "Physics", ..Unit::default() }).await;
        write_review(&catalogue.database, unit, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap();
    }
    let profile = university_profiles::find(&catalogue.database, &Slug::parse("northfield").unwrap()).await.unwrap();
    assert_eq!((profile.units, profile.reviews), (2, 2));
    assert_eq!((profile.faculties[0].name.as_str(), profile.faculties[0].units), ("Engineering", 2));
    assert!(profile.last_read_at.is_some());
    let empty = university_profiles::find(&catalogue.database, &Slug::parse("empty").unwrap()).await.unwrap();
    assert_eq!((empty.units, empty.last_read_at), (0, None));
    assert!(university_profiles::find(&catalogue.database, &Slug::parse("nowhere").unwrap()).await.is_err());
}

#[tokio::test]
async fn the_list_goes_on_where_the_page_ended() {
    let catalogue = Catalogue::start().await;
    for slug in ["cc", "aa", "bb"] {
        catalogue.university(slug).await;
    }
    let limit = PageLimit::new(2).unwrap();
    let first = university_profiles::list(&catalogue.database, None, limit).await.unwrap();
    let second = university_profiles::list(&catalogue.database, first.next.as_deref(), limit).await.unwrap();
    let slugs: Vec<_> = first.entries.iter().chain(&second.entries).map(|p| p.university.slug.as_str()).collect();
    assert_eq!(slugs, ["aa", "bb", "cc"]);
    assert_eq!((first.total.to_string().as_str(), second.next), ("3", None));
}
