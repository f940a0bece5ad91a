//! Reviews: reading those of a unit, writing, editing and deleting one's own.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess, Student},
    cache::Scope,
    routes::{
        cached::{asked_unit, cached_of_unit},
        own_reviews::OwnReviewView,
        parameters::{self, refused},
        units::the_one,
    },
};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use body::{EditedReviewBody, NewReviewBody, ReviewView};
use rmu_catalogue::{
    idempotency::IdempotencyKey as Key,
    reviews::{self, Author, ReviewList, ReviewSort},
    units::UnitKey,
};
use rmu_domain::{
    account::Role,
    ids::{ReviewId, UnitId},
    rating::Rating,
    review::SessionName,
    year::Year,
};
use rmu_web::{Data, IdempotencyKey, Json, Path, Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub mod body;
pub(crate) mod revision_tag;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/units/{unit}/reviews", Access::Public),
    RouteAccess::new("POST", "/api/reviews", Access::Student),
    RouteAccess::new("GET", "/api/reviews/{id}", Access::Public),
    RouteAccess::new("PUT", "/api/reviews/{id}", Access::Student),
    RouteAccess::new("DELETE", "/api/reviews/{id}", Access::Student),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services
        .service(list_reviews)
        .service(create_review)
        .service(get_review)
        .service(edit_review)
        .service(delete_review);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReviewsQuery {
    /// `newest` (by default), `helpful`, `highest` or `lowest`. Reviews of one day stand in no particular order.
    #[param(example = "helpful")]
    sort: Option<String>,
    /// Only reviews of this session, as the handbook names it, in any case.
    #[param(example = "Autumn", min_length = 1, max_length = 60)]
    session: Option<String>,
    /// Only reviews of sessions of this year.
    #[param(example = 2026, minimum = 1990)]
    year: Option<i64>,
    /// Only reviews with this overall rating.
    #[param(example = 5, minimum = 1, maximum = 5)]
    rating: Option<i64>,
    /// The slug of a university, when the code exists at several.
    #[param(example = "northfield")]
    university: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl ReviewsQuery {
    fn list(&self) -> Result<ReviewList, ApiError> {
        let sort = self.sort.as_deref().map(ReviewSort::parse).transpose().map_err(refused("sort"))?;
        let year = self.year.map(|year| Year::new(u16::try_from(year).unwrap_or(0)));
        Ok(ReviewList {
            sort: sort.unwrap_or_default(),
            session: self.session.as_deref().map(SessionName::parse).transpose().map_err(refused("session"))?,
            year: year.transpose().map_err(refused("year"))?,
            rating: self.rating.map(Rating::new).transpose().map_err(refused("rating"))?,
        })
    }
}

/// The visible reviews of a unit.
///
/// `helpful` sorts by the lower end of the 95 % Wilson score interval of the votes. What the caller voted is not part
/// of the answer, which is the same for everybody: see `/api/me/review-votes`.
#[utoipa::path(
    tag = "reviews",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
        (status = 200, description = "A page of reviews.", body = Data<Vec<ReviewView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`ambiguous`: several universities have the code.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/units/{unit}/reviews")]
async fn list_reviews(
    request: HttpRequest,
    state: web::Data<AppState>,
    key: Path<String>,
    query: Query<ReviewsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.into_inner();
    let list = query.list()?;
    let limit = parameters::limit(query.limit)?;
    let unit = asked_unit(&state, &key.0, query.university.as_deref()).await?;
    let compute = async {
        let on = the_one(&state, &UnitKey::Id(unit), None).await?.id;
        let found = reviews::of_unit(&state.database, on, list, query.cursor.as_deref(), limit).await?;
        let views: Vec<ReviewView> = found.entries.into_iter().map(ReviewView::from).collect();
        Ok((on, Data::new(views).with_page(parameters::page(limit, found.next, found.total))))
    };
    let asked = format!("{unit} {}", request.query_string());
    cached_of_unit(&request, &state, "reviews", unit, &asked, compute).await
}

/// One visible review.
#[utoipa::path(
    tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "The review.", body = Data<ReviewView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 404, description = "`not_found`: there is no such review, or it is not visible.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/reviews/{id}")]
async fn get_review(
    request: HttpRequest,
    state: web::Data<AppState>,
    id: Path<Uuid>,
) -> Result<HttpResponse, ApiError> {
    let review = reviews::one(&state.database, ReviewId::from(id.0)).await?;
    Ok(Data::new(ReviewView::from(review)).or_not_modified(&request))
}

/// Writes a review: one per student and unit.
///
/// Who took back a review that was out of sight and writes anew is not visible before a moderator has looked.
#[utoipa::path(
    tag = "reviews",
    request_body = NewReviewBody,
    params(("Idempotency-Key" = Option<String>, Header,
        description = "The same key with the same body is one review, however often it is sent within a day.")),
    responses(
        (status = 201, description = "The review.", body = Data<ReviewView>),
        (status = 400, description = "`bad_request`: the body is no JSON.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`, or `forbidden`: not a student.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: the student has reviewed the unit already.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the fields (`shownAs` cannot be `verifiedStudent` \
            with an account of another university); `idempotency_mismatch`: the key was used with another body.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/reviews")]
async fn create_review(
    state: web::Data<AppState>,
    student: Student,
    key: IdempotencyKey,
    body: Json<NewReviewBody>,
) -> Result<Data<ReviewView>, ApiError> {
    let author = author(&student)?;
    let key = key.0.map(|key| Key::parse(&key)).transpose().map_err(refused("Idempotency-Key"))?;
    let unit = UnitId::from(body.0.unit_id);
    let draft = body.0.parse()?;
    let review = reviews::create(&state.database, unit, &author, &draft, key.as_ref()).await?;
    state.cache.changed(&[Scope::Unit(unit), Scope::Lists]).await;
    let address = format!("/api/reviews/{}", review.id);
    Ok(Data::created(ReviewView::from(review), address))
}

/// Has one's own review say something else.
///
/// What it said before is kept for the author and moderators, and the day of the edit is shown. Send the `ETag` of
/// the review in `If-Match` to change only what you have seen.
#[utoipa::path(
    tag = "reviews",
    request_body = EditedReviewBody,
    params(
        ("id" = Uuid, Path, description = "The review's id."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the revision that is to be replaced."),
    ),
    responses(
        (status = 200, description = "The review as it is now; `ETag` names its revision.",
         body = Data<OwnReviewView>),
        (status = 400, description = "`bad_request`: the body is no JSON.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`, or `forbidden`: somebody else's review.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such review.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 409, description = "`conflict`: it was edited as often as a review may be.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 412, description = "`precondition_failed`: it was edited since `If-Match` was read.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[put("/api/reviews/{id}")]
async fn edit_review(
    request: HttpRequest,
    state: web::Data<AppState>,
    student: Student,
    id: Path<Uuid>,
    body: Json<EditedReviewBody>,
) -> Result<HttpResponse, ApiError> {
    let author = author(&student)?;
    let expected = revision_tag::expected(&request)?;
    let draft = body.0.parse()?;
    let edited = reviews::edit(&state.database, ReviewId::from(id.0), &author, &draft, expected).await?;
    let revision = edited.revision;
    Ok(revision_tag::tagged(Data::new(OwnReviewView::from(edited)).into_response(), revision))
}

/// Deletes one's own review, with its votes and reports; another may be written.
#[utoipa::path(
    tag = "reviews",
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: somebody else's review; `email_not_verified`; `banned`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such review.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[delete("/api/reviews/{id}")]
async fn delete_review(state: web::Data<AppState>, student: Student, id: Path<Uuid>) -> Result<HttpResponse, ApiError> {
    reviews::delete(&state.database, ReviewId::from(id.0), student.account).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Staff have verified addresses too, but "verified student" above a review must be true.
fn author(student: &Student) -> Result<Author, ApiError> {
    if student.role != Role::Student {
        return Err(Problem::forbidden("Only students write reviews.").into());
    }
    let university = student.university;
    Ok(Author { account: student.account, nickname: student.nickname.clone(), university })
}
