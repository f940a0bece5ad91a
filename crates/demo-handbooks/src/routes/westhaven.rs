//! Site C: pages by a code in the query, a list, and a sitemap without years.

use super::{
    control,
    host::{Host, page, part, xml},
    robots,
};
use crate::elements::{self, listing};
use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Query, ServiceConfig, to},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    course_code: String,
}

pub(super) fn handbook(config: &mut ServiceConfig) {
    config
        .service(robots::robots)
        .service(start)
        .service(sitemap)
        .service(courses)
        .service(course)
        .service(style)
        .configure(control::configure)
        .default_service(to(nothing));
}

#[get("/")]
async fn start(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || listing::home(&host.site, host.current_year()), || not_found(&host))
}

#[get("/sitemap.xml")]
async fn sitemap(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    xml(&request, listing::sitemap(&host.site, &host.origin, host.current_year()), || not_found(&host))
}

#[get("/programs-courses/")]
async fn courses(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    page(&request, || listing::courses(&host.site, host.current_year()), || not_found(&host))
}

/// The site knows of no course under an unknown code, and says so with status 200.
#[get("/programs-courses/course.html")]
async fn course(request: HttpRequest, host: Data<Host>, asked: Query<Asked>) -> HttpResponse {
    page(&request, || host.site.unit_page(host.current_year(), &asked.course_code), || not_found(&host))
}

#[get("/style.css")]
async fn style(request: HttpRequest) -> HttpResponse {
    part(&request, "text/css; charset=utf-8", elements::STYLE)
}

async fn nothing(host: Data<Host>) -> HttpResponse {
    HttpResponse::NotFound().content_type("text/html; charset=utf-8").body(not_found(&host))
}

fn not_found(host: &Host) -> String {
    host.site.unit_page(0, "")
}
