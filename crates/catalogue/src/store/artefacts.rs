//! SQL of what tasks remember of artefacts.

use crate::store::schema::scrape_tasks as tasks;
use diesel::{prelude::*, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rmu_domain::{
    artefact::{AttemptId, KeptArtefacts},
    ids::{JobId, TaskId},
};
use rmu_postgres::DatabaseError;
use std::collections::HashSet;
use uuid::Uuid;

/// What a row says; a row that says nothing was kept.
pub(crate) fn kept(attempt: Option<i32>, page: bool, screenshot: bool) -> Option<KeptArtefacts> {
    KeptArtefacts::new(u32::try_from(attempt?).ok()?, page, screenshot)
}

/// The outer `None` when the job has no such task.
pub(crate) async fn of_task(
    connection: &mut AsyncPgConnection,
    job: JobId,
    task: TaskId,
) -> Result<Option<Option<KeptArtefacts>>, DatabaseError> {
    let row: Option<(Option<i32>, bool, bool)> = tasks::table
        .find(task.as_uuid())
        .filter(tasks::job_id.eq(job.as_uuid()))
        .select((tasks::artefacts_attempt, tasks::artefacts_page, tasks::artefacts_screenshot))
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(|(attempt, page, screenshot)| kept(attempt, page, screenshot)))
}

/// In place of what was remembered of an earlier attempt.
pub(crate) async fn remember(
    connection: &mut AsyncPgConnection,
    task: TaskId,
    artefacts: KeptArtefacts,
) -> Result<(), DatabaseError> {
    diesel::update(tasks::table.find(task.as_uuid()))
        .set((
            tasks::artefacts_attempt.eq(i32::try_from(artefacts.attempt).unwrap_or(i32::MAX)),
            tasks::artefacts_page.eq(artefacts.page),
            tasks::artefacts_screenshot.eq(artefacts.screenshot),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn remembered(
    connection: &mut AsyncPgConnection,
    attempts: &[AttemptId],
) -> Result<HashSet<AttemptId>, DatabaseError> {
    let ids: Vec<Uuid> = attempts.iter().map(|attempt| attempt.task.as_uuid()).collect();
    let rows: Vec<(Uuid, Option<i32>)> = tasks::table
        .filter(tasks::id.eq_any(ids).and(tasks::artefacts_attempt.is_not_null()))
        .select((tasks::id, tasks::artefacts_attempt))
        .load(connection)
        .await?;
    let attempt = |(id, attempt): (Uuid, Option<i32>)| {
        Some(AttemptId { task: id.into(), attempt: u32::try_from(attempt?).ok()? })
    };
    Ok(rows.into_iter().filter_map(attempt).collect())
}

pub(crate) async fn forget(connection: &mut AsyncPgConnection, attempts: &[AttemptId]) -> Result<(), DatabaseError> {
    let ids: Vec<Uuid> = attempts.iter().map(|attempt| attempt.task.as_uuid()).collect();
    let numbers: Vec<i32> = attempts.iter().map(|attempt| i32::try_from(attempt.attempt).unwrap_or(i32::MAX)).collect();
    diesel::sql_query(
        "UPDATE scrape_tasks t
         SET artefacts_attempt = NULL, artefacts_page = false, artefacts_screenshot = false
         FROM unnest($1, $2) AS gone (id, attempt)
         WHERE t.id = gone.id AND t.artefacts_attempt = gone.attempt",
    )
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Array<sql::Integer>, _>(numbers)
    .execute(connection)
    .await?;
    Ok(())
}
