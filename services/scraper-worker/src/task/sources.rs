//! Sources, checked and compiled once a version instead of once a task.

use super::failure::Ending;
use crate::fetch::Origins;
use rmu_domain::scrape::FailureKind;
use rmu_extraction::Source;
use rmu_messaging::contracts::scrape::SourceSnapshotV1;
use serde_json::Value;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use uuid::Uuid;

const MOST_KEPT: usize = 16;

/// A source ready for use.
pub(super) struct ReadySource {
    snapshot: SourceSnapshotV1,
    pub(super) source: Source,
    pub(super) origins: Origins,
    pub(super) gap: Duration,
}

/// The sources used last.
#[derive(Default)]
pub(super) struct Sources {
    kept: Mutex<Vec<Arc<ReadySource>>>,
}

impl Sources {
    pub(super) fn get(&self, snapshot: &SourceSnapshotV1) -> Result<Arc<ReadySource>, Ending> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Compared whole: a task carries its source, and that is what it is read by.
        if let Some(index) = kept.iter().position(|known| known.snapshot == *snapshot) {
            let known = kept.remove(index);
            kept.push(Arc::clone(&known));
            return Ok(known);
        }
        let ready = Arc::new(prepare(snapshot)?);
        if kept.len() >= MOST_KEPT {
            kept.remove(0);
        }
        kept.push(Arc::clone(&ready));
        Ok(ready)
    }
}

/// A draft, which is used once and kept by nobody.
pub(super) fn draft(definition: &Value) -> Result<ReadySource, Ending> {
    let slug = "draft".to_owned();
    prepare(&SourceSnapshotV1 { source_id: Uuid::nil(), slug, version: 0, definition: definition.clone() })
}

fn prepare(snapshot: &SourceSnapshotV1) -> Result<ReadySource, Ending> {
    let bad = |problem: String| Ending::failed(FailureKind::BadSource, problem);
    let source = Source::parse(&snapshot.definition).map_err(|errors| bad(errors.to_string()))?;
    let origins = Origins::parse(&source.document().origins).map_err(bad)?;
    let gap = Duration::from_millis(source.document().politeness.min_gap_ms);
    Ok(ReadySource { snapshot: snapshot.clone(), source, origins, gap })
}
