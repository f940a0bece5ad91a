//! Site B: pages, listings and a style sheet.

use super::{
    control,
    host::{Host, page, part},
    robots,
};
use crate::legacy::{self, listing};
use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Path, ServiceConfig, to},
};

pub(super) fn handbook(config: &mut ServiceConfig) {
    config
        .service(robots::robots)
        .service(start)
        .service(index)
        .service(numerical)
        .service(alpha)
        .service(subject)
        .service(style)
        .configure(control::configure)
        .default_service(to(nothing));
}

#[get("/")]
async fn start(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || listing::home(&host.site, host.current_year()), || not_found(&host))
}

#[get("/index.html")]
async fn index(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || listing::home(&host.site, host.current_year()), || not_found(&host))
}

#[get("/numerical.html")]
async fn numerical(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || listing::by_number(&host.site, host.current_year()), || not_found(&host))
}

#[get("/alpha.html")]
async fn alpha(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || listing::by_name(&host.site, host.current_year()), || not_found(&host))
}

#[get("/subjects/{code}.html")]
async fn subject(request: HttpRequest, host: Data<Host>, code: Path<String>) -> HttpResponse {
    page(&request, || host.site.unit_page(host.current_year(), &code), || not_found(&host))
}

#[get("/style.css")]
async fn style(request: HttpRequest) -> HttpResponse {
    part(&request, "text/css; charset=utf-8", legacy::STYLE)
}

/// The site says "Page Not Found" with status 200 for whatever it does not have, but not for files.
async fn nothing(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    if request.path().ends_with(".html") {
        return page(&request, || not_found(&host), || not_found(&host));
    }
    HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(not_found(&host))
}

fn not_found(host: &Host) -> String {
    host.site.unit_page(0, "")
}
