//! The public log of moderation.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::Utc;
use rmu_catalogue::moderation_figures::{MonthFigures, PublishedMonth, SMALLEST_SHOWN, figures, shown};
use rmu_web::{Data, problem::ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("GET", "/api/moderation/figures", Access::Public)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(show);
}

/// Sums of the months that are over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FiguresView {
    /// A number from 1 to below this is shown as null, so that nobody can be singled out.
    #[schema(example = 5)]
    pub smallest_shown: u32,
    /// The latest first; 24 of them.
    pub months: Vec<MonthView>,
}

/// One month. A number that is too small to be shown, or from which such a one could be reckoned, is null.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthView {
    #[schema(example = "2026-03")]
    pub month: String,
    /// Reports of reviews.
    #[schema(example = 120)]
    pub reports: Option<u32>,
    /// Reviews that stayed visible.
    #[schema(example = 41)]
    pub kept: Option<u32>,
    #[schema(example = 12)]
    pub hidden: Option<u32>,
    #[schema(example = 6)]
    pub removed: Option<u32>,
    /// Reviews that were out of sight and were shown again.
    #[schema(example = 20)]
    pub restored: Option<u32>,
    #[schema(example = 14)]
    pub appeals: Option<u32>,
    /// Appeals that were decided in this month.
    #[schema(example = 14)]
    pub appeals_decided: Option<u32>,
    /// Of those, after which the review was shown again.
    #[schema(example = 5)]
    pub appeals_upheld: Option<u32>,
    /// Take-downs asked for.
    pub takedowns: Option<u32>,
    /// Take-downs that were decided in this month.
    pub takedowns_decided: Option<u32>,
    /// Of those, after which the review went out of sight.
    pub takedowns_upheld: Option<u32>,
    /// Half of the decisions took no longer.
    #[schema(example = 5400)]
    pub median_seconds_to_decision: Option<u64>,
}

/// How much was reported, decided, appealed and taken down, month by month
///
/// The month that runs is not among them.
#[utoipa::path(tag = "moderation", responses(
    (status = 200, description = "The last 24 months.", body = Data<FiguresView>),
    (status = 304, description = "The answer is the one named in `If-None-Match`."),
    (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
     content_type = "application/problem+json"),
))]
#[get("/api/moderation/figures")]
async fn show(request: HttpRequest, state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let months = figures(&state.database, Utc::now()).await?.into_iter().map(MonthView::from).collect();
    let view = FiguresView { smallest_shown: SMALLEST_SHOWN, months };
    Ok(Data::new(view).with_cache_control("public, max-age=3600").or_not_modified(&request))
}

impl From<PublishedMonth> for MonthView {
    fn from(published: PublishedMonth) -> Self {
        let figures = published.figures;
        Self {
            month: published.month.format("%Y-%m").to_string(),
            reports: shown(figures.reports),
            kept: shown(figures.kept),
            hidden: shown(figures.hidden),
            removed: shown(figures.removed),
            restored: shown(figures.restored),
            appeals: shown(figures.appeals),
            appeals_decided: shown(figures.appeals_decided),
            appeals_upheld: MonthFigures::shown_part(figures.appeals_granted, figures.appeals_decided),
            takedowns: shown(figures.takedowns),
            takedowns_decided: shown(figures.takedowns_decided),
            takedowns_upheld: MonthFigures::shown_part(figures.takedowns_upheld, figures.takedowns_decided),
            median_seconds_to_decision: figures.shown_median(),
        }
    }
}
