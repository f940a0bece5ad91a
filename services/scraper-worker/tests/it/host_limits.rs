//! Manners over several workers: three gates on one Redis, as three workers have.

use crate::site::{Site, page, status};
use rmu_scraper_worker::{
    fetch::{FetchError, Fetcher, Origins, Received, address::AddressPolicy},
    politeness::{GateError, HostGate, PaceLimits, Politeness, Precedence, Refusal, Went},
};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

const GAP: Duration = Duration::from_millis(100);
const SLOTS: usize = 4;

type Fetched = Result<Result<Received, FetchError>, Refusal>;

fn redis_url() -> String {
    std::env::var("RMU_TEST_REDIS_URL").expect("RMU_TEST_REDIS_URL")
}

async fn gate(prefix: &str) -> HostGate {
    let client = redis::Client::open(redis_url()).unwrap();
    HostGate::new(client.get_connection_manager().await.unwrap(), prefix)
}

async fn politeness(prefix: &str) -> Politeness {
    let addresses = AddressPolicy { allow_loopback: true };
    Politeness::new(gate(prefix).await, Fetcher::new("RateMyUnitBot/test", addresses, 10 << 20).unwrap(), SLOTS)
}

/// As a task does it: in a slot.
async fn fetch(politeness: &Politeness, url: &Url, origins: &Origins, gap: Duration, until: Instant) -> Fetched {
    let slot = politeness.slot(url, origins, Precedence::InTurn, until, &CancellationToken::new()).await?;
    politeness.fetch(&slot, url, origins, gap).await
}

