//! Units that the caller follows or has bookmarked.

use crate::{
    ApiError, AppState,
    auth::{Access, Caller, RouteAccess, Student},
    routes::{
        parameters::{self, WhichUniversity},
        units::{one_unit, summary::CandidateView},
    },
};
use actix_web::{HttpRequest, HttpResponse, delete, get, put, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::kept_units::{KeptAs, KeptUnit, keep, let_go, of_account};
use rmu_domain::ids::AccountId;
use rmu_web::{Data, Path, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("PUT", "/api/units/{unit}/follow", Access::Student),
    RouteAccess::new("DELETE", "/api/units/{unit}/follow", Access::Student),
    RouteAccess::new("PUT", "/api/units/{unit}/bookmark", Access::Student),
    RouteAccess::new("DELETE", "/api/units/{unit}/bookmark", Access::Student),
    RouteAccess::new("GET", "/api/me/follows", Access::SignedIn),
    RouteAccess::new("GET", "/api/me/bookmarks", Access::SignedIn),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(follow).service(unfollow).service(bookmark).service(remove_bookmark);
    services.service(list_follows).service(list_bookmarks);
}

/// A unit that the caller keeps.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeptUnitView {
    pub unit: CandidateView,
    pub since: DateTime<Utc>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeptQuery {
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

macro_rules! kept {
    ($($(#[$doc:meta])* $method:ident $path:tt $name:ident: $done:tt, $more:tt => $act:ident, $kept:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            tag = "me",
            params(
                ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
            ),
            responses(
                (status = 204, description = $done),
                (status = 400, description = "`invalid`: neither an id nor a code.", body = ProblemBody,
                 content_type = "application/problem+json"),
                (status = 404, description = "`not_found`: there is no such unit.", body = ProblemBody,
                 content_type = "application/problem+json"),
                (status = 409, description = $more, body = ProblemBody, content_type = "application/problem+json"),
                (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
                 content_type = "application/problem+json"),
            )
        )]
        #[$method($path)]
        async fn $name(
            state: web::Data<AppState>,
            student: Student,
            key: Path<String>,
            query: Query<WhichUniversity>,
        ) -> Result<HttpResponse, ApiError> {
            let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?;
            $act(&state.database, KeptAs::$kept, student.account, unit.id).await?;
            Ok(HttpResponse::NoContent().finish())
        }
    )+};
}

kept! {
    /// Follows a unit: new reviews and changes of its handbook page are told.
    ///
    /// At most 300 units; following again changes nothing.
    put "/api/units/{unit}/follow" follow: "The unit is followed.",
        "`conflict`: 300 units are followed already; `ambiguous`: several universities have the code."
        => keep, Followed;

    /// Follows a unit no longer.
    delete "/api/units/{unit}/follow" unfollow: "The unit is not followed.",
        "`ambiguous`: several universities have the code." => let_go, Followed;

    /// Bookmarks a unit.
    ///
    /// At most 300 units; doing so again changes nothing.
    put "/api/units/{unit}/bookmark" bookmark: "The unit is bookmarked.",
        "`conflict`: 300 units are bookmarked already; `ambiguous`: several universities have the code."
        => keep, Bookmarked;

    /// Removes the bookmark of a unit.
    delete "/api/units/{unit}/bookmark" remove_bookmark: "The unit is not bookmarked.",
        "`ambiguous`: several universities have the code." => let_go, Bookmarked;
}

/// The units that the caller follows, the newest first.
#[utoipa::path(
    tag = "me",
    responses(
        (status = 200, description = "A page of units.", body = Data<Vec<KeptUnitView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/follows")]
async fn list_follows(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    query: Query<KeptQuery>,
) -> Result<HttpResponse, ApiError> {
    list(&request, &state, KeptAs::Followed, caller.account, query.into_inner()).await
}

/// The units that the caller has bookmarked, the newest first.
#[utoipa::path(
    tag = "me",
    responses(
        (status = 200, description = "A page of units.", body = Data<Vec<KeptUnitView>>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/me/bookmarks")]
async fn list_bookmarks(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    query: Query<KeptQuery>,
) -> Result<HttpResponse, ApiError> {
    list(&request, &state, KeptAs::Bookmarked, caller.account, query.into_inner()).await
}

async fn list(
    request: &HttpRequest,
    state: &AppState,
    kept: KeptAs,
    account: AccountId,
    query: KeptQuery,
) -> Result<HttpResponse, ApiError> {
    let limit = parameters::limit(query.limit)?;
    let found = of_account(&state.database, kept, account, query.cursor.as_deref(), limit).await?;
    let views: Vec<KeptUnitView> = found.entries.iter().map(KeptUnitView::from).collect();
    Ok(Data::new(views).with_page(parameters::page(limit, found.next, found.total)).or_not_modified(request))
}

impl From<&KeptUnit> for KeptUnitView {
    fn from(kept: &KeptUnit) -> Self {
        Self { unit: CandidateView::from(&kept.unit), since: kept.since }
    }
}
