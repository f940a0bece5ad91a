//! Totals and daily series, for administrators. Numbers alone.

use crate::{
    ApiError, AppState,
    auth::{Access, Admin, RouteAccess},
    routes::parameters::refused,
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use rmu_catalogue::{
    figures::{self, DayFigures, Days, Figures},
    page::is_plausible_year,
};
use rmu_domain::ParseError;
use rmu_messaging::contracts::accounts::{AccountFiguresV1, AccountsOfDayV1, CountAccountsV1};
use rmu_web::{Data, Query, problem::ProblemBody};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("GET", "/api/admin/stats", Access::Admin)];

const DEFAULT_RANGE: TimeDelta = TimeDelta::days(29);

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(stats);
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatsQuery {
    /// The first day; by default 30 days are shown.
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// The last day, by default today, in UTC. At most 92 days.
    #[param(example = "2026-11-27")]
    until: Option<String>,
}

/// What there is, and how it came to be.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatsView {
    /// `null` until it was counted for the first time.
    pub totals: Option<FiguresView>,
    /// What there was at the end of each day; of today, when it was last counted. Days on which nobody counted are
    /// left out.
    pub days: Vec<DayView>,
    /// `null` while the auth service does not answer.
    pub accounts: Option<AccountsView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FiguresView {
    pub counted_at: DateTime<Utc>,
    #[schema(example = 5)]
    pub universities: u64,
    #[schema(example = 12000)]
    pub units: u64,
    /// Those that can be read.
    #[schema(example = 36000)]
    pub reviews: u64,
    #[schema(example = 9000)]
    pub votes: u64,
    #[schema(example = 40)]
    pub reports: u64,
    #[schema(example = 300)]
    pub scrapes: u64,
    #[schema(example = 2000)]
    pub follows: u64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayView {
    pub day: NaiveDate,
    #[serde(flatten)]
    pub figures: FiguresView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountsView {
    #[schema(example = 1200)]
    pub total: u32,
    #[schema(example = 1100)]
    pub verified: u32,
    /// Bans in force.
    #[schema(example = 3)]
    pub banned: u32,
    #[schema(example = 4)]
    pub moderators: u32,
    #[schema(example = 2)]
    pub admins: u32,
    /// Registrations of each day that has any.
    pub days: Vec<RegistrationsView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegistrationsView {
    pub day: NaiveDate,
    #[schema(example = 7)]
    pub registered: u32,
}

/// Totals and daily series of units, reviews, votes, reports, scrapes and accounts.
///
/// Counted every ten minutes, so that asking is cheap.
#[utoipa::path(
    tag = "admin",
    responses(
        (status = 200, description = "The figures.", body = Data<StatsView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
        (status = 400, description = "`invalid`: no day, or too many.", body = ProblemBody,
         content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/admin/stats")]
async fn stats(
    request: HttpRequest,
    state: web::Data<AppState>,
    _admin: Admin,
    query: Query<StatsQuery>,
) -> Result<HttpResponse, ApiError> {
    let until = day("until", query.0.until.as_deref())?.unwrap_or_else(|| Utc::now().date_naive());
    let from = day("from", query.0.from.as_deref())?.unwrap_or(until - DEFAULT_RANGE);
    let days = Days::new(from, until).map_err(refused("until"))?;
    let totals = figures::newest(&state.database).await?;
    let series = figures::series(&state.database, days).await?;
    let view = StatsView {
        totals: totals.map(|newest| FiguresView::from(newest.figures)),
        days: series.into_iter().map(DayView::from).collect(),
        accounts: accounts(&state, days).await,
    };
    Ok(Data::new(view).or_not_modified(&request))
}

/// Half of the figures is better than none.
async fn accounts(state: &AppState, days: Days) -> Option<AccountsView> {
    match state.auth.call(&CountAccountsV1 { from: days.from(), until: days.until() }).await {
        Ok(Ok(figures)) => Some(AccountsView::from(figures)),
        Ok(Err(error)) => {
            tracing::warn!(?error, "accounts could not be counted");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "accounts could not be counted");
            None
        }
    }
}

/// Between the years that a calendar of ours has.
fn day(name: &'static str, text: Option<&str>) -> Result<Option<NaiveDate>, ApiError> {
    let parse = |text: &str| {
        let day = text.parse::<NaiveDate>().ok();
        let known = day.filter(|day| is_plausible_year(day.year()));
        known.ok_or_else(|| ParseError::new("must be a day such as 2026-11-27"))
    };
    text.map(parse).transpose().map_err(refused(name))
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        Self {
            counted_at: figures.counted_at,
            universities: figures.universities,
            units: figures.units,
            reviews: figures.reviews,
            votes: figures.votes,
            reports: figures.reports,
            scrapes: figures.scrapes,
            follows: figures.follows,
        }
    }
}

impl From<DayFigures> for DayView {
    fn from(of_day: DayFigures) -> Self {
        Self { day: of_day.day, figures: FiguresView::from(of_day.figures) }
    }
}

impl From<AccountFiguresV1> for AccountsView {
    fn from(figures: AccountFiguresV1) -> Self {
        Self {
            total: figures.total,
            verified: figures.verified,
            banned: figures.banned,
            moderators: figures.moderators,
            admins: figures.admins,
            days: figures.days.into_iter().map(RegistrationsView::from).collect(),
        }
    }
}

impl From<AccountsOfDayV1> for RegistrationsView {
    fn from(of_day: AccountsOfDayV1) -> Self {
        Self { day: of_day.day, registered: of_day.registered }
    }
}
