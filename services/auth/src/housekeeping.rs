//! Removes what nobody needs any more: expired links, old sessions, sent mail, accounts that never were.

use crate::{
    AuthContext,
    store::{accounts, digests, mail_outbox, sessions, verifications},
};
use chrono::{TimeDelta, Utc};
use rmu_postgres::DatabaseError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(3600);
const KEEP_SESSIONS: TimeDelta = TimeDelta::days(30);
const KEEP_MAIL: TimeDelta = TimeDelta::days(7);
/// Much longer than a digest may be on its way.
const KEEP_DIGESTS: TimeDelta = TimeDelta::days(60);
const KEEP_UNVERIFIED: TimeDelta = TimeDelta::days(7);

/// Cleans up every hour until `stop`. Several copies may do so at once.
pub(crate) async fn run(context: AuthContext, stop: CancellationToken) {
    loop {
        match clean_up(&context).await {
            Ok(removed) => tracing::debug!(removed, "cleaned up"),
            Err(error) => tracing::warn!(%error, "could not clean up"),
        }
        // Not all copies at the same moment.
        let pause = EVERY.mul_f64(0.9 + 0.2 * rand::random::<f64>());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// How many rows were removed.
async fn clean_up(context: &AuthContext) -> Result<usize, DatabaseError> {
    let mut connection = context.database.connection().await?;
    let now = Utc::now();
    Ok(verifications::delete_expired(&mut connection).await?
        + sessions::delete_old(&mut connection, now - KEEP_SESSIONS).await?
        + mail_outbox::delete_done(&mut connection, now - KEEP_MAIL).await?
        + digests::delete_before(&mut connection, (now - KEEP_DIGESTS).date_naive()).await?
        + accounts::delete_unverified(&mut connection, now - KEEP_UNVERIFIED).await?)
}
