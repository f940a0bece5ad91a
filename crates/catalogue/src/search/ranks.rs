//! What units are ranked by: kept as their scores change, and once a day because scores age.
//!
//! A score depends on the day and on the university's mean, both of which change without anybody reviewing the
//! unit. So the kept score is the shown one as of the unit's last review or of the daily round.

use crate::{
    CatalogueError,
    scores::{self, ScoreSummary},
    store::search::ranks::{self as store, Rank},
};
use rmu_domain::ids::UnitId;
use rmu_postgres::{AsyncPgConnection, Database, DatabaseError};

/// So many are ranked anew in one transaction of the daily round.
const BATCH: i64 = 200;

/// Ranks a unit by its aggregates as they are now; called in the transaction that changes them, after them.
pub(crate) async fn refresh(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<(), DatabaseError> {
    if store::lock(connection, unit).await? {
        write(connection, &[unit]).await?;
    }
    Ok(())
}

/// One step of the daily round: ranks the next units after `after` anew. Returns the last of them; `None` when the
/// round is over. Several copies of a service may do this at once.
pub async fn refresh_some(database: &Database, after: Option<UnitId>) -> Result<Option<UnitId>, CatalogueError> {
    database
        .transaction(async |connection| {
            let units = store::lock_some(connection, after, BATCH).await?;
            write(connection, &units).await?;
            Ok(units.last().copied())
        })
        .await
}

async fn write(connection: &mut AsyncPgConnection, units: &[UnitId]) -> Result<usize, DatabaseError> {
    if units.is_empty() {
        return Ok(0);
    }
    let summaries = scores::summaries(connection, units).await?;
    let ranks: Vec<Rank> = units.iter().map(|unit| rank(*unit, summaries.get(unit))).collect();
    store::write(connection, &ranks).await
}

fn rank(unit: UnitId, summary: Option<&ScoreSummary>) -> Rank {
    let reviews = summary.map_or(0, |summary| i32::try_from(summary.reviews).unwrap_or(i32::MAX));
    // To a hundredth as it is shown, so that whoever asks for 4.2 gets what shows 4.2.
    let score = summary.and_then(|summary| summary.means).map(|means| hundredths(means.overall));
    Rank { unit, reviews, score_hundredths: score }
}

fn hundredths(score: f64) -> i32 {
    // A score lies between 1 and 5, so the number of hundredths is exact and small.
    #[allow(clippy::cast_possible_truncation, reason = "at most 500")]
    let rounded = (score * 100.0).round() as i32;
    rounded.clamp(100, 500)
}
