//! Connections: their settings, whose thread drives them, and what happens when they break.

use crate::stage::{LIMIT, Stage, run};
use rmu_postgres::{Database, DatabaseConfig, DatabaseError};
use rmu_test_support::wait;
use std::{sync::mpsc, time::Duration};

#[tokio::test]
async fn every_connection_has_its_limits_and_name_from_the_first_moment() {
    let stage = Stage::new(2, |_| {}).await;
    for (setting, expected) in [
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("search_path", "catalogue,public"),
        ("application_name", "rmu-postgres-test"),
        ("TimeZone", "UTC"),
    ] {
        assert_eq!(stage.text(&format!("current_setting('{setting}')")).await, expected, "{setting}");
    }
}

#[test]
fn a_blocked_thread_does_not_hold_up_the_connection_it_opened() {
    let main = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    main.block_on(async {
        let stage = Stage::new(1, |_| {}).await;
        // The only connection is opened anew, from a one-thread runtime such as actix workers have.
        stage.end_connections().await;
        wait::until(LIMIT, || async { stage.database.state().idle == 0 || stage.database.ping(LIMIT).await.is_ok() })
            .await;
        let (database, (opened, has_opened), (release, released)) =
            (stage.database.clone(), mpsc::channel(), mpsc::channel::<()>());
        let worker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                database.ping(LIMIT).await.unwrap();
                opened.send(()).unwrap();
                // Busy with something else: nothing that this runtime drives moves now.
                released.recv().unwrap();
            });
        });
        tokio::task::block_in_place(|| has_opened.recv().unwrap());
        stage.database.ping(LIMIT).await.unwrap();
        release.send(()).unwrap();
        tokio::task::block_in_place(|| worker.join().unwrap());
    });
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced() {
    let stage = Stage::new(2, |_| {}).await;
    stage.end_connections().await;
    wait::until(LIMIT, || async { stage.database.ping(LIMIT).await.is_ok() }).await;
    stage.run("INSERT INTO things VALUES (1, 1)").await;
}

#[tokio::test]
async fn a_database_that_is_away_is_said_to_be_and_does_not_stop_the_start() {
    let mut config = DatabaseConfig::new("postgres://rmu@127.0.0.1:1/rmu", "test", "catalogue").unwrap();
    config.acquire_timeout = Duration::from_millis(200);
    let database = Database::new(config).await.unwrap();
    assert!(matches!(database.ping(LIMIT).await, Err(DatabaseError::Unavailable(_))));
}

#[tokio::test]
async fn nobody_waits_for_a_connection_for_ever() {
    let stage = Stage::new(1, |config| config.acquire_timeout = Duration::from_millis(100)).await;
    let held = stage.database.connection().await.unwrap();
    assert!(matches!(stage.database.connection().await, Err(DatabaseError::Unavailable(_))));
    assert_eq!(stage.database.state().idle, 0);
    drop(held);
    stage.database.ping(LIMIT).await.unwrap();
}

#[tokio::test]
async fn a_statement_and_a_lock_have_their_limits() {
    let stage = Stage::new(2, |config| {
        config.statement_timeout = Duration::from_millis(400);
        config.lock_timeout = Duration::from_millis(100);
    })
    .await;
    stage.run("INSERT INTO things VALUES (1, 1)").await;
    let slow = run(&mut stage.database.connection().await.unwrap(), "SELECT pg_sleep(60)").await;
    assert!(matches!(slow, Err(DatabaseError::Timeout(_))), "{slow:?}");
    let blocked = stage
        .database
        .transaction(async |connection| -> Result<usize, DatabaseError> {
            run(connection, "UPDATE things SET n = 2").await?;
            run(&mut *stage.database.connection().await?, "UPDATE things SET n = 3").await
        })
        .await;
    assert!(matches!(blocked, Err(DatabaseError::Timeout(_))), "{blocked:?}");
}

#[tokio::test]
async fn violations_are_told_apart_by_constraint() {
    let stage = Stage::new(1, |_| {}).await;
    stage.run("INSERT INTO things VALUES (1, 1)").await;
    let mut connection = stage.database.connection().await.unwrap();
    let taken = run(&mut connection, "INSERT INTO things VALUES (1, 1)").await.unwrap_err();
    assert!(taken.is_unique_violation_of("things_key"), "{taken:?}");
    let negative = run(&mut connection, "INSERT INTO things VALUES (2, -1)").await.unwrap_err();
    assert!(matches!(negative, DatabaseError::Check { .. }), "{negative:?}");
}

#[tokio::test]
async fn a_notification_wakes_a_listener_and_a_broken_one_says_so() {
    let stage = Stage::new(1, |_| {}).await;
    let mut listener = stage.database.listen("rmu_test").await.unwrap();
    stage.run("NOTIFY rmu_test").await;
    tokio::time::timeout(LIMIT, listener.wait(LIMIT * 2)).await.unwrap().unwrap();
    stage.end_connections().await;
    let broken = tokio::time::timeout(LIMIT, listener.wait(LIMIT * 2)).await.unwrap();
    assert!(broken.is_err());
    assert!(stage.database.listen("a; DROP TABLE things").await.is_err());
}