async fn fetch_no_older(
    politeness: &Politeness,
    url: &Url,
    origins: &Origins,
    gap: Duration,
    until: Instant,
    age: Duration,
) -> Fetched {
    let slot = politeness.slot(url, origins, Precedence::InTurn, until, &CancellationToken::new()).await?;
    politeness.fetch_no_older(&slot, url, origins, gap, age).await
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
            visits.push(tokio::spawn(async move {
                fetch(&politeness, &url, &origins, GAP, soon()).await.unwrap().unwrap()
            }));
        }
    }
    for visit in visits {
        assert_eq!(visit.await.unwrap().document.status, 200);
    }
    assert_eq!(site.most_at_once(), 1);
    let moments = site.moments("/page");
    assert_eq!(moments.len(), 12);
    assert!(moments.windows(2).all(|two| two[1] - two[0] >= GAP), "the pause was not kept: {moments:?}");
    assert_eq!(site.requests("/robots.txt"), 1, "one asks for all");
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
    turn.finish(Went::Unclear).await;
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
async fn a_lost_turn_is_asked_for_again_and_no_pause_follows_one_that_was_not_used() {
    let (prefix, url) = (prefix(), Url::parse("http://127.0.0.1:9/").unwrap());
    let (one, other) = (politeness(&prefix).await, politeness(&prefix).await);
    let pause = Duration::from_secs(30);
    let turn = one.turn(&url, pause, soon()).await.unwrap();
    let mut redis = redis::Client::open(redis_url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let _: () = redis::cmd("DEL")
        .arg(format!("{prefix}host:127.0.0.1:9:turn"))
        .arg(format!("{prefix}host:127.0.0.1:9:next"))
        .query_async(&mut redis)
        .await
        .unwrap();
    crate::support::until("the loss is noticed", async || turn.is_lost()).await;
    let turn = one.turn_again(turn, &url, pause, soon()).await.unwrap();
    assert!(!turn.is_lost());
    assert!(other.turn(&url, pause, Instant::now() + Duration::from_millis(300)).await.is_err(), "it has the turn");
    turn.give_back().await;
    let turn = other.turn(&url, pause, soon()).await.unwrap();
    turn.finish(Went::Unclear).await;
    let rests = one.turn(&url, pause, soon()).await.err().unwrap();
    assert!(matches!(rests, GateError::Paused { .. }), "{rests}");
}

#[tokio::test]
async fn robots_decide() {
    let allowed = async |robots: crate::site::Answer| {
        let site = Site::start().await;
        site.on("/robots.txt", robots);
        site.on("/unit", page("x"));
        let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
        let url = Url::parse(&site.url("/unit")).unwrap();
        let answer = fetch(&politeness(&prefix()).await, &url, &origins, Duration::ZERO, soon()).await;
        assert_eq!(site.requests("/unit"), usize::from(answer.is_ok()), "what is refused is not visited");
        answer.map(|fetched| fetched.unwrap().document.status)
    };
    let text = |body: &str| page(body).kind("text/plain");
    assert!(allowed(text("User-agent: *\nDisallow: /admin")).await.is_ok());
    assert!(allowed(status("404 Not Found")).await.is_ok());
    assert!(allowed(status("403 Forbidden")).await.is_ok());
    let refused = allowed(text("User-agent: RateMyUnitBot\nDisallow: /unit")).await;
    assert!(matches!(refused, Err(Refusal::Disallowed(_))));
    // What stands in the first 500 KiB counts, however long the rest is.
    let long = format!("User-agent: *\nDisallow: /unit\n{}", "# filler\n".repeat(100_000));
    assert!(matches!(allowed(text(&long)).await, Err(Refusal::Disallowed(_))));
    let late = format!("User-agent: *\n{}Disallow: /unit\n", "# filler\n".repeat(100_000));
    assert!(allowed(text(&late)).await.is_ok());
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
    let first = fetch(&politeness, &url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    let again = fetch(&politeness, &url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    assert_eq!((again.document.status, again.document.body.as_slice()), (200, &b"<catalog/>"[..]));
    assert!(std::sync::Arc::ptr_eq(&first.document, &again.document), "the server said that it is unchanged");
    assert!(again.as_of > first.as_of, "and when it said so");
    let hour = Duration::from_secs(3600);
    fetch_no_older(&politeness, &url, &origins, Duration::ZERO, soon(), hour).await.unwrap().unwrap();
    assert_eq!(site.requests("/feed.xml"), 2, "what was just confirmed is not asked for");

    site.on("/feed.xml", page("<catalog>new</catalog>").header("ETag: \"two\""));
    let changed = fetch(&politeness, &url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    assert_eq!(changed.document.body, b"<catalog>new</catalog>");
    site.on("/feed.xml", status("503 Service Unavailable"));
    assert_eq!(fetch(&politeness, &url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap().document.status, 503);

    // What a redirect leads to by now is another document, whatever it calls its state.
    for (path, body) in [("/2025.xml", "<catalog>2025</catalog>"), ("/2026.xml", "<catalog>2026</catalog>")] {
        site.on(path, page(body).header("ETag: \"1\""));
    }
    let moved = Url::parse(&site.url("/moved.xml")).unwrap();
    for (target, body) in [("/2025.xml", "<catalog>2025</catalog>"), ("/2026.xml", "<catalog>2026</catalog>")] {
        site.on("/moved.xml", status("302 Found").header(&format!("Location: {target}")));
        let fetched = fetch(&politeness, &moved, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
        assert_eq!(fetched.document.body, body.as_bytes());
    }

    // Many at once cost one request.
    site.on("/other.xml", page("<catalog/>"));
    let other = Url::parse(&site.url("/other.xml")).unwrap();
    let mut parts = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (politeness, url, origins) = (politeness.clone(), other.clone(), origins.clone());
        parts.spawn(async move { fetch_no_older(&politeness, &url, &origins, Duration::ZERO, soon(), hour).await });
    }
    assert!(parts.join_all().await.into_iter().all(|part| part.unwrap().unwrap().document.status == 200));
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

/// Three workers' gates with bounds that a test can wait for.
async fn three(prefix: &str, limits: PaceLimits) -> Vec<Politeness> {
    let mut all = Vec::new();
    for _ in 0..3 {
        let fetcher = Fetcher::new("RateMyUnitBot/test", AddressPolicy { allow_loopback: true }, 10 << 20).unwrap();
        all.push(Politeness::new(gate(prefix).await.with_limits(limits), fetcher, SLOTS));
    }
    all
}

fn least_gap(moments: &[std::time::Instant]) -> Duration {
    moments.windows(2).map(|two| two[1] - two[0]).min().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_workers_slow_down_when_a_host_throttles_and_recover() {
    let site = Site::start().await;
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let workers = three(&prefix(), PaceLimits { refusals: 100, ..PaceLimits::default() }).await;
    let visit = async |path: &str, number: usize| {
        let url = Url::parse(&site.url(path)).unwrap();
        fetch(&workers[number % 3], &url, &origins, Duration::from_millis(10), soon())
            .await
            .unwrap()
            .unwrap()
            .document
            .status
    };
    site.on("/good", page("x"));
    for (path, trouble) in [("/a", "429 Too Many Requests"), ("/b", "403 Forbidden"), ("/c", "503 Service Unavailable")]
    {
        site.on(path, status(trouble));
    }
    let mut expected = Duration::from_millis(100);
    for (number, path) in ["/a", "/b", "/c"].into_iter().enumerate() {
        // Whichever worker comes next keeps the gap that another's refusal has made, and each doubles it.
        visit(path, number).await;
        visit(path, number + 1).await;
        let moments = site.moments(path);
        expected *= 2;
        assert!(least_gap(&moments) >= expected, "{path}: {:?} < {expected:?}", least_gap(&moments));
        expected *= 2;
    }
    // A quarter of an hour of this would be enough for anybody: each success halves the gap again.
    let from = site.moments("/good").len();
    for number in 0..9 {
        assert_eq!(visit("/good", number).await, 200);
    }
    let moments = site.moments("/good")[from..].to_vec();
    let (first, last) = (moments[1] - moments[0], moments[8] - moments[7]);
    assert!(first >= Duration::from_millis(3200) && last < first / 4, "it recovers: {first:?} to {last:?}");
    assert_eq!(site.most_at_once(), 1);
    assert_eq!(site.requests("/robots.txt"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_refuses_everything_is_left_alone_and_then_probed_by_one() {
    let site = Site::start().await;
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let limits = PaceLimits {
        refusals: 3,
        least_gap: Duration::from_millis(1),
        first_closed: Duration::from_secs(2),
        longest_closed: Duration::from_secs(60),
        ..PaceLimits::default()
    };
    let workers = three(&prefix(), limits).await;
    let url = Url::parse(&site.url("/unit")).unwrap();
    let visit = async |worker: usize| fetch(&workers[worker], &url, &origins, Duration::ZERO, soon()).await;
    site.on("/robots.txt", page("").kind("text/plain"));
    site.on("/unit", status("403 Forbidden"));
    for worker in 0..3 {
        assert_eq!(visit(worker).await.unwrap().unwrap().document.status, 403);
    }
    for worker in 0..3 {
        let refused = visit(worker).await.err().unwrap();
        let Refusal::Gate(GateError::Closed { left, is_hopeless: false, .. }) = refused else { panic!("{refused:?}") };
        assert!(left <= Duration::from_secs(2));
    }
    assert_eq!(site.requests("/unit"), 3, "nothing is asked while the host is left alone");

    // Half open: of all who come, one asks. It is refused, and the host is left alone for twice as long.
    crate::support::until("the host is probed", async || {
        let all = workers.iter().map(|worker| fetch(worker, &url, &origins, Duration::ZERO, soon()));
        let (one, two, three) = {
            let mut all = all;
            tokio::join!(all.next().unwrap(), all.next().unwrap(), all.next().unwrap())
        };
        [one, two, three].iter().any(Result::is_ok)
    })
    .await;
    assert_eq!(site.requests("/unit"), 4, "one probe");
    let Err(Refusal::Gate(GateError::Closed { left, .. })) = visit(0).await else { panic!("it is open") };
    assert!(left > Duration::from_secs(2), "twice as long: {left:?}");

    site.on("/unit", page("x"));
    crate::support::until("the host is well again", async || visit(1).await.is_ok()).await;
    for worker in 0..3 {
        assert_eq!(visit(worker).await.unwrap().unwrap().document.status, 200);
    }
}

#[tokio::test]
async fn a_host_that_asks_to_be_left_alone_is() {
    let site = Site::start().await;
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let workers = three(&prefix(), PaceLimits::default()).await;
    let visit = async |worker: usize, path: &str, until: Instant| {
        fetch(&workers[worker], &Url::parse(&site.url(path)).unwrap(), &origins, Duration::ZERO, until).await
    };
    site.on("/busy", status("503 Service Unavailable").header("Retry-After: 2"));
    site.on("/unit", page("x"));
    visit(0, "/busy", soon()).await.unwrap().unwrap();
    // A task without the time to wait is handed back at once, with how long.
    let refused = visit(1, "/unit", Instant::now() + Duration::from_millis(500)).await.err().unwrap();
    let Refusal::Gate(error @ GateError::Paused { .. }) = refused else { panic!("{refused:?}") };
    assert!(error.retry_after().unwrap() > Duration::from_secs(1));
    // One that has it waits.
    visit(2, "/unit", soon()).await.unwrap().unwrap();
    assert!(site.moments("/unit")[0] - site.moments("/busy")[0] >= Duration::from_secs(2));

    // Longer than a place is held for: nobody waits for that.
    site.on("/gone", status("429 Too Many Requests").header("Retry-After: 600"));
    visit(0, "/gone", soon()).await.unwrap().unwrap();
    let refused = visit(1, "/unit", soon()).await.err().unwrap();
    let Refusal::Gate(GateError::Closed { left, .. }) = refused else { panic!("{refused:?}") };
    assert!(left > Duration::from_secs(500));
}

#[tokio::test]
async fn a_slow_host_is_given_as_long_to_rest_as_it_took() {
    let site = Site::start().await;
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let workers = three(&prefix(), PaceLimits { quick: Duration::from_millis(200), ..PaceLimits::default() }).await;
    site.on("/unit", page("x").after(Duration::from_millis(600)));
    let url = Url::parse(&site.url("/unit")).unwrap();
    // The first answer, of robots.txt, is quick; what is usual follows.
    for worker in [0, 1, 2, 0] {
        fetch(&workers[worker], &url, &origins, Duration::ZERO, soon()).await.unwrap().unwrap();
    }
    let moments = site.moments("/unit");
    let last = moments[3] - moments[2];
    assert!(last >= Duration::from_millis(600 + 300), "{last:?}");
}

#[tokio::test]
async fn without_redis_nobody_visits_anything_and_then_everybody_again() {
    let site = Site::start().await;
    site.on("/unit", page("x"));
    let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
    let proxy = rmu_test_support::chaos::ChaosProxy::start_for(&redis_url()).await;
    let client = redis::Client::open(proxy.in_front_of(&redis_url())).unwrap();
    let config = redis::aio::ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(1)));
    let gate = HostGate::new(client.get_connection_manager_with_config(config).await.unwrap(), &prefix());
    let fetcher = Fetcher::new("RateMyUnitBot/test", AddressPolicy { allow_loopback: true }, 1000).unwrap();
    let politeness = Politeness::new(gate, fetcher, SLOTS);
    let url = Url::parse(&site.url("/unit")).unwrap();
    let visit =
        async |until: Duration| fetch(&politeness, &url, &origins, Duration::ZERO, Instant::now() + until).await;
    visit(Duration::from_secs(20)).await.unwrap().unwrap();
    for fault in [rmu_test_support::chaos::Mode::Reset, rmu_test_support::chaos::Mode::BlackHole] {
        let before = site.connections();
        proxy.set(fault);
        let refused = visit(Duration::from_secs(3)).await.err().unwrap();
        assert!(matches!(refused, Refusal::Gate(GateError::Unreachable(_))), "{fault:?}: {refused:?}");
        assert_eq!(site.connections(), before, "a worker alone cannot know how many others there are");
        proxy.restore();
        visit(Duration::from_secs(20)).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_another_worker_reads_or_that_rests_keeps_no_slot_from_other_hosts() {
    let (busy, idle) = (Site::start().await, Site::start().await);
    let prefix = prefix();
    let other = gate(&prefix).await;
    let fetcher = Fetcher::new("RateMyUnitBot/test", AddressPolicy { allow_loopback: true }, 1000).unwrap();
    let politeness = Politeness::new(gate(&prefix).await, fetcher, 1);
    let get = |site: &Site, gap: Duration| {
        site.on("/unit", page("x"));
        site.on("/robots.txt", page("").kind("text/plain"));
        let origins = Origins::parse(std::slice::from_ref(&site.origin)).unwrap();
        let (politeness, url) = (politeness.clone(), Url::parse(&site.url("/unit")).unwrap());
        async move { fetch(&politeness, &url, &origins, gap, soon()).await.unwrap().unwrap() }
    };
    // Robots are asked for, and then nothing is known but the host's turn.
    get(&busy, Duration::ZERO).await;
    get(&idle, Duration::ZERO).await;
    let turn = other.wait(&host_of(&busy), Duration::ZERO, soon()).await.unwrap();
    let waiting = tokio::spawn(get(&busy, Duration::ZERO));
    crate::support::until("it waits in the only slot", async || politeness.slots().at_work == 1).await;
    get(&idle, Duration::ZERO).await;
    assert_eq!((busy.requests("/unit"), waiting.is_finished()), (1, false));
    turn.finish(Went::Unclear).await;
    waiting.await.unwrap();

    // A rest that is longer than a browser for another site takes.
    let long = Duration::from_secs(6);
    other.wait(&host_of(&busy), long, soon()).await.unwrap().finish(Went::Unclear).await;
    let waiting = tokio::spawn(get(&busy, long));
    crate::support::until("it has stepped aside", async || politeness.slots().waiting == 1).await;
    get(&idle, Duration::ZERO).await;
    assert_eq!((busy.requests("/unit"), waiting.is_finished()), (2, false));
    waiting.await.unwrap();
    assert_eq!((busy.requests("/unit"), idle.requests("/unit")), (3, 3));
}

fn host_of(site: &Site) -> String {
    format!("127.0.0.1:{}", site.port)
}
