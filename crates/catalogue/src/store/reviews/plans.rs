//! No list of reviews reads all reviews: the plans over units with thousands of them.

use super::listing::{Filter, statement};
use crate::{
    migrations::{MIGRATIONS, SCHEMA},
    page::PageLimit,
    reviews::{Place, ReviewSort},
    store::{cached_sql::CachedSql, review_screening},
};
use diesel::{QueryableByName, debug_query, pg::Pg, sql_query, sql_types as sql};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use rmu_domain::{
    ids::{ReviewId, UnitId},
    rating::Rating,
    year::Year,
};
use rmu_postgres::{Database, DatabaseConfig, migrations};
use rmu_test_support::database::{Role, TestDatabase};
use uuid::Uuid;

/// Ten units of two thousand reviews.
const FILL: &str = "
    BEGIN;
    -- On a busy machine this takes longer than any statement of the service may.
    SET LOCAL statement_timeout = 0;
    INSERT INTO universities (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000000', 'u0', 'U');
    INSERT INTO units (id, university_id, code, code_normalised, title, first_seen_at, last_seen_at)
    SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, '00000000-0000-7000-8000-000000000000', 'U' || n,
           'U' || n, 'U', now(), now() FROM generate_series(0, 9) AS n;
    INSERT INTO reviews (id, unit_id, university_id, author_id, shown_as, unit_code, overall, teaching, difficulty,
                         workload, usefulness, would_recommend, taken_session, taken_year, in_handbook, written_on,
                         helpful_rank, state, state_cause)
    SELECT gen_random_uuid(), ('00000000-0000-7000-8000-00000000000' || n % 10)::uuid,
           '00000000-0000-7000-8000-000000000000', gen_random_uuid(), 'anonymous', 'U', n % 5 + 1, 3, 3, 3, 3, true,
           'Session ' || n % 7, 2015 + n % 11, true, date '2020-01-01' + n % 1500, n % 1000,
           CASE WHEN n % 13 = 0 THEN 'hidden' ELSE 'visible' END, CASE WHEN n % 13 = 0 THEN 'reports' END
    FROM generate_series(1, 20000) AS n;
    INSERT INTO review_fingerprints (review_id, bands)
    SELECT id, (SELECT array_agg(hashtext(id::text || band)) FROM generate_series(1, 12) AS band) FROM reviews;
    COMMIT;
    ANALYZE units; ANALYZE reviews; ANALYZE review_fingerprints;";

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = sql::Text, column_name = "QUERY PLAN")]
    text: String,
}

#[tokio::test]
async fn no_list_of_reviews_reads_them_all() {
    let test = TestDatabase::new(Role::Gateway, async |url| {
        migrations::run_pending(&DatabaseConfig::new(&url, "template", SCHEMA)?, MIGRATIONS).await.map(drop)
    })
    .await;
    let database = Database::new(DatabaseConfig::new(&test.url(), "plans", SCHEMA).unwrap()).await.unwrap();
    let mut connection = database.connection().await.unwrap();
    connection.batch_execute(FILL).await.unwrap();
    let unit = UnitId::from(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003));
    let limit = PageLimit::default();
    let all = Filter::default();
    let first = super::page(&mut connection, unit, &all, ReviewSort::Newest, None, limit).await.unwrap();
    let place = Place::new(0, &first[19]);
    for sort in ReviewSort::ALL {
        for after in [None, Some(&place)] {
            let plan = plan_of(&mut connection, statement(unit, &all, sort, after, limit)).await;
            assert!(!plan.contains("Seq Scan"), "{sort:?}\n{plan}");
            assert!(!plan.contains("Sort"), "{sort:?} stops at the end of the page\n{plan}");
            for filter in [
                Filter { session: Some("Session 3".to_owned()), ..Filter::default() },
                Filter { rating: Rating::new(4).ok(), ..Filter::default() },
                Filter { year: Year::new(2020).ok(), rating: Rating::new(4).ok(), ..Filter::default() },
            ] {
                let plan = plan_of(&mut connection, statement(unit, &filter, sort, after, limit)).await;
                assert!(!plan.contains("Seq Scan"), "{sort:?} {filter:?}\n{plan}");
            }
        }
    }
    let plan = plan_of(&mut connection, review_screening::candidates(&[1; 12], ReviewId::new(), 50)).await;
    assert!(!plan.contains("Seq Scan"), "{plan}");
}

/// The plan that is made for any values.
async fn plan_of(connection: &mut AsyncPgConnection, statement: CachedSql) -> String {
    let shown = debug_query::<Pg, _>(&statement).to_string();
    let text = shown.split(" -- binds: ").next().unwrap();
    let parameters = (1..200).take_while(|number| text.contains(&format!("${number}"))).count();
    connection.batch_execute(&format!("PREPARE generic AS {text}")).await.unwrap();
    connection.batch_execute("SET plan_cache_mode = force_generic_plan").await.unwrap();
    let nulls = vec!["NULL"; parameters].join(", ");
    let lines: Vec<Line> = sql_query(format!("EXPLAIN EXECUTE generic ({nulls})")).load(connection).await.unwrap();
    connection.batch_execute("DEALLOCATE generic; RESET plan_cache_mode").await.unwrap();
    lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join("\n")
}
