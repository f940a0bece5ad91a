//! robots.txt, by RFC 9309: fetched plainly, kept for a while, and obeyed.

use super::{HostGate, Refusal, Went};
use crate::fetch::{FetchError, Fetched, Fetcher, Origins, PRODUCT};
use robotxt::{AccessResult, BYTE_LIMIT, Robots};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::Url;

/// How long an answer is believed. The standard allows a day; a site that closes its doors is heard sooner.
const KEPT: Duration = Duration::from_secs(3600);
/// Part of that for what another worker has asked, whose time has begun to run.
const KEPT_NOTED: Duration = Duration::from_secs(300);
/// A site that cannot say what it allows is asked again soon.
const KEPT_UNAVAILABLE: Duration = Duration::from_secs(30);
const MOST_SITES: usize = 500;

/// What is known of sites, by origin. Clones share it.
#[derive(Clone, Default)]
pub struct RobotsCache {
    known: Arc<Mutex<HashMap<String, (Verdict, Instant)>>>,
}

/// What came of asking for robots.txt, as workers note it for one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Answer {
    Text(String),
    /// 4xx: the site has none, so nothing is forbidden.
    None,
    Unavailable(String),
}

/// What a site's robots.txt says.
#[derive(Debug, Clone)]
pub enum Verdict {
    Rules(Arc<Robots>),
    /// 5xx, 429, no answer: everything is disallowed until it can be read.
    Unavailable(String),
}

impl Verdict {
    /// The delay asked for, if the page may be visited.
    pub fn check(&self, url: &Url) -> Result<Option<Duration>, Refusal> {
        match self {
            Self::Rules(rules) if rules.is_url_allowed(url) => Ok(rules.crawl_delay()),
            Self::Rules(_) => Err(Refusal::Disallowed(url.to_string())),
            Self::Unavailable(reason) => Err(Refusal::RobotsUnavailable(reason.clone())),
        }
    }
}

impl RobotsCache {
    pub fn cached(&self, url: &Url) -> Option<Verdict> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (verdict, until) = known.get(&url.origin().ascii_serialization())?;
        (*until > Instant::now()).then(|| verdict.clone())
    }

    /// What another worker has noted, kept from now on.
    pub(super) async fn noted(&self, gate: &HostGate, site: &str) -> Option<Verdict> {
        let answer: Answer = serde_json::from_str(&gate.noted(site).await?).ok()?;
        let verdict = Verdict::from(&answer);
        // Not for longer than the note itself may hold by now.
        self.keep(site.to_owned(), verdict.clone(), KEPT_NOTED.min(answer.kept()));
        Some(verdict)
    }

    /// Asks the site and tells the other workers.
    pub(super) async fn fetch(
        &self,
        gate: &HostGate,
        fetcher: &Fetcher,
        url: &Url,
        origins: &Origins,
        limit: Duration,
    ) -> (Verdict, Went) {
        let site = url.origin().ascii_serialization();
        let asked_at = Instant::now();
        let (answer, went) = match robotxt::robots_url(url) {
            Ok(robots_url) => {
                let fetched = fetcher.get_start(&robots_url, origins, limit, BYTE_LIMIT).await;
                (answer(&fetched), Went::of_fetch(&fetched, asked_at.elapsed()))
            }
            Err(error) => (Answer::Unavailable(format!("{url}: {error}")), Went::Unclear),
        };
        let (verdict, kept) = (Verdict::from(&answer), answer.kept());
        if let Ok(note) = serde_json::to_string(&answer) {
            gate.note(&site, &note, kept).await;
        }
        self.keep(site, verdict.clone(), kept);
        // A site without robots.txt may answer 403 for it; that is no refusal of visits.
        let went = if matches!(answer, Answer::None) { Went::Unclear } else { went };
        (verdict, went)
    }

    fn keep(&self, origin: String, verdict: Verdict, kept: Duration) {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, until)| *until > now);
        if known.len() >= MOST_SITES
            && let Some(soonest) = known.iter().min_by_key(|(_, (_, until))| *until).map(|(origin, _)| origin.clone())
        {
            known.remove(&soonest);
        }
        known.insert(origin, (verdict, now + kept));
    }
}

