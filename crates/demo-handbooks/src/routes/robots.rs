//! robots.txt and what faults make of it.

use super::host::Host;
use crate::faults::RobotsFault;
use actix_web::{HttpResponse, get, web::Data};

#[get("/robots.txt")]
pub(super) async fn robots(host: Data<Host>) -> HttpResponse {
    let text = |text: String| HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text);
    let rules = "User-agent: *\nDisallow: /_truth\nDisallow: /_stats\nDisallow: /_faults\nDisallow: /_source\n";
    let sitemap = match host.site.slug() {
        "northfield" | "westhaven" => format!("\nSitemap: {}/sitemap.xml\n", host.origin),
        _ => String::new(),
    };
    match host.faults.get().robots {
        RobotsFault::Normal => text(format!("{rules}{sitemap}")),
        RobotsFault::CrawlDelay(seconds) => text(format!("{rules}Crawl-delay: {seconds}\n{sitemap}")),
        RobotsFault::DisallowAll => text("User-agent: *\nDisallow: /\n".to_owned()),
        RobotsFault::Missing => HttpResponse::NotFound().content_type("text/html").body("<h1>Not Found</h1>"),
        RobotsFault::Forbidden => HttpResponse::Forbidden().content_type("text/html").body("<h1>Forbidden</h1>"),
        RobotsFault::ServerError => {
            HttpResponse::ServiceUnavailable().content_type("text/html").body("<h1>Service Unavailable</h1>")
        }
    }
}
