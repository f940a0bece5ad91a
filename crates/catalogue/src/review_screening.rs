//! What a machine notices about a review that was just written. It accuses nobody: the review stays visible, and a
//! moderator is asked to look.

use crate::{
    CatalogueError,
    moderation::{self, CaseCause},
    reviews::Review,
    store::review_screening as store,
};
use chrono::Utc;
use rmu_domain::{
    burst::{self, Arrival},
    fingerprint::Shingles,
};
use rmu_postgres::AsyncPgConnection;
use std::time::Duration;

/// Texts that are compared whole with a new one. Those of copies that are already many are enough to tell.
const MOST_COMPARED: i64 = 50;

/// Keeps what the text is found by, and brings the review before the moderators if it is nearly another, came in a
/// burst, or follows one that was `withdrawn` from them. To be called in the transaction that writes it, before the
/// scores.
pub(crate) async fn screen(
    connection: &mut AsyncPgConnection,
    review: &Review,
    withdrawn: bool,
) -> Result<(), CatalogueError> {
    let cause = if withdrawn {
        Some(CaseCause::Resubmission)
    } else if is_nearly_another(connection, review).await? {
        Some(CaseCause::NearDuplicate)
    } else if review.edited_on.is_none() && comes_in_a_burst(connection, review).await? {
        Some(CaseCause::Burst)
    } else {
        None
    };
    if let Some(cause) = cause {
        moderation::open_case(connection, review.id, cause).await?;
    }
    Ok(())
}

async fn is_nearly_another(connection: &mut AsyncPgConnection, review: &Review) -> Result<bool, CatalogueError> {
    let Some(shingles) = review.text.as_deref().and_then(Shingles::of) else {
        store::forget_bands(connection, review.id).await?;
        return Ok(false);
    };
    let bands = shingles.bands();
    let candidates = store::texts_sharing(connection, &bands, review.id, MOST_COMPARED).await?;
    store::keep_bands(connection, review.id, &bands).await?;
    let mut others = candidates.iter().filter_map(|text| Shingles::of(text));
    Ok(others.any(|other| other.is_nearly(&shingles)))
}

async fn comes_in_a_burst(connection: &mut AsyncPgConnection, review: &Review) -> Result<bool, CatalogueError> {
    let most = i64::try_from(burst::MANY.max(burst::MANY_FRESH) * 2).unwrap_or(i64::MAX);
    let now = Utc::now();
    let arrivals = store::latest_arrivals(connection, review.unit, most).await?;
    let arrivals: Vec<Arrival> = arrivals
        .into_iter()
        .map(|(created_at, author)| {
            let made = author.and_then(|author| author.made_at()).and_then(|made| i64::try_from(made).ok());
            let age = made.map(|made| u64::try_from(created_at.timestamp() - made).unwrap_or_default());
            Arrival { ago: (now - created_at).to_std().unwrap_or_default(), account_age: age.map(Duration::from_secs) }
        })
        .collect();
    Ok(burst::is_burst(&arrivals))
}
