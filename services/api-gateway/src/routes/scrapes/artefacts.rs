//! What was kept of a failed task, for whoever wants to know why it failed.
//!
//! A saved page is a stranger's markup. It goes out as plain text, as a file to be saved, under headers that keep a
//! browser from making anything else of it.

use crate::{ApiError, AppState, auth::Admin};
use actix_web::{HttpResponse, get, http::header, web};
use rmu_artefacts::{StoreError, unpack};
use rmu_catalogue::ledger::artefacts_of;
use rmu_domain::{
    artefact::{ArtefactKey, ArtefactKind, AttemptId},
    ids::{JobId, TaskId},
};
use rmu_web::{ErrorCode, Path, Problem};
use uuid::Uuid;

const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The saved page of a failed task, as text
///
/// The rendered source of the page as the browser had it at the newest failure of which something was kept. When it was
/// large its end is missing, and the last line says so.
#[utoipa::path(tag = "admin", params(
    ("id" = Uuid, Path, description = "The scrape's id."), ("task" = Uuid, Path, description = "The task's id.")),
    responses(
    (status = 200, description = "The source, to be saved.", body = String, content_type = "text/plain"),
    (status = 404, description = "`not_found`: there is no such task, or nothing is kept of it, or no longer."),
    (status = 503, description = "`unavailable`: the place where it is kept does not answer."),
))]
#[get("/api/admin/scrapes/{id}/tasks/{task}/artefacts/page")]
pub(super) async fn task_page(
    state: web::Data<AppState>,
    _admin: Admin,
    path: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, ApiError> {
    let (attempt, packed) = kept(&state, path.0, ArtefactKind::Page).await?;
    let source = web::block(move || unpack(&packed)).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let text = String::from_utf8_lossy(&source).into_owned();
    Ok(download("text/plain; charset=utf-8", &format!("{}-{}.html.txt", attempt.task, attempt.attempt)).body(text))
}

/// The screenshot of a failed task
#[utoipa::path(tag = "admin", params(
    ("id" = Uuid, Path, description = "The scrape's id."), ("task" = Uuid, Path, description = "The task's id.")),
    responses(
    (status = 200, description = "The browser's window.", body = String, content_type = "image/png"),
    (status = 404, description = "`not_found`: there is no such task, or nothing is kept of it, or no longer."),
    (status = 503, description = "`unavailable`: the place where it is kept does not answer."),
))]
#[get("/api/admin/scrapes/{id}/tasks/{task}/artefacts/screenshot")]
pub(super) async fn task_screenshot(
    state: web::Data<AppState>,
    _admin: Admin,
    path: Path<(Uuid, Uuid)>,
) -> Result<HttpResponse, ApiError> {
    let (attempt, picture) = kept(&state, path.0, ArtefactKind::Screenshot).await?;
    Ok(download("image/png", &format!("{}-{}.png", attempt.task, attempt.attempt)).body(picture))
}

fn download(media_type: &'static str, name: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, SANDBOX));
    response
}

/// The artefact's bytes, which the store has bounded.
async fn kept(
    state: &AppState,
    (job, task): (Uuid, Uuid),
    kind: ArtefactKind,
) -> Result<(AttemptId, Vec<u8>), ApiError> {
    let task = TaskId::from(task);
    let missing = |detail: String| Problem::new(ErrorCode::NotFound, detail);
    let what = kind.as_str();
    let kept = artefacts_of(&state.database, JobId::from(job), task).await?.filter(|kept| kept.has(kind));
    let Some(kept) = kept else { return Err(missing(format!("No {what} is kept of this task.")).into()) };
    let Some(store) = &state.artefacts else {
        return Err(missing(format!("A {what} was kept of this task, but they are not kept here any more.")).into());
    };
    let attempt = AttemptId { task, attempt: kept.attempt };
    match store.get(ArtefactKey::new(attempt, kind)).await {
        Ok(Some(bytes)) => Ok((attempt, bytes)),
        Ok(None) => Err(missing(format!("The {what} of this task was kept and has been removed since.")).into()),
        Err(error @ StoreError::TooLarge(_)) => Err(Problem::internal(error).into()),
        Err(error) => Err(Problem::unavailable("store of artefacts", error).into()),
    }
}
