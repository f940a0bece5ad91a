//! The truth, the statistics and the faults of a site. Nothing here is for crawlers.

use super::host::Host;
use crate::{faults::Faults, sources, truth::Truth};
use actix_web::{
    HttpResponse, delete, get, post,
    web::{Bytes, Data, Json, Path, Query, ServiceConfig},
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct InYear {
    year: Option<u16>,
}

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(all_units)
        .service(one_unit)
        .service(statistics)
        .service(reset_statistics)
        .service(show_faults)
        .service(set_faults)
        .service(reset_faults)
        .service(source);
}

/// Units are written one by one, so that a catalogue of any size needs no more memory than one unit.
#[get("/_truth/units.json")]
async fn all_units(host: Data<Host>, query: Query<InYear>) -> HttpResponse {
    let year = query.year.unwrap_or_else(|| host.current_year());
    let head = json!({"university": host.site.slug(), "year": year, "dead": host.site.dead_codes()}).to_string();
    let head = format!("{},\"units\":[", head.trim_end_matches('}'));
    let codes: Vec<String> = host.site.codes(year).map(str::to_owned).collect();
    let units = codes.into_iter().enumerate().map(move |(number, code)| {
        let unit = host.site.truth_of(year, &code).map(|truth: Truth| json!(truth).to_string()).unwrap_or_default();
        if number == 0 { unit } else { format!(",{unit}") }
    });
    let text = std::iter::once(head).chain(units).chain(std::iter::once("]}".to_owned()));
    HttpResponse::Ok()
        .content_type("application/json")
        .streaming(stream::iter(text.map(|part| Ok::<_, std::convert::Infallible>(Bytes::from(part)))))
}

#[get("/_truth/units/{code}.json")]
async fn one_unit(host: Data<Host>, code: Path<String>, query: Query<InYear>) -> HttpResponse {
    let year = query.year.unwrap_or_else(|| host.current_year());
    match host.site.truth_of(year, &code) {
        Some(truth) => HttpResponse::Ok().json(truth),
        None => HttpResponse::NotFound().json(json!({"error": "there is no such unit in that year"})),
    }
}

#[get("/_stats")]
async fn statistics(host: Data<Host>) -> HttpResponse {
    HttpResponse::Ok().json(host.statistics.report())
}

#[delete("/_stats")]
async fn reset_statistics(host: Data<Host>) -> HttpResponse {
    host.statistics.reset();
    HttpResponse::NoContent().finish()
}

#[get("/_faults")]
async fn show_faults(host: Data<Host>) -> HttpResponse {
    HttpResponse::Ok().json(host.faults.get())
}

/// Replaces all faults; what is not named is off.
#[post("/_faults")]
async fn set_faults(host: Data<Host>, faults: Json<Faults>) -> HttpResponse {
    host.faults.set(faults.into_inner());
    HttpResponse::Ok().json(host.faults.get())
}

#[delete("/_faults")]
async fn reset_faults(host: Data<Host>) -> HttpResponse {
    host.faults.set(Faults::default());
    HttpResponse::NoContent().finish()
}

/// The university and the source document that reads this site, for whoever sets up a demo.
#[get("/_source.json")]
async fn source(host: Data<Host>) -> HttpResponse {
    HttpResponse::Ok().json(sources::of(&host.site, &host.origins, host.min_gap_ms))
}
