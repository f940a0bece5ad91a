//! Manners over several workers: three gates on one Redis, as three workers have.

use crate::site::{Site, page, status};
use rmu_scraper_worker::{
    fetch::{Fetcher, Origins, address::AddressPolicy},
    politeness::{GateError, HostGate, Politeness, Refusal},
};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

const GAP: Duration = Duration::from_millis(100);

fn redis_url() -> String {
    std::env::var("RMU_TEST_REDIS_URL").expect("RMU_TEST_REDIS_URL")
}

async fn gate(prefix: &str) -> HostGate {
    let client = redis::Client::open(redis_url()).unwrap();
    HostGate::new(client.get_connection_manager().await.unwrap(), prefix)
}

async fn politeness(prefix: &str) -> Politeness {
    let addresses = AddressPolicy { allow_loopback: true };
    Politeness::new(gate(prefix).await, Fetcher::new("RateMyUnitBot/test", addresses, 10 << 20).unwrap())
}

fn prefix() -> String {
    format!("rmu:test:{}:", Uuid::new_v4())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_never_visit_a_host_at_once_and_keep_the_pause() {
    let site = Site::start().await;
    site.on("/page", page("x").after(Duration::from_millis(30)));
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let url = Url::parse(&site.url("/page")).unwrap();
    let prefix = prefix();
    let mut visits = Vec::new();
    for _ in 0..3 {
        let politeness = politeness(&prefix).await;
        for _ in 0..4 {
            let (politeness, url, origins) = (politeness.clone(), url.clone(), origins.clone());
            visits.push(tokio::spawn(
                async move { politeness.fetch(&url, &origins, GAP, soon()).await.unwrap().unwrap() },
            ));
        }
    }
    for visit in visits {
        assert_eq!(visit.await.unwrap().status, 200);
    }
    assert_eq!(site.most_at_once(), 1);
    let moments = site.moments("/page");
    assert_eq!(moments.len(), 12);
    assert!(moments.windows(2).all(|two| two[1] - two[0] >= GAP), "the pause was not kept: {moments:?}");
    assert_eq!(site.requests("/robots.txt"), 3, "each worker asks once");
}

#[tokio::test]
async fn a_turn_is_held_until_finished_and_a_dropped_one_is_given_back() {
    let prefix = prefix();
    let (one, other) = (gate(&prefix).await, gate(&prefix).await);
    let turn = one.wait("host", Duration::ZERO, soon()).await.unwrap();
    let refused = other.wait("host", Duration::ZERO, Instant::now() + Duration::from_millis(300)).await;
    assert!(matches!(refused, Err(GateError::Busy { .. })));
    assert!(other.wait("another", Duration::ZERO, soon()).await.is_ok());
    drop(turn);
    let turn = other.wait("host", Duration::ZERO, soon()).await.unwrap();
    turn.finish().await;
    assert!(one.wait("host", Duration::ZERO, soon()).await.is_ok());
}

#[tokio::test]
async fn a_turn_is_renewed_while_held_and_known_lost_when_redis_forgot() {
    let prefix = prefix();
    let (one, other) = (gate(&prefix).await, gate(&prefix).await);
    let turn = one.wait("host", Duration::ZERO, soon()).await.unwrap();
    // Longer than the lease itself.
    let refused = other.wait("host", Duration::ZERO, Instant::now() + Duration::from_secs(12)).await;
    assert!(refused.is_err());
    assert!(!turn.is_lost());
    let mut redis = redis::Client::open(redis_url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let _: () = redis::cmd("DEL").arg(format!("{prefix}host:host:turn")).query_async(&mut redis).await.unwrap();
    crate::support::until("the loss is noticed", async || turn.is_lost()).await;
}

#[tokio::test]
async fn robots_decide() {
    let allowed = async |robots: crate::site::Answer| {
        let site = Site::start().await;
        site.on("/robots.txt", robots);
        site.on("/unit", page("x"));
        let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
        let url = Url::parse(&site.url("/unit")).unwrap();
        let answer = politeness(&prefix()).await.fetch(&url, &origins, Duration::ZERO, soon()).await;
        assert_eq!(site.requests("/unit"), usize::from(answer.is_ok()), "what is refused is not visited");
        answer.map(|fetched| fetched.unwrap().status)
    };
    let text = |body: &str| page(body).kind("text/plain");
    assert!(allowed(text("User-agent: *\nDisallow: /admin")).await.is_ok());
    assert!(allowed(status("404 Not Found")).await.is_ok());
    assert!(allowed(status("403 Forbidden")).await.is_ok());
    let refused = allowed(text("User-agent: RateMyUnitBot\nDisallow: /unit")).await;
    assert!(matches!(refused, Err(Refusal::Disallowed(_))));
    let refused = allowed(text("User-agent: *\nCrawl-delay: 600")).await;
    assert!(matches!(refused, Err(Refusal::DelayTooLong(_))));
    for trouble in ["500 Internal Server Error", "503 Service Unavailable"] {
        assert!(matches!(allowed(status(trouble)).await, Err(Refusal::RobotsUnavailable(_))));
    }
    let off_site = status("301 Moved").header("Location: http://127.0.0.1:9/robots.txt");
    assert!(matches!(allowed(off_site).await, Err(Refusal::RobotsUnavailable(_))));
}

#[tokio::test]
async fn what_has_not_changed_is_asked_for_conditionally_and_not_at_all_when_just_fetched() {
    let site = Site::start().await;
    site.on("/feed.xml", page("<catalog/>").header("ETag: \"one\""));
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let url = Url::parse(&site.url("/feed.xml")).unwrap();
    let politeness = politeness(&prefix()).await;
    let first = politeness.fetch(&url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    let again = politeness.fetch(&url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    assert_eq!((again.status, again.body.as_slice()), (200, &b"<catalog/>"[..]));
    assert!(std::sync::Arc::ptr_eq(&first, &again), "the server said that it is unchanged");
    let hour = Duration::from_secs(3600);
    politeness.fetch_no_older(&url, &origins, Duration::ZERO, soon(), hour).await.unwrap().unwrap();
    assert_eq!(site.requests("/feed.xml"), 2, "what was just confirmed is not asked for");

    site.on("/feed.xml", page("<catalog>new</catalog>").header("ETag: \"two\""));
    let changed = politeness.fetch(&url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    assert_eq!(changed.body, b"<catalog>new</catalog>");
    site.on("/feed.xml", status("503 Service Unavailable"));
    assert_eq!(politeness.fetch(&url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap().status, 503);

    // Many at once cost one request.
    site.on("/other.xml", page("<catalog/>"));
    let other = Url::parse(&site.url("/other.xml")).unwrap();
    let mut parts = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (politeness, url, origins) = (politeness.clone(), other.clone(), origins.clone());
        parts.spawn(async move { politeness.fetch_no_older(&url, &origins, Duration::ZERO, soon(), hour).await });
    }
    assert!(parts.join_all().await.into_iter().all(|part| part.unwrap().unwrap().status == 200));
    assert_eq!(site.requests("/other.xml"), 1);
}

#[tokio::test]
async fn a_plain_request_stays_on_the_source_and_within_bounds() {
    let (site, stranger) = (Site::start().await, Site::start().await);
    let fetcher = Fetcher::new("RateMyUnitBot/test", AddressPolicy { allow_loopback: true }, 1000).unwrap();
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let get = async |path: &str| {
        fetcher
            .get(&Url::parse(&site.url(path)).unwrap(), &origins, Duration::from_secs(2))
            .await
            .map_err(|error| error.to_string())
    };
    site.on("/a", status("302 Found").header("Location: /b"));
    site.on("/b", page("here").header("Retry-After: 9"));
    site.on("/off", status("302 Found").header(&format!("Location: {}", stranger.url("/"))));
    site.on("/round", status("302 Found").header("Location: /round"));
    site.on("/large", page(&"x".repeat(1001)));
    site.on("/slow", page("").after(Duration::from_secs(60)));
    let fetched = get("/a").await.unwrap();
    assert_eq!((fetched.url.path(), fetched.body.as_slice()), ("/b", &b"here"[..]));
    assert_eq!(fetched.retry_after, Some(Duration::from_secs(9)));
    assert!(get("/off").await.unwrap_err().contains("may not be contacted"));
    assert_eq!(stranger.requests("/"), 0);
    assert!(get("/round").await.unwrap_err().contains("redirects"));
    assert!(get("/large").await.unwrap_err().contains("1000 bytes"));
    assert!(get("/slow").await.unwrap_err().contains("within"));

    let outside = Fetcher::new("RateMyUnitBot/test", AddressPolicy { allow_loopback: false }, 1000).unwrap();
    let refused = outside.get(&Url::parse(&site.url("/b")).unwrap(), &origins, Duration::from_secs(2)).await;
    assert!(refused.unwrap_err().to_string().contains("may not be contacted"));
}
