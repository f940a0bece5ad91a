//! Takes in what the auth service tells of accounts.

use crate::{AppState, cache::Scope};
use rmu_catalogue::{
    CatalogueError,
    accounts::{AccountChange, apply},
};
use rmu_domain::{
    ParseError,
    account::{Nickname, ReviewsLeft, Role},
    ids::AccountId,
};
use rmu_messaging::{
    Consumer, Outcome,
    contracts::events::{AccountChangeV1, AccountChangedV1, ReviewsLeftV1},
    topology::ACCOUNT_EVENTS,
};
use rmu_postgres::DatabaseError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Few, and each may touch many reviews.
const AT_ONCE: u16 = 2;
const HANDLER_LIMIT: Duration = Duration::from_secs(60);

/// Applies changes until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    let broker = state.broker.clone();
    let handle = move |message: AccountChangedV1, _| {
        let state = state.clone();
        async move { take_in(&state, message).await }
    };
    Consumer::new(&broker, ACCOUNT_EVENTS, AT_ONCE).handler_limit(HANDLER_LIMIT).run(handle, stop).await;
}

async fn take_in(state: &AppState, message: AccountChangedV1) -> Outcome {
    let account = AccountId::from(message.account_id);
    let name = message.change.name();
    let change = match parse(message.change) {
        Ok(Some(change)) => change,
        Ok(None) => return Outcome::Ack,
        Err(error) => return Outcome::dead(error),
    };
    match apply(&state.database, account, &change, message.at).await {
        Ok(()) => {
            if matches!(change, AccountChange::Renamed(_) | AccountChange::Deleted(_)) {
                // Reviews of any unit may show another name, or be gone.
                state.cache.changed(&[Scope::Everything]).await;
            }
            metrics::counter!("rmu_account_changes_total", "change" => name).increment(1);
            tracing::info!(account_id = %account, change = name, "an account changed");
            Outcome::Ack
        }
        Err(error) if is_passing(&error) => Outcome::retry(error),
        Err(error) => {
            tracing::error!(account_id = %account, change = name, %error, "a change of an account cannot be applied");
            Outcome::dead(error)
        }
    }
}

/// `None` for what does not concern the catalogue: tokens say whether an address is verified.
fn parse(change: AccountChangeV1) -> Result<Option<AccountChange>, ParseError> {
    Ok(Some(match change {
        AccountChangeV1::Verified => return Ok(None),
        AccountChangeV1::Renamed { nickname } => AccountChange::Renamed(Nickname::parse(&nickname)?),
        AccountChangeV1::Banned { until } => AccountChange::Banned(until),
        AccountChangeV1::Unbanned => AccountChange::Unbanned,
        AccountChangeV1::RoleChanged { role } => AccountChange::RoleChanged(Role::parse(&role)?),
        AccountChangeV1::Deleted { reviews } => AccountChange::Deleted(match reviews {
            ReviewsLeftV1::Anonymise => ReviewsLeft::Anonymise,
            ReviewsLeftV1::Remove => ReviewsLeft::Remove,
        }),
    }))
}

/// Whether the same change may be applied later: the database was away or busy.
fn is_passing(error: &CatalogueError) -> bool {
    matches!(
        error,
        CatalogueError::Database(
            DatabaseError::Unavailable(_) | DatabaseError::Timeout(_) | DatabaseError::Conflict(_)
        )
    )
}
