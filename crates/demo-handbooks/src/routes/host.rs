//! What every request of one host passes through: statistics, faults and the writing of pages.

use super::spoiled;
use crate::{
    Site,
    faults::{FaultSwitch, FeedFault, Spoil, Verdict, redesign, redesign_feed, truncate},
    random::hash,
    statistics::{Sort, Statistics},
};
use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, USER_AGENT},
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
    if verdict.is_fault() {
        host.statistics.spoiled();
    }
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

/// A sitemap. A relaunch of the pages leaves it as it is; an error page in its place is HTML.
pub(super) fn xml(request: &HttpRequest, text: String, error_page: impl Fn() -> String) -> HttpResponse {
    let manner = manner(request);
    if manner.error_page {
        return page(request, &error_page, &error_page);
    }
    let text = dressed(text, Manner { redesigned: false, ..manner });
    HttpResponse::Ok().content_type("application/xml; charset=utf-8").body(text)
}

/// A feed, or that it is still the one the reader has.
pub(super) fn feed(request: &HttpRequest, host: &Host, xml: String) -> HttpResponse {
    /// The day it was generated, as it says itself.
    const GENERATED: &str = "Mon, 05 Jan 2026 03:00:00 GMT";
    let fault = host.faults.get().feed;
    if manner(request).error_page {
        return page(request, || host.site.unit_page(0, ""), || host.site.unit_page(0, ""));
    }
    let manner = manner(request);
    let xml = if manner.redesigned { redesign_feed(&xml) } else { xml };
    let xml = dressed(xml, Manner { redesigned: false, ..manner });
    let xml = match fault {
        FeedFault::Normal => xml,
        FeedFault::Malformed => xml.replacen("</provider>", "<dc:title>Never closed</provider>", 1),
        FeedFault::Doctype => with_doctype(&xml),
        FeedFault::Huge => format!("{xml}<!-- {} -->", "padding ".repeat(2 << 20)),
        FeedFault::BadEntries => without_some_titles(&xml),
    };
    let tag = format!("\"{:016x}\"", hash(&xml));
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let is_known = match (header(IF_NONE_MATCH), header(IF_MODIFIED_SINCE)) {
        (Some(known), _) => known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag),
        (None, Some(since)) => since == GENERATED && fault == FeedFault::Normal,
        (None, None) => false,
    };
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((ETAG, tag)).insert_header((LAST_MODIFIED, GENERATED));
    if is_known { answer.finish() } else { answer.content_type("application/xml; charset=utf-8").body(xml) }
}

/// Ten entities, each of ten of the one before.
fn with_doctype(xml: &str) -> String {
    let entities: String =
        (1..10).map(|level| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10))).collect();
    let doctype = format!("<!DOCTYPE catalog [<!ENTITY l0 \"lol\">{entities}]>\n<catalog");
    xml.replacen("<catalog", &doctype, 1).replacen("<dc:title>", "<dc:title>&l9;", 1)
}

/// Every tenth title of a course stands where nobody looks for it.
fn without_some_titles(xml: &str) -> String {
    let courses = xml.split("<course>").enumerate().map(|(number, course)| match number % 10 {
        9 => course.replacen("dc:title>", "hv:caption>", 2),
        _ => course.to_owned(),
    });
    courses.collect::<Vec<_>>().join("<course>")
}

fn manner(request: &HttpRequest) -> Manner {
    request.extensions().get::<Manner>().copied().unwrap_or_default()
}

fn dressed(page: String, manner: Manner) -> String {
    let page = if manner.redesigned { redesign(&page) } else { page };
    let page = if let Some(spoil) = manner.spoil { spoil.page(&page) } else { page };
    if manner.truncate { truncate(page) } else { page }
}
