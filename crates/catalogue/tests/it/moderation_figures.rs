//! The public sums: right month by month, and read by index.

use crate::moderation::{Court, moderator};
use chrono::{DateTime, Months, NaiveDate, Utc};
use rmu_catalogue::{
    moderation::{CaseCause, Decision},
    moderation_figures::{MONTHS_SHOWN, MonthFigures, figures},
};

fn now() -> DateTime<Utc> {
    Utc::now()
}

#[tokio::test]
async fn months_that_are_over_are_summed() {
    let court = Court::new().await;
    court.report("spam", None).await;
    court.report("abusive", None).await;
    let id = court.open(CaseCause::Reports).await;
    court.decide(id, &moderator(), Decision::Hide).await.unwrap();
    court.appeal().await.unwrap();
    court.decide(id, &moderator(), Decision::Restore).await.unwrap();
    // The month that runs is not among them.
    let running = figures(&court.catalogue.database, now()).await.unwrap();
    assert!(running.iter().all(|month| month.figures == MonthFigures::default()));
    assert_eq!(running.len(), MONTHS_SHOWN as usize);
    assert!(running.windows(2).all(|pair| pair[1].month.checked_add_months(Months::new(1)) == Some(pair[0].month)));

    court
        .catalogue
        .client
        .batch_execute(
            "UPDATE moderation_decisions SET waited_since = decided_at - interval '1 hour' * number;
             -- The first moment of one month, and the last of the one before.
             UPDATE review_reports SET reported_at = '2026-02-01T00:00:00Z' WHERE reason = 'spam';
             UPDATE review_reports SET reported_at = '2026-01-31T23:59:59.999999Z' WHERE reason = 'abusive';
             UPDATE moderation_decisions SET decided_at = '2026-02-28T23:59:59Z',
                    waited_since = '2026-02-28T23:59:59Z'::timestamptz - (decided_at - waited_since);
             UPDATE moderation_appeals SET made_at = '2026-02-14T00:00:00Z';",
        )
        .await
        .unwrap();
    let months = figures(&court.catalogue.database, "2026-03-05T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(months[0].month, NaiveDate::from_ymd_opt(2026, 2, 1).unwrap());
    let february = MonthFigures {
        reports: 1,
        hidden: 1,
        restored: 1,
        appeals: 1,
        appeals_decided: 1,
        appeals_granted: 1,
        median_seconds_to_decision: Some(5400),
        ..MonthFigures::default()
    };
    assert_eq!(months[0].figures, february);
    assert_eq!(months[1].figures, MonthFigures { reports: 1, ..MonthFigures::default() });
    assert!(months[2..].iter().all(|month| month.figures == MonthFigures::default()));
}
