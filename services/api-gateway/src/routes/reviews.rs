//! Reviews: reading those of a unit, writing one's own.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess, Student},
    cache::Scope,
    routes::{
        cached::{cached, unit_id},
        parameters::{self, refused},
    },
};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use body::{NewReviewBody, ReviewView};
use rmu_catalogue::{
    idempotency::IdempotencyKey as Key,
    reviews::{self, Author, ReviewSort},
};
use rmu_domain::{account::Role, ids::UnitId};
use rmu_web::{Data, IdempotencyKey, Json, Path, Problem, Query, problem::ProblemBody};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

pub mod body;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/units/{unit}/reviews", Access::Public),
    RouteAccess::new("POST", "/api/reviews", Access::Student),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list_reviews).service(create_review);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReviewsQuery {
    /// `newest` (by default), `highest` or `lowest`.
    #[param(example = "newest")]
    sort: Option<String>,
    /// The slug of a university, when the code exists at several.
    #[param(example = "northfield")]
    university: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// The reviews of a unit.
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
    let sort = query.sort.as_deref().map(ReviewSort::parse).transpose().map_err(refused("sort"))?.unwrap_or_default();
    let limit = parameters::limit(query.limit)?;
    let unit = unit_id(&state, &key.0, query.university.as_deref()).await?;
    let compute = async {
        let found = reviews::of_unit(&state.database, unit, sort, query.cursor.as_deref(), limit).await?;
        let views: Vec<ReviewView> = found.entries.into_iter().map(ReviewView::from).collect();
        Ok(Data::new(views).with_page(parameters::page(limit, found.next, found.total)))
    };
    let asked = format!("{unit} {}", request.query_string());
    cached(&request, &state, "reviews", &[Scope::Unit(unit)], &asked, compute).await
}

/// Writes a review: one per student and unit.
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
        (status = 422, description = "`invalid`: `errors` names the fields; `idempotency_mismatch`: the key was \
            used with another body.", body = ProblemBody, content_type = "application/problem+json"),
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
    // Staff have verified addresses too, but "verified student" above a review must be true.
    if student.role != Role::Student {
        return Err(Problem::forbidden("Only students write reviews.").into());
    }
    let key = key.0.map(|key| Key::parse(&key)).transpose().map_err(refused("Idempotency-Key"))?;
    let unit = UnitId::from(body.0.unit_id);
    let draft = body.0.parse()?;
    let author = Author { account: student.account, nickname: student.nickname.clone() };
    let review = reviews::create(&state.database, unit, &author, &draft, key.as_ref()).await?;
    state.cache.changed(&[Scope::Unit(unit), Scope::Lists]).await;
    let address = format!("/api/units/{unit}/reviews");
    Ok(Data::created(ReviewView::from(review), address))
}
