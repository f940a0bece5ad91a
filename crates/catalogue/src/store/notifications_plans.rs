//! What is asked of accounts' own tables, over many accounts: the plans read an index and never a whole table.

use super::{
    cached_sql::CachedSql, digests, explained::plan, fanouts, kept_units, notifications, search::plans::filled,
};
use crate::{kept_units::KeptAs, page::PageLimit};
use chrono::Utc;
use diesel::{QueryableByName, sql_types as sql};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use rmu_domain::ids::{AccountId, UnitId};

/// Two hundred accounts with a hundred of everything; one unit that all of them follow.
const FILL: &str = "
    BEGIN;
    SET LOCAL statement_timeout = 0;
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
        SELECT account, unit.id AS unit_id, row_number() OVER () AS number
        FROM (SELECT gen_random_uuid() AS account FROM generate_series(1, 200)) AS accounts,
             (SELECT id FROM units ORDER BY code LIMIT 100) AS unit;
    INSERT INTO unit_follows (unit_id, account_id) SELECT unit_id, account FROM made;
    INSERT INTO unit_bookmarks (unit_id, account_id) SELECT unit_id, account FROM made;
    INSERT INTO notifications (id, account_id, unit_id, news, read_at)
        SELECT gen_random_uuid(), account, unit_id, '{}', CASE WHEN number % 4 > 0 THEN now() END FROM made;
    INSERT INTO digest_settings (account_id, enabled, unsubscribe_token, told_up_to)
        SELECT gen_random_uuid(), number % 2 = 0, number::text, now() + make_interval(secs => number) FROM made;
    COMMIT;
    ANALYZE unit_follows; ANALYZE unit_bookmarks; ANALYZE notifications; ANALYZE digest_settings;";

#[derive(Debug, QueryableByName)]
struct Known {
    #[diesel(sql_type = sql::Uuid)]
    unit_id: uuid::Uuid,
    #[diesel(sql_type = sql::Uuid)]
    account_id: uuid::Uuid,
}

#[tokio::test]
async fn nothing_that_is_asked_of_accounts_reads_a_whole_table() {
    let (_test, database) = filled().await;
    let mut connection = database.connection().await.unwrap();
    connection.batch_execute(FILL).await.unwrap();
    let known: Known = CachedSql::new("SELECT unit_id, account_id FROM unit_follows LIMIT 1")
        .get_result(&mut connection)
        .await
        .unwrap();
    let (unit, account) = (UnitId::from(known.unit_id), AccountId::from(known.account_id));
    let limit = PageLimit::default();
    let mut statements = vec![
        fanouts::following(unit, Utc::now(), None, 200),
        fanouts::following(unit, Utc::now(), Some(account), 200),
        digests::due(Utc::now(), 50),
        notifications::forgetting(&[account.as_uuid()], 50),
    ];
    for unread_only in [true, false] {
        for before in [None, Some(10_000)] {
            statements.push(notifications::paging(account, unread_only, before, limit));
        }
    }
    for kept in [KeptAs::Followed, KeptAs::Bookmarked] {
        for after in [None, Some((Utc::now(), unit))] {
            statements.push(kept_units::paging(kept, account, after, limit));
        }
    }
    for statement in statements {
        let plan = plan(&mut connection, "", statement.clone()).await;
        for table in ["notifications", "unit_follows", "unit_bookmarks", "digest_settings", "units"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{statement:?}\n{plan}");
        }
    }
}
