//! What was decided about a review of one's own, and the appeal against it.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess, Student},
    routes::parameters::refused,
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::{
    appeals::{self, AuthorsView, MadeAppeal, ToldDecision},
    idempotency::IdempotencyKey as Key,
    moderation::CaseState,
};
use rmu_domain::{ids::ReviewId, moderation::AppealText};
use rmu_web::{Data, IdempotencyKey, Json, Path, Problem, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/reviews/{id}/decisions", Access::Student),
    RouteAccess::new("POST", "/api/reviews/{id}/appeal", Access::Student),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(show).service(appeal);
}

/// How a review stands with the moderators.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionsView {
    pub review_id: Uuid,
    /// `visible`, `hidden` or `removed`.
    #[schema(example = "hidden")]
    pub state: &'static str,
    /// `open`, `resubmitted` or `appealed` while a moderator has still to decide, then `decided`; absent when the
    /// review never came before one.
    #[schema(example = "decided")]
    pub case_state: Option<&'static str>,
    /// The oldest first; the latest fifty.
    pub decisions: Vec<ToldDecisionView>,
    pub appeal: Option<AppealView>,
    /// Whether an appeal against the latest decision is possible.
    pub may_appeal: bool,
}

/// A decision and its reason.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToldDecisionView {
    #[schema(example = "hide")]
    pub decision: &'static str,
    #[schema(example = "personal_information")]
    pub reason: &'static str,
    #[schema(example = "Please leave out the tutor's telephone number.")]
    pub message: String,
    /// Of an appeal: whether the review is shown again.
    pub appeal_granted: Option<bool>,
    pub at: DateTime<Utc>,
}

/// An appeal that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AppealView {
    pub text: String,
    pub made_at: DateTime<Utc>,
}

/// An appeal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppealBody {
    /// Why the decision is wrong.
    #[schema(
        example = "The review names nobody: it is the textbook's author that is quoted.",
        min_length = 20,
        max_length = 2000
    )]
    pub text: String,
}

/// What moderators decided about a review of the caller's, and why
#[utoipa::path(tag = "reviews", params(("id" = uuid::Uuid, Path, description = "The review's id.")), responses(
    (status = 200, description = "Every decision, and whether an appeal is possible.", body = Data<DecisionsView>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 404, description = "`not_found`: the caller has no such review.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/reviews/{id}/decisions")]
async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    student: Student,
    id: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = appeals::of_review(&state.database, review_id(&id.0)?, student.account).await?;
    Ok(Data::new(DecisionsView::from(found)).or_not_modified(&request))
}

/// Appeals against the latest decision: once, to another moderator than the one who decided
#[utoipa::path(tag = "reviews", request_body = AppealBody,
    params(
        ("id" = uuid::Uuid, Path, description = "The review's id."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key with the same body is one appeal, however often it is sent within a day."),
    ),
    responses(
    (status = 201, description = "The appeal waits for a moderator.", body = Data<DecisionsView>),
    (status = 404, description = "`not_found`: the caller has no such review.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 409, description = "`conflict`; `reason` is `already_appealed`, or `wrong_state`: there is no decision \
        against the review, or one is still to come.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[post("/api/reviews/{id}/appeal")]
async fn appeal(
    state: web::Data<AppState>,
    student: Student,
    id: Path<String>,
    key: IdempotencyKey,
    body: Json<AppealBody>,
) -> Result<Data<DecisionsView>, ApiError> {
    let review = review_id(&id.0)?;
    let key = key.0.map(|key| Key::parse(&key)).transpose().map_err(refused("Idempotency-Key"))?;
    let text = AppealText::parse(&body.0.text).map_err(|error| Problem::invalid("text", error.to_string()))?;
    let found = appeals::appeal(&state.database, review, student.account, &text, key.as_ref()).await?;
    Ok(Data::created(DecisionsView::from(found), format!("/api/reviews/{review}/decisions")))
}

/// What is no id names no review.
fn review_id(id: &str) -> Result<ReviewId, Problem> {
    id.parse().map_err(|_| Problem::not_found("review"))
}

impl From<AuthorsView> for DecisionsView {
    fn from(view: AuthorsView) -> Self {
        Self {
            review_id: view.review.as_uuid(),
            state: view.state.as_str(),
            case_state: view.case.map(CaseState::as_str),
            decisions: view.decisions.into_iter().map(ToldDecisionView::from).collect(),
            appeal: view.appeal.map(AppealView::from),
            may_appeal: view.may_appeal,
        }
    }
}

impl From<ToldDecision> for ToldDecisionView {
    fn from(decision: ToldDecision) -> Self {
        Self {
            decision: decision.decision.as_str(),
            reason: decision.reason.as_str(),
            message: decision.told,
            appeal_granted: decision.appeal_granted,
            at: decision.at,
        }
    }
}

impl From<MadeAppeal> for AppealView {
    fn from(made: MadeAppeal) -> Self {
        Self { text: made.text, made_at: made.made_at }
    }
}
