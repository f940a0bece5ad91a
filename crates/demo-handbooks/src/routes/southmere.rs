//! Site D: search results, subjects with a page below each, and a box to type a code into.

use super::{
    control,
    host::{Host, page, part},
    robots,
};
use crate::{
    search::{
        self, find,
        page::subject,
        results::{self, Search},
    },
    sources,
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Path, Query, ServiceConfig, to},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Asked {
    /// As forms send it, also with nothing in it.
    #[serde(default)]
    year: String,
    page: Option<usize>,
    order: Option<String>,
}

#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
}

pub(super) fn handbook(config: &mut ServiceConfig) {
    config
        .service(robots::robots)
        .service(start)
        .service(result_list)
        .service(find_page)
        .service(suggestions)
        .service(found)
        .service(eligibility)
        .service(one)
        .service(style)
        .service(find_source)
        .configure(control::configure)
        .default_service(to(nothing));
}

#[get("/")]
async fn start(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, find::page, || not_found(&host))
}

#[get("/search")]
async fn result_list(request: HttpRequest, host: Data<Host>, asked: Query<Asked>) -> HttpResponse {
    let search = Search {
        year: asked.year.parse().unwrap_or_else(|_| host.site.current_year()),
        page: asked.page.unwrap_or(1),
        descending: asked.order.as_deref() == Some("desc"),
    };
    page(&request, || results::page(&host.site, search, host.faults.get().paging), || not_found(&host))
}

#[get("/find")]
async fn find_page(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, find::page, || not_found(&host))
}

#[get("/api/find")]
async fn suggestions(host: Data<Host>, typed: Query<Typed>) -> HttpResponse {
    HttpResponse::Ok().json(find::suggestions(&host.site, &typed.q))
}

#[get("/api/find/{code}")]
async fn found(request: HttpRequest, host: Data<Host>, code: Path<String>) -> HttpResponse {
    match host.site.unit(host.site.current_year(), &code) {
        Some(unit) => part(&request, "text/html; charset=utf-8", &subject(&host.site, &unit)),
        None => HttpResponse::NotFound().finish(),
    }
}

/// Codes stand in addresses in small letters.
#[get("/{year}/subjects/{code}")]
async fn one(request: HttpRequest, host: Data<Host>, path: Path<(u16, String)>) -> HttpResponse {
    let (year, code) = path.into_inner();
    page(&request, || host.site.unit_page(year, &code.to_uppercase()), || not_found(&host))
}

#[get("/{year}/subjects/{code}/eligibility-and-requirements")]
async fn eligibility(request: HttpRequest, host: Data<Host>, path: Path<(u16, String)>) -> HttpResponse {
    let (year, code) = path.into_inner();
    let requisites = || host.site.requisites_page(year, &code.to_uppercase());
    page(&request, || requisites().unwrap_or_else(|| not_found(&host)), || not_found(&host))
}

#[get("/style.css")]
async fn style(request: HttpRequest) -> HttpResponse {
    part(&request, "text/css; charset=utf-8", search::STYLE)
}

/// The source document for the box.
#[get("/_source-find.json")]
async fn find_source(host: Data<Host>) -> HttpResponse {
    HttpResponse::Ok().json(sources::southmere_find(&host.origin, host.min_gap_ms))
}

async fn nothing(host: Data<Host>) -> HttpResponse {
    HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(not_found(&host))
}

fn not_found(host: &Host) -> String {
    host.site.unit_page(0, "")
}
