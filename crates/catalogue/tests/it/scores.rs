//! Aggregates that are kept as reviews are written equal those counted anew.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use rmu_catalogue::{
    CatalogueError,
    review_reports::report,
    review_votes::vote,
    reviews::{Author, AuthorsReviews, NewState, author_banned, author_unbanned, change_state, delete, edit},
    scores::{self, Drift, UnitScore},
    units::detail,
};
use rmu_domain::{
    helpfulness::Vote,
    ids::{AccountId, ReviewId, UnitId},
    report::{Report, ReportReason},
    review::StateCause,
};
use rmu_postgres::Database;
use std::sync::{Arc, Mutex};

async fn score(catalogue: &Catalogue, unit: UnitId) -> UnitScore {
    detail(&catalogue.database, unit).await.unwrap().score
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_are_all_counted() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let sessions = &["Autumn", "Spring"];
    let mut units = Vec::new();
    for code in ["A1", "A2"] {
        units.push(catalogue.unit(north, Unit { code, title: "Physics", sessions, ..Unit::default() }).await);
    }
    let writers = (0..200).map(|number: i64| {
        let (database, unit) = (catalogue.database.clone(), units[usize::from(number % 4 == 0)]);
        let session = if number % 2 == 0 { "Autumn" } else { "Spring" };
        tokio::spawn(async move {
            write_review(&database, unit, &author("ada"), &draft(number % 5 + 1, session, 2024)).await
        })
    });
    for written in futures_util::future::join_all(writers).await {
        written.unwrap().unwrap();
    }
    let (one, other) = (score(&catalogue, units[0]).await, score(&catalogue, units[1]).await);
    assert_eq!((one.summary.reviews, other.summary.reviews), (150, 50));
    assert_eq!(one.summary.distribution.iter().sum::<u32>(), 150);
    assert_eq!(one.sessions.iter().map(|session| session.reviews).collect::<Vec<_>>(), [50, 100]);
    assert_eq!(scores::check(&catalogue.database).await.unwrap(), Drift::NONE);
}

#[tokio::test]
async fn what_is_wrong_is_found_and_put_right() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let unit = catalogue.unit(north, Unit { code: "A1", title: "Physics", ..Unit::default() }).await;
    for stars in 1..=5 {
        write_review(&catalogue.database, unit, &author("ada"), &draft(stars, "Autumn", 2025)).await.unwrap();
    }
    let review = write_review(&catalogue.database, unit, &author("ada"), &draft(5, "Autumn", 2025)).await.unwrap();
    vote(&catalogue.database, review.id, AccountId::new(), Some(Vote::Helpful)).await.unwrap();
    let right = score(&catalogue, unit).await;
    for damage in [
        "UPDATE reviews SET helpful = helpful + 1, helpful_rank = 0",
        "DELETE FROM review_votes",
        "UPDATE unit_scores SET teaching = teaching + 1",
        "DELETE FROM university_scores",
        "INSERT INTO unit_scores SELECT unit_id, 1999, '', 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 FROM unit_scores LIMIT 1",
    ] {
        catalogue.client.batch_execute(damage).await.unwrap();
        let drift = scores::check(&catalogue.database).await.unwrap();
        assert_ne!(drift, Drift::NONE, "{damage}");
        assert_eq!(scores::rebuild(&catalogue.database).await.unwrap(), drift);
        assert_eq!(scores::check(&catalogue.database).await.unwrap(), Drift::NONE);
        assert_eq!(score(&catalogue, unit).await, right);
    }
}

/// Something that somebody does; reviews, units and people are numbers that are taken modulo what there is.
#[derive(Debug, Clone)]
enum Act {
    Write { unit: usize, says: Says },
    Edit { review: usize, says: Says },
    Delete { review: usize },
    Move { review: usize, to: NewState<'static> },
    Vote { review: usize, voter: usize, vote: Option<Vote> },
    Report { review: usize, reporter: usize },
    Ban { author: usize },
    Unban { author: usize },
}

#[derive(Debug, Clone, Copy)]
struct Says {
    stars: i64,
    session: &'static str,
    year: u16,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let says = (1..=5_i64, prop::sample::select(vec!["Autumn", "spring", "Winter"]), 2024..=2026_u16)
        .prop_map(|(stars, session, year)| Says { stars, session, year });
    let to = prop::sample::select(vec![
        NewState::Visible,
        NewState::Hidden { cause: StateCause::Reports, reason: None },
        NewState::Removed { cause: StateCause::Moderation, reason: None },
    ]);
    let vote = prop::sample::select(vec![None, Some(Vote::Helpful), Some(Vote::NotHelpful)]);
    let any = || 0..64_usize;
    let act = prop_oneof![
        4 => (any(), says.clone()).prop_map(|(unit, says)| Act::Write { unit, says }),
        3 => (any(), says).prop_map(|(review, says)| Act::Edit { review, says }),
        2 => any().prop_map(|review| Act::Delete { review }),
        3 => (any(), to).prop_map(|(review, to)| Act::Move { review, to }),
        4 => (any(), any(), vote).prop_map(|(review, voter, vote)| Act::Vote { review, voter, vote }),
        2 => (any(), any()).prop_map(|(review, reporter)| Act::Report { review, reporter }),
        1 => any().prop_map(|author| Act::Ban { author }),
        1 => any().prop_map(|author| Act::Unban { author }),
    ];
    prop::collection::vec(act, 8..60)
}

/// Units, people, and what they wrote so far.
struct Crowd {
    database: Database,
    units: Vec<UnitId>,
    people: Vec<Author>,
    written: Mutex<Vec<(ReviewId, usize)>>,
}

impl Crowd {
    fn review(&self, number: usize) -> Option<(ReviewId, &Author)> {
        let written = self.written.lock().unwrap();
        let (review, author) = *written.get(number % written.len().max(1))?;
        Some((review, &self.people[author]))
    }

