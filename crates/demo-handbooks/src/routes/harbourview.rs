//! Site E: feeds that can be asked for conditionally, and the pages that their entries link.

use super::{
    control,
    host::{Host, feed, page},
    robots,
};
use actix_web::{
    HttpRequest, HttpResponse, get,
    middleware::Compress,
    web::{self, Data, Path, ServiceConfig, to},
};

pub(super) fn handbook(config: &mut ServiceConfig) {
    config
        .service(robots::robots)
        .service(web::resource("/feeds/{file}").wrap(Compress::default()).route(web::get().to(xcri)))
        .service(course)
        .configure(control::configure)
        .default_service(to(nothing));
}

async fn xcri(request: HttpRequest, host: Data<Host>) -> HttpResponse {
    match host.site.feed_xml(request.path(), &host.origin) {
        Some(xml) => feed(&request, &host, xml),
        None => nothing().await,
    }
}

#[get("/courses/{code}")]
async fn course(request: HttpRequest, host: Data<Host>, code: Path<String>) -> HttpResponse {
    let year = host.site.current_year();
    page(&request, || host.site.unit_page(year, &code), || host.site.unit_page(0, &code))
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/html; charset=utf-8").body("<h1>Not Found</h1>")
}
