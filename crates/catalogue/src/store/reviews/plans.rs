//! No list of reviews reads all reviews: the plans over units with thousands of them.

use super::listing::{Filter, statement};
use crate::{
    page::PageLimit,
    reviews::{Place, ReviewSort},
    store::{
        explained::{filled_by, generic_plan},
        review_screening,
    },
};
use rmu_domain::{
    ids::{ReviewId, UnitId},
    rating::Rating,
    year::Year,
};
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

#[tokio::test]
async fn no_list_of_reviews_reads_them_all() {
    let (_test, database) = filled_by(FILL).await;
    let mut connection = database.connection().await.unwrap();
    let unit = UnitId::from(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0003));
    let limit = PageLimit::default();
    let all = Filter::default();
    let first = super::page(&mut connection, unit, &all, ReviewSort::Newest, None, limit).await.unwrap();
    let place = Place::new(0, &first[19]);
    for sort in ReviewSort::ALL {
        for after in [None, Some(&place)] {
            let plan = generic_plan(&mut connection, &statement(unit, &all, sort, after, limit)).await;
            assert!(!plan.contains("Seq Scan"), "{sort:?}\n{plan}");
            assert!(!plan.contains("Sort"), "{sort:?} stops at the end of the page\n{plan}");
            for filter in [
                Filter { session: Some("Session 3".to_owned()), ..Filter::default() },
                Filter { rating: Rating::new(4).ok(), ..Filter::default() },
                Filter { year: Year::new(2020).ok(), rating: Rating::new(4).ok(), ..Filter::default() },
            ] {
                let plan = generic_plan(&mut connection, &statement(unit, &filter, sort, after, limit)).await;
                assert!(!plan.contains("Seq Scan"), "{sort:?} {filter:?}\n{plan}");
            }
        }
    }
    let plan = generic_plan(&mut connection, &review_screening::candidates(&[1; 12], ReviewId::new(), 50)).await;
    assert!(!plan.contains("Seq Scan"), "{plan}");
}
