//! The phases in their order, on a clock that only runs when nothing else does.

use super::{DrainSettings, Lifecycle, Phase};
use rmu_config::{MapSource, load};
use std::time::Duration;

fn lifecycle(grace: u64, drain: u64) -> Lifecycle {
    Lifecycle::new(DrainSettings { ready_grace: Duration::from_secs(grace), drain: Duration::from_secs(drain) })
}

#[tokio::test(start_paused = true)]
async fn waits_for_load_balancers_and_for_what_is_in_flight() {
    let life = lifecycle(5, 30);
    let request = life.enter();
    let drain = tokio::spawn({
        let life = life.clone();
        async move { life.drain().await }
    });
    life.stop();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(life.phase(), Phase::NotReady);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(life.phase(), Phase::Refusing);
    assert!(life.refusing().is_cancelled() && !drain.is_finished());
    drop(request);
    drain.await.unwrap();
    assert!(!life.forced().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_request_without_end_is_given_up_at_the_deadline() {
    let life = lifecycle(5, 30);
    let _request = life.enter();
    let started = tokio::time::Instant::now();
    life.stop();
    life.drain().await;
    assert_eq!(started.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_second_signal_forces() {
    let life = lifecycle(5, 30);
    let _request = life.enter();
    let started = tokio::time::Instant::now();
    life.stop();
    life.stop();
    life.drain().await;
    assert_eq!(started.elapsed().as_secs(), 0);
}

#[test]
fn the_grace_lies_within_the_drain() {
    let source = MapSource::from([("READY_GRACE_SECONDS", "30"), ("DRAIN_SECONDS", "30")]);
    assert!(load(&source, DrainSettings::read).is_err());
    assert!(load(&MapSource::new(), DrainSettings::read).is_ok());
}
