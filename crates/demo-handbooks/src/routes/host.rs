//! What every request of one host passes through: statistics, faults and the writing of pages.

use super::spoiled;
use crate::{
    Site,
    faults::{FaultSwitch, Spoil, Verdict, redesign, truncate},
    statistics::{Sort, Statistics},
};
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::USER_AGENT,
    middleware::Next,
    web::Data,
};
use std::sync::Arc;

/// One host of a site. Site A has two, with the same faults and statistics of their own.
pub(super) struct Host {
    pub(super) site: Arc<Site>,
    pub(super) faults: Arc<FaultSwitch>,
    pub(super) statistics: Statistics,
    pub(super) origin: String,
    /// The origins a crawler of this site may contact.
    pub(super) origins: Vec<String>,
    pub(super) min_gap_ms: u64,
}

/// How the page of this request is to be written.
#[derive(Clone, Copy, Default)]
struct Manner {
    error_page: bool,
    truncate: bool,
    redesigned: bool,
    spoil: Option<Spoil>,
}

impl Host {
    /// The year of the edition that is current.
    pub(super) fn current_year(&self) -> u16 {
        self.faults.get().edition.unwrap_or_else(|| self.site.current_year())
    }
}

/// Counts the request, applies the faults to documents, and hands on what is left to serve.
pub(super) async fn receive(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(host) = request.app_data::<Data<Host>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let path = request.path().to_owned();
    let sort = Sort::of(&path);
    let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("none").to_owned();
    host.statistics.started(sort, &path, &agent);
    // However the request ends, also by a reader who goes away, it is no longer in flight.
    let _ended = Ended { host: host.clone(), sort, agent };
    if sort == Sort::Part {
        let redesigned = host.faults.get().redesigned;
        request.extensions_mut().insert(Manner { redesigned, ..Manner::default() });
    }
    if sort != Sort::Document || path == "/robots.txt" {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let (delay, verdict) = host.faults.next();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if let Verdict::Serve { spoil: Some(spoil), .. } = verdict
        && let Some(answer) = spoiled::answer(spoil, request.uri())
    {
        return Ok(request.into_response(answer));
    }
    let refusal = match verdict {
        Verdict::Serve { error_page, truncate, redesigned, spoil } => {
            request.extensions_mut().insert(Manner { error_page, truncate, redesigned, spoil });
            return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
        }
        Verdict::Forbid => HttpResponse::Forbidden().content_type("text/html").body("<h1>403 Forbidden</h1>"),
        Verdict::Hang | Verdict::Fail => {
            HttpResponse::InternalServerError().content_type("text/html").body("<h1>500 Internal Server Error</h1>")
        }
    };
    Ok(request.into_response(refusal))
}

struct Ended {
    host: Data<Host>,
    sort: Sort,
    agent: String,
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.host.statistics.ended(self.sort, &self.agent);
    }
}

/// A page with status 200; `error_page` is what the site shows for what it does not have.
pub(super) fn page(
    request: &HttpRequest,
    page: impl FnOnce() -> String,
    error_page: impl FnOnce() -> String,
) -> HttpResponse {
    let manner = manner(request);
    let html = if manner.error_page { error_page() } else { page() };
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(dressed(html, manner))
}

/// A script or style sheet, which follows a redesign.
pub(super) fn part(request: &HttpRequest, content_type: &'static str, text: &str) -> HttpResponse {
    HttpResponse::Ok().content_type(content_type).body(dressed(text.to_owned(), manner(request)))
}

pub(super) fn xml(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("application/xml; charset=utf-8").body(text)
}

fn manner(request: &HttpRequest) -> Manner {
    request.extensions().get::<Manner>().copied().unwrap_or_default()
}

fn dressed(page: String, manner: Manner) -> String {
    let page = if manner.redesigned { redesign(&page) } else { page };
    let page = if let Some(spoil) = manner.spoil { spoil.page(&page) } else { page };
    if manner.truncate { truncate(page) } else { page }
}
