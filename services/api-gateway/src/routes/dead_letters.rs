//! Dead letters: messages that could not be processed.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
    background::replayed,
    routes::scrapes::page_limit,
};
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    audit::Actor,
    dead_letters::{
        self, DeadLetter, LetterFilter, LetterRoute, LetterState, OpenLetter, count_waiting, discard, list, replayable,
    },
};
use rmu_domain::ids::DeadLetterId;
use rmu_messaging::PublishError;
use rmu_web::{Data, ErrorCode, OptionalJson, Page, Path, Problem, Query, cursor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/admin/dead-letters", Access::Admin),
    RouteAccess::new("POST", "/api/admin/dead-letters/replay-all", Access::Admin),
    RouteAccess::new("GET", "/api/admin/dead-letters/{id}", Access::Admin),
    RouteAccess::new("POST", "/api/admin/dead-letters/{id}/replay", Access::Admin),
    RouteAccess::new("POST", "/api/admin/dead-letters/{id}/discard", Access::Admin),
];

/// More of a body is not shown.
const LONGEST_SHOWN: usize = 64 * 1024;
/// At most so many are replayed by one request.
const MOST_AT_ONCE: u32 = 100;

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list_letters).service(replay_all).service(show).service(replay_one).service(discard_one);
}

/// A message that could not be processed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterBody {
    pub id: Uuid,
    pub message_id: Uuid,
    /// The contract's name, such as `scrape.result.v1`.
    #[serde(rename = "type")]
    pub kind: String,
    pub reason: String,
    /// Where it died.
    pub queue: String,
    /// How it had been published; absent when nobody knows, so that it cannot be replayed.
    pub exchange: Option<String>,
    pub routing_key: Option<String>,
    /// The broker's own account of its deaths, the latest first.
    #[schema(value_type = Vec<Object>)]
    pub deaths: Value,
    pub body_bytes: u32,
    /// `waiting`, or `replayed`: published again, and not come back so far.
    pub state: &'static str,
    pub replays: u32,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub last_replayed_at: Option<DateTime<Utc>>,
}

/// The same with what it says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenDeadLetterBody {
    #[serde(flatten)]
    pub letter: DeadLetterBody,
    /// The body as text, up to 64 KiB of it.
    pub body: String,
    /// Whether there is more.
    pub body_cut: bool,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct LettersQuery {
    /// `waiting` or `replayed`; both when left out.
    state: Option<String>,
    /// The queue in which they died.
    #[param(example = "scrape.results")]
    queue: Option<String>,
    /// Of the page before.
    cursor: Option<String>,
    /// 1 to 50; 20 when left out.
    limit: Option<u32>,
}

/// Messages that could not be processed, newest first
#[utoipa::path(tag = "admin",
    responses((status = 200, description = "A page of dead letters.", body = Data<Vec<DeadLetterBody>>)))]
#[get("/api/admin/dead-letters")]
async fn list_letters(
    state: web::Data<AppState>,
    _admin: Admin,
    query: Query<LettersQuery>,
) -> Result<Data<Vec<DeadLetterBody>>, ApiError> {
    let query = query.0;
    let limit = page_limit(query.limit)?;
    let letter_state = query.state.as_deref().map(LetterState::parse).transpose();
    let letter_state = letter_state.map_err(|error| Problem::invalid_parameter("state", error.to_string()))?;
    let queue = query.queue.as_deref().unwrap_or_default();
    let scope = format!("dead-letters:{}:{queue}", letter_state.map_or("all", LetterState::as_str));
    let after: Option<Uuid> = query.cursor.as_deref().map(|text| cursor::decode(&scope, text)).transpose()?;
    let filter = LetterFilter {
        state: letter_state,
        queue: query.queue,
        after: after.map(DeadLetterId::from),
        limit: limit + 1,
    };
    let mut letters = list(&state.database, &filter).await?;
    let more = letters.len() > limit as usize;
    letters.truncate(limit as usize);
    let last = letters.last().filter(|_| more).map(|letter| letter.id.as_uuid());
    let next = last.map(|id| cursor::encode(&scope, &id)).transpose()?;
    Ok(Data::new(letters.into_iter().map(body).collect()).with_page(Page::new(limit, next)))
}

/// One dead letter with what it says
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The dead letter's id.")), responses(
    (status = 200, description = "The dead letter.", body = Data<OpenDeadLetterBody>),
    (status = 404, description = "`not_found`: there is no such dead letter."),
))]
#[get("/api/admin/dead-letters/{id}")]
async fn show(state: web::Data<AppState>, _admin: Admin, id: Path<Uuid>) -> Result<Data<OpenDeadLetterBody>, ApiError> {
    let OpenLetter { letter, body: bytes, .. } = dead_letters::open(&state.database, id.0.into()).await?;
    let shown = &bytes[..bytes.len().min(LONGEST_SHOWN)];
    Ok(Data::new(OpenDeadLetterBody {
        body_cut: shown.len() < bytes.len() || !letter.complete,
        body: String::from_utf8_lossy(shown).into_owned(),
        letter: body(letter),
    }))
}

