//! Readers say whether a review helped them.

use crate::{
    ApiError, AppState,
    auth::{Access, Caller, RouteAccess, Student},
    cache::Scope,
    routes::parameters::refused,
};
use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use rmu_catalogue::review_votes::{self, MOST_ASKED, Votes};
use rmu_domain::{ParseError, helpfulness::Vote, ids::ReviewId};
use rmu_web::{Data, Json, Path, Problem, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("PUT", "/api/reviews/{id}/vote", Access::Student),
    RouteAccess::new("DELETE", "/api/reviews/{id}/vote", Access::Student),
    RouteAccess::new("GET", "/api/me/review-votes", Access::SignedIn),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(put_vote).service(delete_vote).service(list_own);
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoteBody {
    /// `helpful` or `notHelpful`.
    #[schema(example = "helpful")]
    pub vote: String,
}

/// The votes on a review.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VotesView {
    #[schema(example = 12)]
    pub helpful: u32,
    #[schema(example = 1)]
    pub not_helpful: u32,
    /// The caller's: `helpful` or `notHelpful`; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "helpful")]
    pub own: Option<&'static str>,
}

/// The caller's vote on a review.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnVoteView {
    pub review_id: Uuid,
    /// `helpful` or `notHelpful`.
    #[schema(example = "helpful")]
    pub vote: &'static str,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OwnVotesQuery {
    /// The ids of 1 to 50 reviews, separated by commas.
    reviews: String,
}

/// Says whether a review of somebody else was helpful; one vote per account and review, which replaces the one before.
#[utoipa::path(
    tag = "reviews",
    request_body = VoteBody,
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "The votes, the caller's included.", body = Data<VotesView>),
        (status = 400, description = "`bad_request`: the body is no JSON.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`, or `forbidden`: the caller's own review.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such review, or it is not visible.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: no such vote.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/reviews/{id}/vote")]
async fn put_vote(
    state: web::Data<AppState>,
    student: Student,
    id: Path<Uuid>,
    body: Json<VoteBody>,
) -> Result<Data<VotesView>, ApiError> {
    let vote = Vote::parse(&body.0.vote).map_err(|error| Problem::invalid("vote", error.to_string()))?;
    let votes = review_votes::vote(&state.database, ReviewId::from(id.0), student.account, Some(vote)).await?;
    state.cache.changed(&[Scope::Unit(votes.unit)]).await;
    Ok(Data::new(VotesView::from(votes)))
}

/// Takes one's vote back; without one nothing changes.
#[utoipa::path(
    tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "The votes that are left.", body = Data<VotesView>),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`, or `forbidden`: the caller's own review.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such review, or it is not visible.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/reviews/{id}/vote")]
async fn delete_vote(
    state: web::Data<AppState>,
    student: Student,
    id: Path<Uuid>,
) -> Result<Data<VotesView>, ApiError> {
    let votes = review_votes::vote(&state.database, ReviewId::from(id.0), student.account, None).await?;
    state.cache.changed(&[Scope::Unit(votes.unit)]).await;
    Ok(Data::new(VotesView::from(votes)))
}

/// What the caller voted on the reviews of a page; those without a vote of the caller are left out.
///
/// Apart from the reviews themselves, so that those are the same for everybody and can be cached.
#[utoipa::path(
    tag = "reviews",
    responses(
        (status = 200, description = "The caller's votes.", body = Data<Vec<OwnVoteView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: not 1 to 50 ids.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/review-votes")]
async fn list_own(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    query: Query<OwnVotesQuery>,
) -> Result<HttpResponse, ApiError> {
    let reviews = ids(&query.0.reviews).map_err(refused("reviews"))?;
    let votes = review_votes::of_account(&state.database, caller.account, &reviews).await?;
    let views: Vec<OwnVoteView> = votes
        .into_iter()
        .map(|(review, vote)| OwnVoteView { review_id: review.as_uuid(), vote: vote.as_str() })
        .collect();
    Ok(Data::new(views).with_cache_control("private, no-cache").or_not_modified(&request))
}

fn ids(list: &str) -> Result<Vec<ReviewId>, ParseError> {
    let broken = || ParseError::new(format!("must be 1 to {MOST_ASKED} ids, separated by commas"));
    let ids: Vec<ReviewId> =
        list.split(',').take(MOST_ASKED + 1).map(str::parse).collect::<Result<_, _>>().map_err(|_| broken())?;
    if ids.len() > MOST_ASKED { Err(broken()) } else { Ok(ids) }
}

impl From<Votes> for VotesView {
    fn from(votes: Votes) -> Self {
        Self { helpful: votes.helpful, not_helpful: votes.not_helpful, own: votes.own.map(Vote::as_str) }
    }
}
