//! A student says that what is shown of a unit is wrong.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess, Student},
    routes::{parameters::WhichUniversity, scrapes::trace, units::one_unit},
};
use actix_web::{HttpRequest, post, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::refresh_requests::{Refresh, RefreshRequest, RefreshState, request_refresh};
use rmu_web::{Data, Path, Query, rate_limit::enforce};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("POST", "/api/units/{unit}/refresh-requests", Access::Student)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(create);
}

/// What happens next.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshBody {
    pub unit_id: Uuid,
    /// `queued`: its page is read next; `underWay`: it is being read, or will be soon.
    pub state: &'static str,
    pub requested_at: DateTime<Utc>,
    /// In words.
    pub next: &'static str,
}

/// Asks for a unit's page to be read again, because what is shown is wrong
///
/// The page goes before everything else that is read. While it is under way, further requests are answered with it;
/// a unit is read again at most once an hour. What came of it shows in the unit's `read`.
#[utoipa::path(tag = "units",
    params(
        ("unit" = String, Path, description = "The unit's id, or its code in any spelling.", example = "31251"),
    ),
    responses(
    (status = 202, description = "What happens next.", body = Data<RefreshBody>),
    (status = 404, description = "`not_found`: there is no such unit."),
    (status = 409, description = "`ambiguous`: several universities have the code; `conflict`: its handbook is not read."),
    (status = 429, description = "`rate_limited`: it was read again within the hour, or you asked too often; \
        `queue_full`: come back after `Retry-After`."),
))]
#[post("/api/units/{unit}/refresh-requests")]
async fn create(
    request: HttpRequest,
    state: web::Data<AppState>,
    student: Student,
    key: Path<String>,
    query: Query<WhichUniversity>,
) -> Result<Data<RefreshBody>, ApiError> {
    let unit = one_unit(&state, &key.0, query.0.university.as_deref()).await?.id;
    enforce(&state.limiter, state.config.limits.refresh, &student.account.to_string(), &request).await?;
    let asked = RefreshRequest { unit, account: student.account, trace: trace(), now: Utc::now() };
    let refresh = request_refresh(&state.database, state.config.max_queue_size, &asked).await?;
    Ok(Data::accepted(body(refresh)))
}

fn body(refresh: Refresh) -> RefreshBody {
    let (state, next) = match refresh.state {
        RefreshState::Queued => {
            ("queued", "The handbook's page of this unit is read next; look again in a few minutes.")
        }
        RefreshState::UnderWay => {
            ("underWay", "The handbook's page of this unit is being read already; look again in a few minutes.")
        }
    };
    RefreshBody { unit_id: refresh.unit.as_uuid(), state, requested_at: refresh.requested_at, next }
}
