//! How scores are made, published with the constants that are in force.

use crate::{
    ApiError,
    auth::{Access, RouteAccess},
};
use actix_web::{HttpRequest, HttpResponse, get};
use rmu_catalogue::scores::{FEWEST_SHOWN_APART, RECENT_YEARS};
use rmu_domain::score;
use rmu_web::Data;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("GET", "/api/methodology", Access::Public)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(get_methodology);
}

/// The formula of the score and its constants.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MethodologyView {
    /// In words and symbols.
    pub formula: &'static str,
    /// The weight of one review.
    pub weight: &'static str,
    /// A review of a session this many years ago counts half.
    #[schema(example = 3.0)]
    pub half_life_years: f64,
    /// How many reviews of just the university's mean are added to every unit.
    #[schema(example = 5.0)]
    pub prior_reviews: f64,
    /// The mean assumed of a university without reviews.
    #[schema(example = 3.0)]
    pub neutral: f64,
    /// `recent` counts sessions of this year and so many years before.
    #[schema(example = 2)]
    pub recent_years: i32,
    /// A session with fewer reviews is not shown apart.
    #[schema(example = 3)]
    pub fewest_reviews_shown_apart: u32,
    pub ratings: [&'static str; 5],
    pub notes: Vec<&'static str>,
}

/// How scores are made.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "The published formula with its constants.", body = Data<MethodologyView>),
        (status = 304, description = "The answer is the one named in `If-None-Match`."),
    )
)]
#[get("/api/methodology")]
async fn get_methodology(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let view = MethodologyView {
        formula: "score = (sum of weight × rating + priorReviews × university mean) / (sum of weight + priorReviews)",
        weight: "0.5 ^ (age / halfLifeYears), age = this year − year of the session taken",
        half_life_years: score::HALF_LIFE_YEARS,
        prior_reviews: score::PRIOR_REVIEWS,
        neutral: score::NEUTRAL,
        recent_years: RECENT_YEARS,
        fewest_reviews_shown_apart: FEWEST_SHOWN_APART,
        ratings: ["overall", "teaching", "difficulty", "workload", "usefulness"],
        notes: vec![
            "Each of the five ratings is scored on its own, from 1 to 5.",
            "The university mean is the mean of all reviews of its units, with the same weights.",
            "A unit without reviews has no score.",
            "The would-recommend share and the distribution are plain counts, without weights.",
            "Only visible reviews count.",
            "Reviews sorted as helpful stand in the order of the lower end of the 95 % Wilson score interval of their \
             votes.",
        ],
    };
    Ok(Data::new(view).with_cache_control("public, max-age=3600").or_not_modified(&request))
}
