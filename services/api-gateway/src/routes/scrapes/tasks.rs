//! The pages of a job, with what went wrong.

use super::{bodies::TaskBody, page_limit};
use crate::{ApiError, AppState, auth::Admin};
use actix_web::{get, web};
use rmu_catalogue::ledger::{TaskFilter, list_tasks};
use rmu_domain::{ids::TaskId, scrape::TaskState};
use rmu_web::{Data, Page, Path, Problem, Query, cursor};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct TaskParams {
    /// `pending`, `dispatched`, `succeeded`, `unchanged`, `not_found`, `dead` or `cancelled`.
    state: Option<String>,
    /// Of the page before.
    cursor: Option<String>,
    /// 1 to 50; 20 when left out.
    limit: Option<u32>,
}

/// The pages of a scrape, by state
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The scrape's id."), TaskParams), responses(
    (status = 200, description = "A page of tasks with their last error.", body = Data<Vec<TaskBody>>),
    (status = 404, description = "`not_found`: there is no such scrape."),
))]
#[get("/api/admin/scrapes/{id}/tasks")]
pub(super) async fn list(
    state: web::Data<AppState>,
    _admin: Admin,
    id: Path<Uuid>,
    params: Query<TaskParams>,
) -> Result<Data<Vec<TaskBody>>, ApiError> {
    let limit = page_limit(params.0.limit)?;
    let task_state = params.0.state.as_deref().map(TaskState::parse).transpose();
    let task_state = task_state.map_err(|error| Problem::invalid_parameter("state", error.to_string()))?;
    let scope = format!("tasks:{}:{}", id.0, task_state.map_or("all", TaskState::as_str));
    let after: Option<Uuid> = params.0.cursor.as_deref().map(|text| cursor::decode(&scope, text)).transpose()?;
    let filter = TaskFilter { job: id.0.into(), state: task_state, after: after.map(TaskId::from), limit: limit + 1 };
    let mut tasks = list_tasks(&state.database, filter).await?;
    let more = tasks.len() > limit as usize;
    tasks.truncate(limit as usize);
    let last = tasks.last().filter(|_| more).map(|task| task.id.as_uuid());
    let next = last.map(|id| cursor::encode(&scope, &id)).transpose()?;
    Ok(Data::new(tasks.into_iter().map(TaskBody::from).collect()).with_page(Page::new(limit, next)))
}
