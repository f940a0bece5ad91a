//! Transactions: all or nothing, also when they are dropped, and again when two are in each other's way.

use crate::stage::{LIMIT, Stage, run};
use rmu_postgres::DatabaseError;
use rmu_test_support::wait;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::Barrier;

#[tokio::test]
async fn an_error_takes_everything_back() {
    let stage = Stage::new(1, |_| {}).await;
    let failed = stage
        .database
        .transaction(async |connection| -> Result<(), DatabaseError> {
            run(connection, "INSERT INTO things VALUES (1, 1)").await?;
            Err(DatabaseError::NotFound)
        })
        .await;
    assert!(matches!(failed, Err(DatabaseError::NotFound)));
    assert_eq!(stage.text("SELECT count(*) FROM things").await, "0");
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing_and_its_connection_is_not_used_again() {
    let stage = Stage::new(1, |_| {}).await;
    let inserted = Barrier::new(2);
    let work = stage.database.transaction(async |connection| -> Result<(), DatabaseError> {
        run(connection, "INSERT INTO things VALUES (1, 1)").await?;
        inserted.wait().await;
        std::future::pending().await
    });
    tokio::select! {
        _ = work => panic!("it never ends by itself"),
        _ = inserted.wait() => {}
    }
    // The pool has one place: whoever comes next got another connection, outside that transaction.
    assert_eq!(stage.text("SELECT count(*) FROM things").await, "0");
    let open = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    wait::until(LIMIT, || async { stage.inside.query_one(open, &[]).await.unwrap().get::<_, i64>(0) == 0 }).await;
}

#[tokio::test]
async fn a_transaction_has_a_limit_of_its_own() {
    let stage = Stage::new(1, |config| config.transaction_timeout = Duration::from_millis(100)).await;
    let endless = stage.database.transaction(async |_| -> Result<(), DatabaseError> { std::future::pending().await });
    assert!(matches!(endless.await, Err(DatabaseError::Timeout(_))));
    stage.database.ping(LIMIT).await.unwrap();
}

#[tokio::test]
async fn of_two_that_wait_for_each_other_one_is_done_again() {
    let stage = Stage::new(3, |_| {}).await;
    stage.run("INSERT INTO things VALUES (1, 0), (2, 0)").await;
    let both_hold_one = Barrier::new(2);
    let attempts = AtomicUsize::new(0);
    let add = async |first: i32, second: i32| {
        stage
            .database
            .transaction(async |connection| -> Result<(), DatabaseError> {
                run(connection, &format!("UPDATE things SET n = n + 1 WHERE id = {first}")).await?;
                // Only the first attempts meet; the repeated one finds nobody in its way.
                if attempts.fetch_add(1, Ordering::SeqCst) < 2 {
                    both_hold_one.wait().await;
                }
                run(connection, &format!("UPDATE things SET n = n + 1 WHERE id = {second}")).await?;
                Ok(())
            })
            .await
    };
    let (one, two) = tokio::join!(add(1, 2), add(2, 1));
    one.unwrap();
    two.unwrap();
    assert_eq!(attempts.load(Ordering::SeqCst), 3);
    assert_eq!(stage.text("SELECT string_agg(n::text, ',') FROM things").await, "2,2");
}
