//! Why a task did not lead to facts, in the words of the contract.

use crate::{
    browser::PageError,
    fetch::{FetchError, address::AddressPolicy, retry_after},
    politeness::{GateError, Refusal, Went},
};
use chrono::Utc;
use rmu_domain::scrape::FailureKind;
use rmu_messaging::contracts::scrape::{FailureV1, OutcomeV1};
use std::{io, time::Duration};
use url::Url;

/// The end of a task that has no facts.
#[derive(Debug)]
pub(super) enum Ending {
    NotFound(String),
    Failed { kind: FailureKind, detail: String, retry_after: Option<Duration> },
}

impl Ending {
    pub(super) fn failed(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self::Failed { kind, detail: detail.into(), retry_after: None }
    }

    /// Back to the ledger, for later: nothing was asked of the site, so the task has not failed.
    pub(super) fn handed_back(detail: impl Into<String>, again_in: Option<Duration>) -> Self {
        Self::Failed { kind: FailureKind::Cancelled, detail: detail.into(), retry_after: again_in }
    }

    /// What this says about the host, which did or did not answer with a document.
    pub(super) fn went(&self, has_answered: bool) -> Went {
        match self {
            Self::Failed { kind: FailureKind::RateLimited, retry_after, .. } => Went::Refused(*retry_after),
            Self::Failed { kind: FailureKind::Timeout | FailureKind::Connection, .. } if !has_answered => {
                Went::Refused(None)
            }
            // It works: it said plainly that there is no such page.
            Self::NotFound(_) => Went::Well(Duration::ZERO),
            Self::Failed { .. } => Went::Unclear,
        }
    }

    /// A status that says there is no document for us. `None` for those that come with one.
    pub(super) fn of_status(status: u16, asked: Option<Duration>) -> Option<Self> {
        let detail = format!("the site answered with status {status}");
        match status {
            0..=399 => None,
            404 | 410 => Some(Self::NotFound(detail)),
            // Sites throttle with 403 as often as with 429.
            403 | 429 | 503 => Some(Self::Failed { kind: FailureKind::RateLimited, detail, retry_after: asked }),
            _ => Some(Self::Failed { kind: FailureKind::HttpStatus, detail, retry_after: asked }),
        }
    }

    pub(super) fn outcome(self) -> OutcomeV1 {
        match self {
            Self::NotFound(detail) => OutcomeV1::NotFound { detail: cut(detail) },
            Self::Failed { kind, detail, retry_after } => OutcomeV1::Failed(FailureV1 {
                failure: kind.as_str().to_owned(),
                detail: cut(detail),
                retry_after_seconds: retry_after.map(|wait| wait.as_secs()),
            }),
        }
    }
}

/// Details are for people to read: no page's text in full.
fn cut(mut detail: String) -> String {
    if let Some((end, _)) = detail.char_indices().nth(500) {
        detail.truncate(end);
    }
    detail
}

impl From<PageError> for Ending {
    fn from(error: PageError) -> Self {
        let kind = match &error {
            PageError::TimedOut(_) | PageError::NeverReady(_) | PageError::Stubborn(_) => FailureKind::Timeout,
            PageError::Unreachable(_) | PageError::CutOff => FailureKind::Connection,
            PageError::TooLarge(_) => FailureKind::TooLarge,
            PageError::NoDocument => FailureKind::NotAUnit,
            PageError::Browser(_) => FailureKind::BrowserCrashed,
            PageError::Refused(_) => FailureKind::BadSource,
            PageError::HttpStatus { status, retry_after } => {
                let asked = retry_after.as_deref().and_then(|written| retry_after::parse(written, Utc::now()));
                let ending = Self::of_status(*status, asked);
                return ending.unwrap_or_else(|| Self::failed(FailureKind::HttpStatus, error.to_string()));
            }
        };
        Self::failed(kind, error.to_string())
    }
}

impl From<GateError> for Ending {
    fn from(error: GateError) -> Self {
        match &error {
            GateError::Closed { is_hopeless: true, left, .. } => {
                Self::Failed { kind: FailureKind::RateLimited, detail: error.to_string(), retry_after: Some(*left) }
            }
            GateError::Unreachable(_)
            | GateError::Busy { .. }
            | GateError::Paused { .. }
            | GateError::Closed { .. } => Self::handed_back(error.to_string(), error.retry_after()),
        }
    }
}

impl From<Refusal> for Ending {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Disallowed(_) | Refusal::DelayTooLong(_) => {
                Self::failed(FailureKind::RobotsDisallowed, refusal.to_string())
            }
            Refusal::RobotsUnavailable(_) => Self::failed(FailureKind::Connection, refusal.to_string()),
            Refusal::Gate(error) => error.into(),
        }
    }
}

