//! Which artefacts of failures tasks remember. The artefacts themselves are elsewhere and may be gone.

use crate::{CatalogueError, store::artefacts as store};
use rmu_domain::{
    artefact::{AttemptId, KeptArtefacts},
    ids::{JobId, TaskId},
};
use rmu_postgres::Database;
use std::collections::HashSet;

/// What was kept of the newest failure of a task of this job; `None` when nothing was.
pub async fn artefacts_of(
    database: &Database,
    job: JobId,
    task: TaskId,
) -> Result<Option<KeptArtefacts>, CatalogueError> {
    let found = store::of_task(&mut *database.connection().await?, job, task).await?;
    found.ok_or(CatalogueError::NotFound { what: "task" })
}

/// Those of `attempts` that no task remembers.
pub async fn unremembered_artefacts(
    database: &Database,
    attempts: &[AttemptId],
) -> Result<HashSet<AttemptId>, CatalogueError> {
    let remembered = store::remembered(&mut *database.connection().await?, attempts).await?;
    Ok(attempts.iter().copied().filter(|attempt| !remembered.contains(attempt)).collect())
}

/// Lets tasks forget what is about to be removed. What they remember of other attempts stays.
pub async fn forget_artefacts(database: &Database, attempts: &[AttemptId]) -> Result<(), CatalogueError> {
    Ok(store::forget(&mut *database.connection().await?, attempts).await?)
}