/// Publishes a dead letter again to where it came from
///
/// It is marked when the broker has confirmed that a queue has it. Should it die again it waits again.
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The dead letter's id.")), responses(
    (status = 200, description = "It was published.", body = Data<DeadLetterBody>),
    (status = 404, description = "`not_found`: there is no such dead letter."),
    (status = 409, description = "`conflict`: no queue takes it, or nobody knows where it came from."),
    (status = 503, description = "`unavailable`: the broker did not confirm; the dead letter waits as before."),
))]
#[post("/api/admin/dead-letters/{id}/replay")]
async fn replay_one(
    state: web::Data<AppState>,
    admin: Admin,
    id: Path<Uuid>,
) -> Result<Data<DeadLetterBody>, ApiError> {
    let letter = replay(&state, &admin.actor(), id.0.into()).await?.map_err(problem)?;
    Ok(Data::new(body(letter)))
}

/// Throws a dead letter away
#[utoipa::path(tag = "admin", params(("id" = Uuid, Path, description = "The dead letter's id.")), responses(
    (status = 204, description = "It is gone."),
    (status = 404, description = "`not_found`: there is no such dead letter."),
))]
#[post("/api/admin/dead-letters/{id}/discard")]
async fn discard_one(state: web::Data<AppState>, admin: Admin, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    discard(&state.database, id.0.into(), &admin.actor()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which dead letters to replay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ReplayAllBody {
    /// Those that died in this queue; in any when left out.
    pub queue: Option<String>,
    /// 1 to 100; 100 when left out.
    pub limit: Option<u32>,
}

/// What became of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayedAllBody {
    pub replayed: u32,
    /// Those that no queue took.
    pub refused: u32,
    /// How many wait still, over all queues.
    pub waiting: u32,
}

/// Publishes waiting dead letters again, the oldest first, up to 100 a request
#[utoipa::path(tag = "admin", request_body = ReplayAllBody, responses(
    (status = 200, description = "What became of them.", body = Data<ReplayedAllBody>),
    (status = 503, description = "`unavailable`: the broker did not confirm; what was not published waits as before."),
))]
#[post("/api/admin/dead-letters/replay-all")]
async fn replay_all(
    state: web::Data<AppState>,
    admin: Admin,
    request: OptionalJson<ReplayAllBody>,
) -> Result<Data<ReplayedAllBody>, ApiError> {
    let request = request.0.unwrap_or_default();
    let limit = match request.limit.unwrap_or(MOST_AT_ONCE) {
        limit @ 1..=MOST_AT_ONCE => limit,
        _ => return Err(Problem::invalid("limit", format!("must be a whole number from 1 to {MOST_AT_ONCE}")).into()),
    };
    let (mut sent, mut refused) = (0, 0);
    for id in replayable(&state.database, request.queue.as_deref(), limit).await? {
        match replay(&state, &admin.actor(), id).await? {
            Ok(_) => sent += 1,
            Err(PublishError::Unroutable { .. }) => refused += 1,
            // The next one would wait for the broker just as long.
            Err(error) => return Err(problem(error)),
        }
    }
    let waiting = count_waiting(&state.database).await?;
    Ok(Data::new(ReplayedAllBody { replayed: sent, refused, waiting }))
}

async fn replay(state: &AppState, by: &Actor, id: DeadLetterId) -> Result<Result<DeadLetter, PublishError>, ApiError> {
    let publish = |letter: OpenLetter, route: LetterRoute| {
        let (route, envelope) = replayed(letter, route);
        async move { state.publisher.send(&route, &envelope).await }
    };
    Ok(dead_letters::replay(&state.database, id, by, publish).await?)
}

fn problem(error: PublishError) -> ApiError {
    match error {
        PublishError::Unroutable { .. } | PublishError::Forbidden { .. } | PublishError::TooLarge(_) => {
            Problem::new(ErrorCode::Conflict, format!("It cannot be published again: {error}.")).into()
        }
        error => Problem::unavailable("message broker", error).into(),
    }
}

fn body(letter: DeadLetter) -> DeadLetterBody {
    let (exchange, routing_key) = letter.route.map(|route| (route.exchange, route.key)).unzip();
    DeadLetterBody {
        id: letter.id.as_uuid(),
        message_id: letter.message,
        kind: letter.kind,
        reason: letter.reason,
        queue: letter.queue,
        exchange,
        routing_key,
        deaths: letter.deaths,
        body_bytes: letter.body_bytes,
        state: letter.state.as_str(),
        replays: letter.replays,
        first_seen_at: letter.first_seen_at,
        last_seen_at: letter.last_seen_at,
        last_replayed_at: letter.last_replayed_at,
    }
}