impl From<FetchError> for Ending {
    fn from(error: FetchError) -> Self {
        let kind = match &error {
            FetchError::TimedOut(_) => FailureKind::Timeout,
            FetchError::Unreachable(_) => FailureKind::Connection,
            FetchError::TooLarge(_) => FailureKind::TooLarge,
            FetchError::NotAllowed(_) | FetchError::TooManyRedirects => FailureKind::BadSource,
        };
        Self::failed(kind, error.to_string())
    }
}

/// An address of the task or a page, without what never reaches a server.
pub(super) fn parse_url(written: &str) -> Result<Url, Ending> {
    let mut url =
        Url::parse(written).map_err(|error| Ending::failed(FailureKind::BadSource, format!("{written}: {error}")))?;
    url.set_fragment(None);
    Ok(url)
}

/// Where a host is, if it may be contacted.
pub(super) async fn resolve(addresses: AddressPolicy, host: &str, port: u16) -> Result<std::net::IpAddr, Ending> {
    let found = addresses.resolve(host, port).await.map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => FailureKind::BadSource,
            _ => FailureKind::Connection,
        };
        Ending::failed(kind, error.to_string())
    })?;
    let preferred = found.iter().find(|address| address.is_ipv4()).or(found.first());
    preferred.map(|address| address.ip()).ok_or_else(|| Ending::failed(FailureKind::Connection, "no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(ending: Ending) -> String {
        match ending.outcome() {
            OutcomeV1::Failed(failure) => failure.failure,
            OutcomeV1::NotFound { .. } => "not found".to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statuses_are_told_apart() {
        assert!(Ending::of_status(200, None).is_none());
        assert_eq!(kind_of(Ending::of_status(404, None).unwrap()), "not found");
        assert_eq!(kind_of(Ending::of_status(403, None).unwrap()), "rate_limited");
        assert_eq!(kind_of(Ending::of_status(500, None).unwrap()), "http_status");
        let asked = PageError::HttpStatus { status: 429, retry_after: Some("17".into()) };
        let OutcomeV1::Failed(failure) = Ending::from(asked).outcome() else { panic!("no failure") };
        assert_eq!((failure.failure.as_str(), failure.retry_after_seconds), ("rate_limited", Some(17)));
    }

    #[test]
    fn what_robots_forbid_is_not_tried_again_and_their_absence_is() {
        assert_eq!(kind_of(Refusal::Disallowed("x".into()).into()), "robots_disallowed");
        assert_eq!(kind_of(Refusal::RobotsUnavailable("x".into()).into()), "connection");
    }

    #[test]
    fn a_host_that_is_left_alone_postpones_its_tasks_until_it_is_hopeless() {
        let closed = |is_hopeless| GateError::Closed {
            host: "handbook.example.edu".into(),
            left: Duration::from_secs(30),
            refused: Duration::from_secs(60),
            is_hopeless,
        };
        let busy = GateError::Busy { host: "handbook.example.edu".into() };
        for (error, kind, seconds) in [
            (closed(false), "cancelled", Some(30)),
            (closed(true), "rate_limited", Some(30)),
            (busy, "cancelled", None),
            (GateError::Unreachable("refused".into()), "cancelled", None),
        ] {
            let OutcomeV1::Failed(failure) = Ending::from(error).outcome() else { panic!("no failure") };
            assert_eq!((failure.failure.as_str(), failure.retry_after_seconds), (kind, seconds));
        }
    }

    #[test]
    fn what_a_failure_says_about_the_host() {
        let failed = |kind| Ending::failed(kind, "");
        assert_eq!(failed(FailureKind::Timeout).went(false), Went::Refused(None));
        assert_eq!(failed(FailureKind::Timeout).went(true), Went::Unclear, "the page is slow, not the host");
        assert_eq!(failed(FailureKind::MissingFact).went(true), Went::Unclear);
        let asked = Some(Duration::from_secs(7));
        assert_eq!(Ending::of_status(403, asked).unwrap().went(true), Went::Refused(asked));
        assert_eq!(Ending::of_status(404, None).unwrap().went(true), Went::Well(Duration::ZERO));
    }

    #[test]
    fn details_are_bounded() {
        let OutcomeV1::NotFound { detail } = Ending::NotFound("é".repeat(2000)).outcome() else { panic!("no") };
        assert_eq!(detail.chars().count(), 500);
    }
}
