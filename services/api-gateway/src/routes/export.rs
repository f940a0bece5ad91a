//! All units as open data, streamed: what is in memory is one batch, whatever the catalogue holds.

use crate::{
    ApiError, AppState,
    auth::{Access, RouteAccess},
};
use actix_web::{
    HttpResponse, get,
    http::header,
    web::{self, Bytes},
};
use format::{ExportedUnitView, Format};
use futures_util::stream::try_unfold;
use rmu_catalogue::export::{self, Batch, Place};
use rmu_postgres::Database;
use rmu_web::problem::ProblemBody;
use std::io;
use utoipa_actix_web::service_config::ServiceConfig;

pub mod format;

pub const ACCESS: &[RouteAccess] = &[
    RouteAccess::new("GET", "/api/export/units.csv", Access::Public),
    RouteAccess::new("GET", "/api/export/units.json", Access::Public),
];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(units_csv).service(units_json);
}

/// All units with what their reviews come to, as CSV.
///
/// Comma-separated by RFC 4180, UTF-8, with a head line. Means, shares and distributions are empty below three reviews. A
/// text that a spreadsheet would take for a formula has an apostrophe before it.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "The units, by university and code.", body = String, content_type = "text/csv"),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/export/units.csv")]
async fn units_csv(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    stream(&state, Format::Csv).await
}

/// All units with what their reviews come to, as JSON.
///
/// `{"success": true, "data": […]}`, one unit a line. Means, shares and distributions are `null` below three reviews.
#[utoipa::path(
    tag = "units",
    responses(
        (status = 200, description = "The units, by university and code.", body = rmu_web::Data<Vec<ExportedUnitView>>),
        (status = 503, description = "`unavailable`: the database does not answer.", body = ProblemBody,
         content_type = "application/problem+json"),
    )
)]
#[get("/api/export/units.json")]
async fn units_json(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    stream(&state, Format::Json).await
}

/// What is sent next.
enum Next {
    First(Batch),
    After(Place),
    Nothing,
}

async fn stream(state: &AppState, format: Format) -> Result<HttpResponse, ApiError> {
    // Read before the answer begins, while a failure can still be told as one.
    let first = Next::First(export::batch(&state.database, None).await?);
    let database = state.database.clone();
    let body = try_unfold((first, database), move |(next, database)| async move {
        part(format, next, &database).await.map(|part| part.map(|(bytes, next)| (bytes, (next, database))))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, format.content_type()))
        .insert_header((header::CONTENT_DISPOSITION, format.disposition()))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .streaming(body))
}

async fn part(format: Format, next: Next, database: &Database) -> io::Result<Option<(Bytes, Next)>> {
    let (batch, is_first) = match next {
        Next::First(batch) => (batch, true),
        Next::After(place) => (export::batch(database, Some(&place)).await.map_err(|error| broken_off(&error))?, false),
        Next::Nothing => return Ok(None),
    };
    let bytes = format.write(&batch.units, is_first, batch.next.is_none())?;
    Ok(Some((bytes.into(), batch.next.map_or(Next::Nothing, Next::After))))
}

/// The connection is cut, so that nobody takes the part for the whole.
fn broken_off(error: &rmu_catalogue::CatalogueError) -> io::Error {
    tracing::warn!(%error, "export broken off");
    io::Error::other("the export was broken off")
}
