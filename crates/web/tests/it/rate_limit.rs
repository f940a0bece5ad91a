//! Limits that are exact over all copies while Redis answers, and never gone when it does not.

use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use rmu_test_support::{chaos::ChaosProxy, redis as test_redis, wait};
use rmu_web::rate_limit::{Limit, RateLimiter};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

async fn connect(url: &str) -> ConnectionManager {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(1)))
        .set_max_delay(Duration::from_millis(200));
    ConnectionManager::new_with_config(Client::open(url).unwrap(), config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_as_many_as_the_limit_are_admitted_over_all_copies() {
    let prefix = test_redis::prefix();
    let mut calls = Vec::new();
    for _copy in 0..3 {
        let limiter = RateLimiter::new(connect(&test_redis::url()).await, &prefix);
        for _ in 0..100 {
            let limiter = limiter.clone();
            calls.push(tokio::spawn(async move { limiter.check(Limit::per("test", 37, HOUR), "somebody").await }));
        }
    }
    let mut admitted = 0;
    let mut remaining = Vec::new();
    for call in calls {
        let decision = call.await.unwrap();
        if decision.admitted {
            admitted += 1;
            remaining.push(decision.remaining);
        } else {
            // One comes back in 3600 s / 37.
            assert!((90..=98).contains(&decision.retry_after.as_secs()), "{decision:?}");
        }
    }
    assert_eq!(admitted, 37, "of 300");
    remaining.sort_unstable();
    assert_eq!(remaining, (0..37).collect::<Vec<u32>>(), "each was told how many are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_comes_back_with_time() {
    let limiter = RateLimiter::new(connect(&test_redis::url()).await, &test_redis::prefix());
    let limit = Limit::per("test", 2, Duration::from_millis(600));
    assert!(limiter.check(limit, "a").await.admitted && limiter.check(limit, "a").await.admitted);
    assert!(!limiter.check(limit, "a").await.admitted);
    assert!(limiter.check(limit, "b").await.admitted, "another subject is not concerned");
    wait::until(Duration::from_secs(10), || async { limiter.check(limit, "a").await.admitted }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_limits_are_stricter_and_with_it_they_are_exact_again() {
    let url = test_redis::url();
    let proxy = ChaosProxy::start_for(&url).await;
    let limiter = RateLimiter::new(connect(&proxy.in_front_of(&url)).await, &test_redis::prefix());
    let limit = Limit::per("test", 40, HOUR);
    assert_eq!(limiter.check(limit, "a").await.limit.burst, 40);

    proxy.black_hole();
    let mut admitted = 0;
    for _ in 0..60 {
        let decision = limiter.check(limit, "a").await;
        assert_eq!(decision.limit.burst, 10, "a quarter");
        admitted += u32::from(decision.admitted);
    }
    assert_eq!(admitted, 10);

    proxy.restore();
    wait::until(Duration::from_secs(5), || async { limiter.check(limit, "b").await.limit.burst == 40 }).await;
    assert!(limiter.check(limit, "a").await.remaining < 40, "what was used before is still known");
}
