//! robots.txt, by RFC 9309: fetched plainly, kept for a while, and obeyed.

use super::Refusal;
use crate::fetch::{FetchError, Fetched, Fetcher, Origins, PRODUCT};
use robotxt::{AccessResult, Robots};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::Url;

/// How long an answer is believed. The standard allows a day; a site that closes its doors is heard sooner.
const KEPT: Duration = Duration::from_secs(3600);
/// A site that cannot say what it allows is asked again soon.
const KEPT_UNAVAILABLE: Duration = Duration::from_secs(30);
const MOST_SITES: usize = 500;

/// What is known of sites, by origin. Clones share it.
#[derive(Clone, Default)]
pub struct RobotsCache {
    known: Arc<Mutex<HashMap<String, (Verdict, Instant)>>>,
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

    pub async fn fetch(&self, fetcher: &Fetcher, url: &Url, origins: &Origins, limit: Duration) -> Verdict {
        let verdict = match robotxt::robots_url(url) {
            Ok(robots_url) => verdict(&fetcher.get(&robots_url, origins, limit).await),
            Err(error) => Verdict::Unavailable(format!("{url}: {error}")),
        };
        self.keep(url.origin().ascii_serialization(), verdict.clone());
        verdict
    }

    fn keep(&self, origin: String, verdict: Verdict) {
        let now = Instant::now();
        let kept = if matches!(verdict, Verdict::Unavailable(_)) { KEPT_UNAVAILABLE } else { KEPT };
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

fn verdict(fetched: &Result<Fetched, FetchError>) -> Verdict {
    let access = match fetched {
        Ok(fetched) => match fetched.status {
            200..=299 => AccessResult::Successful(&fetched.body),
            // "Slow down" is no permission, though the standard counts it with "there is none".
            429 | 500.. => return Verdict::Unavailable(format!("status {}", fetched.status)),
            _ => AccessResult::Unavailable,
        },
        Err(FetchError::TooManyRedirects) => AccessResult::TooManyRedirects,
        Err(error) => return Verdict::Unavailable(error.to_string()),
    };
    Verdict::Rules(Arc::new(Robots::from_access(access, PRODUCT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Verdict {
        let url = Url::parse("https://handbook.example.edu/robots.txt").unwrap();
        verdict(&Ok(Fetched {
            url,
            status,
            content_type: None,
            body: body.into(),
            retry_after: None,
            validators: crate::fetch::Validators::default(),
        }))
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
        assert!(matches!(verdict(&Err(FetchError::TimedOut(KEPT))), Verdict::Unavailable(_)));
    }

    #[test]
    fn the_cache_is_bounded() {
        let cache = RobotsCache::default();
        for number in 0..MOST_SITES + 10 {
            cache.keep(format!("https://{number}.example"), answer(200, ""));
        }
        assert_eq!(cache.known.lock().unwrap().len(), MOST_SITES);
    }
}
