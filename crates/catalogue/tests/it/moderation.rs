//! Cases of reviews that moderators look at.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError,
    moderation::{CaseCause, open_case},
};
use rmu_domain::ids::{CaseId, ReviewId};

async fn open(catalogue: &Catalogue, review: ReviewId, cause: CaseCause) -> Result<CaseId, CatalogueError> {
    catalogue.database.transaction(async |connection| open_case(connection, review, cause).await).await
}

#[tokio::test]
async fn of_a_review_one_case_waits_however_many_open_it() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
    let review = write_review(&catalogue.database, unit, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap().id;
    let opened = (0..20).map(|_| open(&catalogue, review, CaseCause::Reports));
    let cases: Vec<CaseId> = futures_util::future::join_all(opened).await.into_iter().map(Result::unwrap).collect();
    assert!(cases.iter().all(|case| *case == cases[0]), "{cases:?}");
    assert_eq!(open(&catalogue, review, CaseCause::Burst).await.unwrap(), cases[0]);
    catalogue.client.batch_execute("UPDATE moderation_cases SET state = 'decided'").await.unwrap();
    assert_ne!(open(&catalogue, review, CaseCause::Burst).await.unwrap(), cases[0], "what was decided is past");
    let missing = open(&catalogue, ReviewId::new(), CaseCause::Reports).await;
    assert!(matches!(missing, Err(CatalogueError::NotFound { what: "review" })));
}