    async fn act(&self, turn: usize, act: &Act) -> Result<(), CatalogueError> {
        let database = &self.database;
        let somebody = |number: usize| &self.people[number % self.people.len()];
        match *act {
            Act::Write { unit, says } => {
                let author = turn % self.people.len();
                let draft = draft(says.stars, says.session, says.year);
                let unit = self.units[unit % self.units.len()];
                let review = write_review(database, unit, &self.people[author], &draft).await?;
                self.written.lock().unwrap().push((review.id, author));
            }
            Act::Edit { review, says } => {
                let Some((review, author)) = self.review(review) else { return Ok(()) };
                edit(database, review, author, &draft(says.stars, says.session, says.year), None).await?;
            }
            Act::Delete { review } => {
                let Some((review, author)) = self.review(review) else { return Ok(()) };
                delete(database, review, author.account).await?;
            }
            Act::Move { review, to } => {
                let Some((review, _)) = self.review(review) else { return Ok(()) };
                database.transaction(async |connection| change_state(connection, review, to).await).await?;
            }
            Act::Vote { review, voter, vote: given } => {
                let Some((review, _)) = self.review(review) else { return Ok(()) };
                vote(database, review, somebody(voter).account, given).await?;
            }
            Act::Report { review, reporter } => {
                let Some((review, _)) = self.review(review) else { return Ok(()) };
                let spam = Report::new(ReportReason::Spam, None).unwrap();
                report(database, review, somebody(reporter).account, &spam, 2).await?;
            }
            Act::Ban { author } => {
                let author = somebody(author).account;
                let all = AuthorsReviews::Remove;
                database.transaction(async |connection| author_banned(connection, author, all).await).await?;
            }
            Act::Unban { author } => {
                let author = somebody(author).account;
                database.transaction(async |connection| author_unbanned(connection, author).await).await?;
            }
        }
        Ok(())
    }

    /// Acts from several tasks at once. What is not allowed is refused, and nothing else goes wrong.
    async fn act_at_once(self: &Arc<Self>, acts: Vec<Act>) {
        let shares: Vec<Vec<(usize, Act)>> = (0..4)
            .map(|task| acts.iter().cloned().enumerate().filter(|(turn, _)| turn % 4 == task).collect())
            .collect();
        let tasks = shares.into_iter().map(|share| {
            let crowd = Arc::clone(self);
            tokio::spawn(async move {
                for (turn, act) in share {
                    match crowd.act(turn, &act).await {
                        Ok(()) => {}
                        Err(CatalogueError::Database(error)) => panic!("{act:?}: {error}"),
                        Err(refused) => tracing::debug!(%refused, ?act, "refused"),
                    }
                }
            })
        });
        for task in futures_util::future::join_all(tasks).await {
            task.unwrap();
        }
    }
}

#[test]
fn kept_and_recounted_are_equal_whatever_many_do_at_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let catalogue = runtime.block_on(Catalogue::start());
    let units = runtime.block_on(async {
        let mut units = Vec::new();
        for slug in ["northfield", "southbank"] {
            let university = catalogue.university(slug).await;
            for code in ["A1", "A2"] {
                let unit = Unit { code, title: "Physics", sessions: &["Autumn", "Spring"], ..Unit::default() };
                units.push(catalogue.unit(university, unit).await);
            }
        }
        units
    });
    let crowd = Arc::new(Crowd {
        database: catalogue.database.clone(),
        units: units.clone(),
        people: (0..12).map(|_| author("ada")).collect(),
        written: Mutex::default(),
    });
    let mut runner = TestRunner::new(Config { cases: 25, failure_persistence: None, ..Config::default() });
    runner
        .run(&acts(), |acts| {
            runtime.block_on(async {
                crowd.act_at_once(acts).await;
                let kept: Vec<_> = futures_util::future::join_all(units.iter().map(|u| score(&catalogue, *u))).await;
                prop_assert_eq!(scores::rebuild(&catalogue.database).await.unwrap(), Drift::NONE);
                let recounted: Vec<_> =
                    futures_util::future::join_all(units.iter().map(|u| score(&catalogue, *u))).await;
                prop_assert_eq!(kept, recounted);
                Ok(())
            })
        })
        .unwrap();
    // The database is dropped inside a runtime, as everywhere.
    runtime.block_on(async move { drop((crowd, catalogue)) });
}

#[tokio::test]
async fn a_session_is_shown_apart_while_three_of_its_reviews_are_visible() {
    let catalogue = Catalogue::start().await;
    let north = catalogue.university("northfield").await;
    let sessions = &["Autumn"];
    let unit = catalogue.unit(north, Unit { code: "A1", title: "Physics", sessions, ..Unit::default() }).await;
    let mut last = None;
    for reviews in 1..=3_usize {
        last =
            Some(write_review(&catalogue.database, unit, &author("ada"), &draft(4, "Autumn", 2025)).await.unwrap().id);
        assert_eq!(score(&catalogue, unit).await.sessions.len(), usize::from(reviews == 3));
    }
    for (to, shown) in [
        (NewState::Hidden { cause: StateCause::Reports, reason: None }, 0),
        (NewState::Visible, 1),
        (NewState::Removed { cause: StateCause::Moderation, reason: None }, 0),
    ] {
        let moved =
            catalogue.database.transaction(async |connection| change_state(connection, last.unwrap(), to).await);
        moved.await.unwrap();
        assert_eq!(score(&catalogue, unit).await.sessions.len(), shown, "{to:?}");
    }
}
