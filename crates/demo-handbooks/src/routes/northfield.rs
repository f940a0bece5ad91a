//! Site A: the handbook's host and the second one with requisites.

use super::{
    control,
    host::{Host, page, part, xml},
    robots,
};
use crate::courseloop::{assets, page::home, second_host, sitemap};
use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Data, Path, ServiceConfig, to},
};
use serde_json::json;

pub(super) fn handbook(config: &mut ServiceConfig) {
    config
        .service(robots::robots)
        .service(start)
        .service(sitemap_index)
        .service(sitemap_child)
        .service(subject)
        .service(assessment)
        .route(assets::SCRIPT_PATH, web::get().to(script))
        .route(assets::STYLE_PATH, web::get().to(style))
        .configure(control::configure)
        .default_service(to(nothing));
}

pub(super) fn requisites(config: &mut ServiceConfig) {
    config.service(robots::robots).service(requisites_of).configure(control::configure).default_service(to(nothing));
}

#[get("/")]
async fn start(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || home(&host.site), || home(&host.site))
}

#[get("/sitemap.xml")]
async fn sitemap_index(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    xml(&request, sitemap::index(&host.site, &host.origin), || host.site.unit_page(0, ""))
}

#[get("/sitemaps/{name}.xml")]
async fn sitemap_child(request: HttpRequest, host: Data<Host>, name: Path<String>) -> HttpResponse {
    match sitemap::child(&host.site, &host.origin, &name) {
        Some(child) => xml(&request, child, || host.site.unit_page(0, "")),
        None => HttpResponse::NotFound().finish(),
    }
}

/// Unknown codes and years come as an error page with status 200.
#[get("/subject/{year}/{code}")]
async fn subject(request: HttpRequest, host: Data<Host>, path: Path<(String, String)>) -> HttpResponse {
    let (year, code) = path.into_inner();
    let year = if year == "current" { host.site.current_year() } else { year.parse().unwrap_or_default() };
    page(&request, || host.site.unit_page(year, &code), || host.site.unit_page(0, &code))
}

#[get("/api/assessment/{year}/{code}.json")]
async fn assessment(host: Data<Host>, path: Path<(u16, String)>) -> HttpResponse {
    let (year, code) = path.into_inner();
    match host.site.assessment_json(year, &code) {
        Some(assessment) => HttpResponse::Ok().json(assessment),
        None => HttpResponse::NotFound().json(json!({"message": "Not found"})),
    }
}

#[get("/requisites/{year}/{code}")]
async fn requisites_of(request: HttpRequest, host: Data<Host>, path: Path<(u16, String)>) -> HttpResponse {
    let (year, code) = path.into_inner();
    let not_found = || second_host::not_found().to_owned();
    page(&request, || host.site.requisites_page(year, &code).unwrap_or_else(not_found), not_found)
}

async fn script(request: HttpRequest) -> HttpResponse {
    part(&request, "text/javascript; charset=utf-8", assets::SCRIPT)
}

async fn style(request: HttpRequest) -> HttpResponse {
    part(&request, "text/css; charset=utf-8", &assets::style())
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/html; charset=utf-8").body("<h1>Not Found</h1>")
}
