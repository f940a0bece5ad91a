//! Everything that is open about all units, batch by batch: no transaction and no connection is held while a reader
//! takes its time. A unit that changes meanwhile is told as it was or as it is, never half.

use crate::{
    CatalogueError,
    scores::{self, FEWEST_SHOWN_APART, Means, ScoreSummary},
    store::export as store,
};
use rmu_domain::{credit_points::CreditPoints, ids::UnitId};
use rmu_postgres::Database;
use uuid::Uuid;

/// So many units are in memory at once.
pub const BATCH: usize = 500;

/// A unit and what its reviews come to. Nothing here leads to a person.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportedUnit {
    pub id: UnitId,
    /// The slug of the university.
    pub university: String,
    pub code: String,
    pub title: String,
    pub year: Option<u16>,
    pub status: Option<String>,
    pub credit_points: Option<CreditPoints>,
    pub level: Option<u8>,
    pub faculty: Option<String>,
    pub reviews: u32,
    /// `None` while there are so few reviews that their authors could be guessed.
    pub aggregates: Option<Aggregates>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aggregates {
    pub means: Means,
    /// The share of 0 to 1.
    pub would_recommend: f64,
    /// How many gave an overall rating of 1, 2, 3, 4, 5.
    pub distribution: [u32; 5],
}

/// The place after which the next batch begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(crate) university: Uuid,
    pub(crate) code: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub units: Vec<ExportedUnit>,
    /// `None` after the last.
    pub next: Option<Place>,
}

/// The units after a place, by university and code.
pub async fn batch(database: &Database, after: Option<&Place>) -> Result<Batch, CatalogueError> {
    let mut connection = database.connection().await?;
    let (mut units, next) = store::batch(&mut connection, after).await?;
    let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
    let mut summaries = scores::summaries(&mut connection, &ids).await?;
    for unit in &mut units {
        let summary = summaries.remove(&unit.id).unwrap_or_default();
        unit.reviews = summary.reviews;
        unit.aggregates = aggregates(&summary);
    }
    Ok(Batch { units, next })
}

fn aggregates(summary: &ScoreSummary) -> Option<Aggregates> {
    if summary.reviews < FEWEST_SHOWN_APART {
        return None;
    }
    Some(Aggregates {
        means: summary.means?,
        would_recommend: summary.would_recommend?,
        distribution: summary.distribution,
    })
}
