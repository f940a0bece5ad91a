//! What authors see of their own reviews: all of them, with their state and what they said before.

use crate::{
    ApiError, AppState,
    auth::{Access, Caller, RouteAccess},
    routes::{
        parameters,
        reviews::{
            body::{RatingsView, ReviewView},
            revision_tag,
        },
    },
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::reviews::{self, OwnReview, Revision};
use rmu_domain::ids::ReviewId;
use rmu_web::{Data, Path, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/me/reviews", Access::SignedIn),
    RouteAccess::new("GET", "/api/me/reviews/{id}", Access::SignedIn),
    RouteAccess::new("GET", "/api/me/reviews/{id}/revisions", Access::SignedIn),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list).service(show).service(list_revisions);
}

/// A review as its author sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnReviewView {
    #[serde(flatten)]
    pub review: ReviewView,
    /// Grows with every edit.
    #[schema(example = 2)]
    pub revision: u32,
    pub created_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<DateTime<Utc>>,
    /// `visible`; `hidden`: a moderator will look at it; `removed`: a moderator decided.
    #[schema(example = "visible")]
    pub state: &'static str,
    /// What took it out of sight: `reports`, `moderation`, `ban`, `resubmission`, or `merge` with a unit reviewed too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_cause: Option<&'static str>,
    /// Why, in the words of whoever decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_changed_at: Option<DateTime<Utc>>,
}

/// What a review said before it was edited.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionView {
    #[schema(example = 1)]
    pub revision: u32,
    pub ratings: RatingsView,
    pub would_recommend: bool,
    #[schema(example = "Autumn")]
    pub session: String,
    #[schema(example = 2026)]
    pub year: u16,
    /// As written: escape it where it is shown.
    pub text: Option<String>,
    pub written_at: DateTime<Utc>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OwnReviewsQuery {
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// The caller's own reviews, the newest first, whatever became of them.
#[utoipa::path(
    tag = "reviews",
    responses(
        (status = 200, description = "A page of reviews.", body = Data<Vec<OwnReviewView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/reviews")]
async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    query: Query<OwnReviewsQuery>,
) -> Result<HttpResponse, ApiError> {
    let limit = parameters::limit(query.0.limit)?;
    let found = reviews::of_author(&state.database, caller.account, query.0.cursor.as_deref(), limit).await?;
    let views: Vec<OwnReviewView> = found.entries.into_iter().map(OwnReviewView::from).collect();
    let page = parameters::page(limit, found.next, found.total);
    Ok(Data::new(views).with_page(page).with_cache_control("private, no-cache").or_not_modified(&request))
}

/// One of the caller's own reviews.
///
/// Its `ETag` names the revision: give it back in `If-Match` when you edit.
#[utoipa::path(
    tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "The review.", body = Data<OwnReviewView>),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the caller has no such review.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/reviews/{id}")]
async fn show(state: web::Data<AppState>, caller: Caller, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    let own = reviews::own(&state.database, ReviewId::from(id.0), caller.account).await?;
    let revision = own.revision;
    Ok(revision_tag::tagged(Data::new(OwnReviewView::from(own)).into_response(), revision))
}

/// What one of the caller's own reviews said before, the latest first.
#[utoipa::path(
    tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "All earlier revisions; none if it was never edited.",
         body = Data<Vec<RevisionView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the caller has no such review.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/reviews/{id}/revisions")]
async fn list_revisions(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let revisions = reviews::revisions(&state.database, ReviewId::from(id.0), caller.account).await?;
    let views: Vec<RevisionView> = revisions.into_iter().map(RevisionView::from).collect();
    Ok(Data::new(views).with_cache_control("private, no-cache").or_not_modified(&request))
}

impl From<OwnReview> for OwnReviewView {
    fn from(own: OwnReview) -> Self {
        Self {
            review: ReviewView::from(own.review),
            revision: own.revision,
            created_at: own.created_at,
            edited_at: own.edited_at,
            state: own.state.as_str(),
            state_cause: own.cause.map(|cause| cause.as_str()),
            state_reason: own.reason,
            state_changed_at: own.state_changed_at,
        }
    }
}

impl From<Revision> for RevisionView {
    fn from(revision: Revision) -> Self {
        Self {
            revision: revision.revision,
            ratings: RatingsView::from(revision.ratings),
            would_recommend: revision.would_recommend,
            session: revision.session,
            year: revision.year,
            text: revision.text,
            written_at: revision.written_at,
        }
    }
}
