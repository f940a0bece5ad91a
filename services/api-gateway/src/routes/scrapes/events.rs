//! Progress of a job as server-sent events.
//!
//! Every event is a whole snapshot, so that a reader who missed some has missed nothing. Its id is the job's
//! revision, which is kept in the database: whoever comes back with `Last-Event-ID`, to whichever copy of the
//! gateway, is told what is newer and nothing twice. A producer on the main runtime feeds a short channel; a client
//! that does not keep up with it is dropped and may come back.

use super::bodies::ScrapeBody;
use crate::{ApiError, AppState, auth::Admin};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, ContentEncoding},
    web::{self, Bytes},
};
use futures_util::stream;
use rmu_catalogue::ledger::{JobView, get_job};
use rmu_domain::ids::JobId;
use rmu_web::{ErrorCode, Path, Problem};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::Instant,
};
use uuid::Uuid;

const PERIOD: Duration = Duration::from_millis(250);
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A client this many events behind is not reading.
const LONGEST_BACKLOG: usize = 16;
/// Nobody watches longer without asking again: a token may have been withdrawn meanwhile.
const LONGEST_STREAM: Duration = Duration::from_secs(600);
/// Each stream looks into the database a few times a second.
const MOST_STREAMS: usize = 64;

/// The places for watchers of one gateway.
#[derive(Debug, Clone)]
pub struct WatchPlaces(Arc<Semaphore>);

impl Default for WatchPlaces {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_STREAMS)))
    }
}

/// Live progress of a scrape as server-sent events
///
/// `progress` events hold the scrape as `GET /api/admin/scrapes/{id}` shows it, with its revision as id; that tasks
/// went out to workers is no revision and comes without an id. The last one, when the scrape has ended, is called
/// `end`. Comments keep the connection alive. The stream ends after ten minutes at the latest: come back with
/// `Last-Event-ID`, and go on where you were, without a gap or a repeat.
#[utoipa::path(tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The scrape's id."),
        ("Last-Event-ID" = Option<String>, Header, description = "The last event that was received."),
    ),
    responses(
    (status = 200, description = "The events.", content_type = "text/event-stream", body = String),
    (status = 204, description = "The event in `Last-Event-ID` was the last one: do not come back."),
    (status = 404, description = "`not_found`: there is no such scrape."),
    (status = 503, description = "`unavailable`: too many are watching already."),
))]
#[get("/api/admin/scrapes/{id}/events")]
pub(super) async fn watch(
    state: web::Data<AppState>,
    _admin: Admin,
    id: Path<Uuid>,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let job = get_job(&state.database, id.0.into()).await?;
    // Anything but a number of ours was not ours: begin with the present.
    let seen = request
        .headers()
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<i64>().ok());
    if job.has_ended() && seen == Some(job.revision) {
        // By the standard this is what stops a browser from coming back.
        return Ok(HttpResponse::NoContent().finish());
    }
    let place = Arc::clone(&state.watch_places.0).try_acquire_owned().map_err(|_| {
        Problem::new(ErrorCode::Unavailable, "Too many are watching scrapes already.").with_retry_after(10)
    })?;
    let (sender, receiver) = mpsc::channel(LONGEST_BACKLOG);
    state.runtime.spawn(produce(AppState::clone(&state), job, seen, sender, place));
    let events = stream::unfold(receiver, |mut receiver| async move {
        let event: Bytes = receiver.recv().await?;
        Some((Ok::<_, Infallible>(event), receiver))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Compression would hold events back until a block is full.
        .insert_header(ContentEncoding::Identity)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// Sends snapshots until the job has ended, the client is gone or too slow, or the gateway stops.
async fn produce(
    state: AppState,
    mut job: JobView,
    seen: Option<i64>,
    events: mpsc::Sender<Bytes>,
    _place: OwnedSemaphorePermit,
) {
    let id: JobId = job.id;
    let started = Instant::now();
    let mut last_sent = started;
    let mut known = seen.filter(|revision| *revision == job.revision).map(|_| fingerprint(&job));
    loop {
        let current = fingerprint(&job);
        if job.has_ended() || known != Some(current) {
            let name = if job.has_ended() { "end" } else { "progress" };
            let is_newer = known.is_none_or(|(revision, _)| revision != job.revision);
            if events.try_send(event(name, &job, is_newer)).is_err() || job.has_ended() {
                return;
            }
            known = Some(current);
            last_sent = Instant::now();
        } else if last_sent.elapsed() >= HEARTBEAT {
            if events.try_send(Bytes::from_static(b": still here\n\n")).is_err() {
                return;
            }
            last_sent = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = events.closed() => return,
            () = state.lifecycle.refusing().cancelled() => return,
        }
        if started.elapsed() > LONGEST_STREAM {
            return;
        }
        match get_job(&state.database, id).await {
            Ok(now) => job = now,
            // The database may be back at the next look; the heartbeat goes on meanwhile.
            Err(error) => tracing::debug!(%error, job_id = %id, "progress cannot be read"),
        }
    }
}

/// What must differ for a new event: the revision, and how many tasks are out, which is no part of it.
fn fingerprint(job: &JobView) -> (i64, u32) {
    (job.revision, job.dispatched)
}

/// An id says that everything up to it was told, so each revision has it once.
fn event(name: &str, job: &JobView, is_newer: bool) -> Bytes {
    // Numbers and texts cannot fail to become JSON; an empty object would be noticed.
    let data = serde_json::to_string(&ScrapeBody::from(job.clone())).unwrap_or_else(|_| "{}".to_owned());
    let id = if is_newer { format!("id: {}\n", job.revision) } else { String::new() };
    Bytes::from(format!("{id}event: {name}\nretry: 2000\ndata: {data}\n\n"))
}