impl Answer {
    fn kept(&self) -> Duration {
        if matches!(self, Self::Unavailable(_)) { KEPT_UNAVAILABLE } else { KEPT }
    }
}

impl From<&Answer> for Verdict {
    fn from(answer: &Answer) -> Self {
        let access = match answer {
            Answer::Text(text) => AccessResult::Successful(text.as_bytes()),
            Answer::None => AccessResult::Unavailable,
            Answer::Unavailable(reason) => return Self::Unavailable(reason.clone()),
        };
        Self::Rules(Arc::new(Robots::from_access(access, PRODUCT)))
    }
}

fn answer(fetched: &Result<Fetched, FetchError>) -> Answer {
    match fetched {
        Ok(fetched) => match fetched.status {
            200..=299 => Answer::Text(String::from_utf8_lossy(&fetched.body).into_owned()),
            // "Slow down" is no permission, though the standard counts it with "there is none".
            429 | 500.. => Answer::Unavailable(format!("status {}", fetched.status)),
            _ => Answer::None,
        },
        // By the standard, too many are as good as none.
        Err(FetchError::TooManyRedirects) => Answer::None,
        Err(error) => Answer::Unavailable(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Verdict {
        let url = Url::parse("https://handbook.example.edu/robots.txt").unwrap();
        Verdict::from(&super::answer(&Ok(Fetched {
            url,
            status,
            content_type: None,
            body: body.into(),
            retry_after: None,
            validators: crate::fetch::Validators::default(),
        })))
    }

    fn allows(verdict: &Verdict, path: &str) -> bool {
        verdict.check(&Url::parse("https://handbook.example.edu").unwrap().join(path).unwrap()).is_ok()
    }

    #[test]
    fn the_group_of_our_name_counts_before_the_general_one() {
        let rules = answer(
            200,
            "User-agent: *\nDisallow: /\n\nUser-agent: ratemyunitbot\nDisallow: /private\nAllow: /private/units/*.html$\nCrawl-delay: 2\n",
        );
        assert!(allows(&rules, "/subject/2026/31251"));
        assert!(!allows(&rules, "/private/x"));
        assert!(allows(&rules, "/private/units/a.html"));
        assert!(!allows(&rules, "/private/units/a.html?x"));
        let url = Url::parse("https://handbook.example.edu/").unwrap();
        assert_eq!(rules.check(&url).unwrap(), Some(Duration::from_secs(2)));
    }

    #[test]
    fn everything_may_be_forbidden() {
        assert!(matches!(
            answer(200, "User-agent: *\nDisallow: /").check(&Url::parse("https://handbook.example.edu/").unwrap()),
            Err(Refusal::Disallowed(_))
        ));
    }

    #[test]
    fn no_robots_allows_everything() {
        for status in [401, 403, 404, 410] {
            assert!(allows(&answer(status, "User-agent: *\nDisallow: /"), "/x"), "{status}");
        }
        assert!(allows(&answer(200, ""), "/x"));
        assert!(allows(&answer(200, "<html>not robots at all</html>"), "/x"));
    }

    #[test]
    fn a_site_in_trouble_allows_nothing_for_now() {
        for status in [429, 500, 503] {
            assert!(matches!(answer(status, ""), Verdict::Unavailable(_)), "{status}");
        }
        assert!(matches!(super::answer(&Err(FetchError::TimedOut(KEPT))), Answer::Unavailable(_)));
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = RobotsCache::default();
        for number in 0..MOST_SITES + 10 {
            cache.keep(format!("https://{number}.example"), answer(200, ""), KEPT);
        }
        assert_eq!(cache.known.lock().unwrap().len(), MOST_SITES);
    }
}
