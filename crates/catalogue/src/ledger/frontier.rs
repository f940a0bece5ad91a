//! Letting children in as room appears.

use crate::{
    CatalogueError,
    ledger::expansion,
    store::{expansions, frontier, jobs, tasks},
};
use rmu_domain::ids::JobId;
use rmu_postgres::{AsyncPgConnection, Database};

/// So many at once, so that nobody waits long for the ledger's lock.
const BATCH: u32 = 500;

/// Turns waiting children of running jobs into tasks while there is room; the jobs share it evenly. A tenth of
/// `limit` is left to new jobs, so that one large handbook does not shut everybody else out for hours.
/// Returns how many became tasks; when it is not zero there may be more.
pub async fn admit_frontier(database: &Database, limit: u32) -> Result<u32, CatalogueError> {
    // Almost always nothing waits: look without a lock first.
    if !jobs::any_with_frontier(&mut *database.connection().await?).await? {
        return Ok(0);
    }
    database
        .transaction(async |connection| {
            tasks::lock_ledger(connection).await?;
            let ceiling = if limit >= 10 { limit - limit / 10 } else { limit };
            let room = ceiling.saturating_sub(tasks::count_live(connection).await?).min(BATCH);
            if room == 0 {
                return Ok(0);
            }
            let waiting = jobs::lock_with_frontier(connection).await?;
            let share = room.div_ceil(u32::try_from(waiting.len()).unwrap_or(1).max(1));
            let mut left = room;
            for job in waiting {
                let (taken, admitted) = frontier::admit(connection, job.id, job.source, share.min(left)).await?;
                let delta =
                    jobs::Delta { frontier: -taken, live: admitted, skipped: taken - admitted, ..Default::default() };
                jobs::apply(connection, job.id, delta).await?;
                left = left.saturating_sub(u32::try_from(admitted).unwrap_or_default());
                // Codes count when they are used: those that came to nothing must not end the round.
                let more = share.min(left).saturating_sub(u32::try_from(taken).unwrap_or_default());
                let (used, made) = expansion::admit(connection, job, more).await?;
                let delta = jobs::Delta { frontier: -used, live: made, skipped: used - made, ..Default::default() };
                if used > 0 {
                    jobs::apply(connection, job.id, delta).await?;
                    left = left.saturating_sub(u32::try_from(used).unwrap_or_default());
                }
                if left == 0 {
                    break;
                }
            }
            Ok(room - left)
        })
        .await
}

/// Drops what of a locked job waits to become tasks; how many pages that would have been.
pub(super) async fn drop_waiting(connection: &mut AsyncPgConnection, job: JobId) -> Result<i32, CatalogueError> {
    Ok(frontier::clear(connection, job).await? + expansions::clear(connection, job).await?)
}
