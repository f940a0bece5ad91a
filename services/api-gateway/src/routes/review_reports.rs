//! Readers report reviews that break the rules.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess, Student},
};
use actix_web::{HttpRequest, http::StatusCode, post, web};
use rmu_catalogue::review_reports;
use rmu_domain::{
    ids::ReviewId,
    report::{Report, ReportReason, ReportText},
};
use rmu_web::{Data, Json, Path, Problem, problem::ProblemBody, rate_limit::enforce};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("POST", "/api/reviews/{id}/reports", Access::Student)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(create);
}

/// What is wrong with a review.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportBody {
    /// `spam`, `abusive`, `inaccurate`, `personal_information` or `other`.
    #[schema(example = "personal_information")]
    pub reason: String,
    /// In the reporter's words, 1 to 1000 characters; needed when the reason is `other`.
    #[serde(default)]
    #[schema(example = "It gives a tutor's telephone number.", min_length = 1, max_length = 1000)]
    pub text: Option<String>,
}

/// A report that was taken. What comes of it is for moderators.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReportView {
    pub review_id: Uuid,
}

/// Reports a review of somebody else; one report per account and review.
///
/// Who reported is shown to nobody, moderators included. So many independent reports as are configured hide the
/// review until a moderator has looked at it.
#[utoipa::path(
    tag = "reviews",
    request_body = ReportBody,
    params(("id" = Uuid, Path, description = "The review's id.")),
    responses(
        (status = 200, description = "The caller had reported it before; nothing changed.", body = Data<ReportView>),
        (status = 201, description = "The report counts.", body = Data<ReportView>),
        (status = 400, description = "`bad_request`: the body is no JSON.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`: no valid access token.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 403, description = "`email_not_verified`, or `forbidden`: the caller's own review.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: there is no such review, or it is not visible.",
         body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`invalid`: `errors` names the fields.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: too many reports.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[post("/api/reviews/{id}/reports")]
async fn create(
    request: HttpRequest,
    state: web::Data<AppState>,
    student: Student,
    id: Path<Uuid>,
    body: Json<ReportBody>,
) -> Result<Data<ReportView>, ApiError> {
    let report = body.0.parse()?;
    enforce(&state.limiter, state.config.limits.report, &student.account.to_string(), &request).await?;
    let enough = state.config.reports_to_hide;
    let is_new =
        review_reports::report(&state.database, ReviewId::from(id.0), student.account, &report, enough).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Data::new(ReportView { review_id: id.0 }).with_status(status))
}

impl ReportBody {
    fn parse(&self) -> Result<Report, Problem> {
        let invalid =
            |field: &'static str| move |error: rmu_domain::ParseError| Problem::invalid(field, error.to_string());
        let reason = ReportReason::parse(&self.reason).map_err(invalid("reason"))?;
        let text = self.text.as_deref().map(ReportText::parse).transpose().map_err(invalid("text"))?;
        Report::new(reason, text).map_err(invalid("text"))
    }
}
