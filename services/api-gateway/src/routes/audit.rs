//! The audit log, for administrators.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
    routes::parameters::{self, refused},
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use rmu_catalogue::audit::{AuditAction, AuditFilter, RecordedEntry, SubjectKind, entries};
use rmu_domain::{ParseError, ids::AccountId};
use rmu_web::{Data, Page, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("GET", "/api/admin/audit", Access::Admin)];

/// No id and no slug is longer.
const LONGEST_SUBJECT: usize = 100;

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(list);
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// The account that acted.
    actor: Option<Uuid>,
    /// What was done.
    #[param(example = "source.edited")]
    action: Option<String>,
    /// The kind of what it was done to.
    #[param(example = "source")]
    subject_kind: Option<String>,
    /// Its id or slug; needs `subjectKind`.
    #[param(example = "northfield-handbook")]
    subject_id: Option<String>,
    /// From this moment on.
    #[param(example = "2026-03-01T00:00:00Z", value_type = Option<DateTime<Utc>>)]
    from: Option<String>,
    /// Before this moment.
    #[param(value_type = Option<DateTime<Utc>>)]
    until: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// One thing that a moderator or an administrator did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntryBody {
    pub id: Uuid,
    pub actor_id: Uuid,
    /// The role it had at that moment.
    #[schema(example = "admin")]
    pub actor_role: &'static str,
    #[schema(example = "source.edited")]
    pub action: String,
    #[schema(example = "source")]
    pub subject_kind: String,
    /// An id or a slug; empty when there is only one of its kind.
    #[schema(example = "northfield-handbook")]
    pub subject_id: String,
    /// Numbers, flags, ids and fixed words; nothing that a person wrote.
    #[schema(value_type = Object, example = json!({ "version": 3 }))]
    pub details: Value,
    /// The `X-Request-Id` of the request that did it.
    pub request_id: Option<String>,
    pub at: DateTime<Utc>,
}

/// What moderators and administrators did, the latest first
///
/// Entries are added in the transaction of what they tell of; nobody can change or remove one.
#[utoipa::path(tag = "admin", responses(
    (status = 200, description = "A page of entries.", body = Data<Vec<AuditEntryBody>>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 400, description = "`invalid`: a parameter is refused; `bad_cursor`.", body = ProblemBody,
     content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/admin/audit")]
async fn list(
    request: HttpRequest,
    state: web::Data<AppState>,
    _admin: Admin,
    query: Query<AuditQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let limit = parameters::limit(query.limit)?;
    if query.subject_id.as_ref().is_some_and(|id| id.chars().count() > LONGEST_SUBJECT || id.contains('\0')) {
        return Err(refused("subjectId")(ParseError::new("must be an id or a slug")));
    }
    let filter = AuditFilter {
        actor: query.actor.map(AccountId::from),
        action: query.action.as_deref().map(AuditAction::parse).transpose().map_err(refused("action"))?,
        subject_kind: query
            .subject_kind
            .as_deref()
            .map(SubjectKind::parse)
            .transpose()
            .map_err(refused("subjectKind"))?,
        subject_id: query.subject_id,
        from: moment("from", query.from.as_deref())?,
        until: moment("until", query.until.as_deref())?,
    };
    let (found, next) =
        entries(&state.database, &filter, query.cursor.as_deref(), limit).await.map_err(parameters::as_parameter)?;
    let bodies: Vec<AuditEntryBody> = found.into_iter().map(body).collect();
    let page = Page::new(u32::try_from(limit.get()).unwrap_or(u32::MAX), next);
    Ok(Data::new(bodies).with_page(page).or_not_modified(&request))
}

fn moment(name: &'static str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, ApiError> {
    let parse = |text: &str| {
        let moment = DateTime::parse_from_rfc3339(text).ok();
        let moment = moment.ok_or_else(|| ParseError::new("must be a moment such as 2026-03-01T00:00:00Z"))?;
        Ok(moment.to_utc())
    };
    text.map(parse).transpose().map_err(refused(name))
}

fn body(entry: RecordedEntry) -> AuditEntryBody {
    AuditEntryBody {
        id: entry.id.as_uuid(),
        actor_id: entry.actor.as_uuid(),
        actor_role: entry.role.as_str(),
        action: entry.action,
        subject_kind: entry.subject_kind,
        subject_id: entry.subject_id,
        details: entry.details,
        request_id: entry.request_id,
        at: entry.at,
    }
}
