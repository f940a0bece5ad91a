//! What becomes of reviews when their authors are banned, go or get another name.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    page::PageLimit,
    review_reports::report,
    review_votes::{of_account, vote},
    reviews::{
        self, Author, AuthorsReviews, NewState, ShownAuthor, author_banned, author_deleted, author_renamed,
        author_unbanned, change_state, edit,
    },
    scores,
};
use rmu_domain::{
    account::Nickname,
    helpfulness::Vote,
    ids::{AccountId, ReviewId},
    report::{Report, ReportReason},
    review::{ReviewDraft, ReviewState, ShownAs, StateCause},
};

/// Three reviews of one author, the last removed by a moderator, and one of somebody else that the author voted on.
struct Stage {
    catalogue: Catalogue,
    ada: Author,
    own: Vec<ReviewId>,
    others: ReviewId,
}

impl Stage {
    async fn new() -> Self {
        let catalogue = Catalogue::start().await;
        let north = catalogue.university("northfield").await;
        let (ada, bob) = (author("ada"), author("bob"));
        let by_name = ReviewDraft { shown_as: ShownAs::Nickname, ..draft(5, "Autumn", 2025) };
        let mut own = Vec::new();
        let mut others = None;
        for code in ["A1", "B1", "C1"] {
            let unit = catalogue.unit(north, Unit { code, title: code, ..Unit::default() }).await;
            let review = write_review(&catalogue.database, unit, &ada, &by_name).await.unwrap().id;
            vote(&catalogue.database, review, bob.account, Some(Vote::Helpful)).await.unwrap();
            own.push(review);
            others = Some(write_review(&catalogue.database, unit, &bob, &draft(2, "Autumn", 2025)).await.unwrap().id);
        }
        edit(&catalogue.database, own[0], &ada, &ReviewDraft { would_recommend: false, ..by_name }, None)
            .await
            .unwrap();
        let removed = NewState::Removed { cause: StateCause::Moderation, reason: Some("It is about another unit.") };
        let moved = catalogue.database.transaction(async |connection| change_state(connection, own[2], removed).await);
        moved.await.unwrap();
        let others = others.unwrap();
        vote(&catalogue.database, others, ada.account, Some(Vote::NotHelpful)).await.unwrap();
        let spam = Report::new(ReportReason::Spam, None).unwrap();
        report(&catalogue.database, others, ada.account, &spam, 3).await.unwrap();
        Self { catalogue, ada, own, others }
    }

    async fn visible(&self) -> Vec<bool> {
        assert_eq!(scores::check(&self.catalogue.database).await.unwrap(), scores::Drift::NONE);
        let one = |review: &ReviewId| reviews::one(&self.catalogue.database, *review);
        let found = futures_util::future::join_all(self.own.iter().map(one)).await;
        found.iter().map(Result::is_ok).collect()
    }

    async fn banned(&self, reviews: AuthorsReviews) {
        let database = &self.catalogue.database;
        let ban = database.transaction(async |connection| author_banned(connection, self.ada.account, reviews).await);
        ban.await.unwrap();
    }

    async fn deleted(&self, reviews: AuthorsReviews) {
        let database = &self.catalogue.database;
        let gone = database.transaction(async |connection| author_deleted(connection, self.ada.account, reviews).await);
        gone.await.unwrap();
    }

    async fn has_voted(&self) -> bool {
        let votes = of_account(&self.catalogue.database, self.ada.account, &[self.others]).await.unwrap();
        let counted = reviews::one(&self.catalogue.database, self.others).await.unwrap().not_helpful;
        assert_eq!(usize::try_from(counted).unwrap(), votes.len());
        counted > 0
    }

    /// Tables in which the account is still named.
    async fn traces_of(&self, account: AccountId) -> Vec<String> {
        let sql = "SELECT format('SELECT %L FROM %I.%I WHERE %I = $1', table_name || '.' || column_name, table_schema,
                                 table_name, column_name)
                   FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
                   WHERE table_schema = 'catalogue' AND udt_name = 'uuid' AND table_type = 'BASE TABLE'";
        let mut traces = Vec::new();
        for question in self.catalogue.client.query(sql, &[]).await.unwrap() {
            let question: String = question.get(0);
            let found = self.catalogue.client.query(&question, &[&account.as_uuid()]).await.unwrap();
            traces.extend(found.first().map(|row| row.get::<_, String>(0)));
        }
        traces
    }
}

#[tokio::test]
async fn a_ban_leaves_reviews_or_takes_them_along_until_it_ends() {
    let stage = Stage::new().await;
    stage.banned(AuthorsReviews::Keep).await;
    assert_eq!((stage.visible().await, stage.has_voted().await), (vec![true, true, false], true));
    for _ in 0..2 {
        stage.banned(AuthorsReviews::Remove).await;
        assert_eq!((stage.visible().await, stage.has_voted().await), (vec![false; 3], false));
    }
    let database = &stage.catalogue.database;
    let unban = database.transaction(async |connection| author_unbanned(connection, stage.ada.account).await);
    unban.await.unwrap();
    assert_eq!(stage.visible().await, [true, true, false], "what a moderator removed stays so");
    let third = reviews::own(database, stage.own[2], stage.ada.account).await.unwrap();
    assert_eq!((third.state, third.cause), (ReviewState::Removed, Some(StateCause::Moderation)));
}

#[tokio::test]
async fn reviews_of_a_deleted_account_are_nobodys() {
    let stage = Stage::new().await;
    for _ in 0..2 {
        stage.deleted(AuthorsReviews::Keep).await;
        assert_eq!((stage.visible().await, stage.has_voted().await), (vec![true, true, false], false));
    }
    let shown = reviews::one(&stage.catalogue.database, stage.own[0]).await.unwrap();
    assert_eq!((shown.author, shown.helpful), (ShownAuthor::Anonymous, 1));
    let kept = stage.catalogue.client.query("SELECT FROM review_revisions", &[]).await.unwrap();
    assert!(kept.is_empty(), "what was edited away is gone");
    assert_eq!(stage.traces_of(stage.ada.account).await, [""; 0]);
    let reports = stage.catalogue.client.query("SELECT FROM review_reports", &[]).await.unwrap();
    assert_eq!(reports.len(), 1, "a report stands, whoever made it");
    let waiting = stage.catalogue.client.query("SELECT FROM review_reports WHERE settled_at IS NULL", &[]).await;
    assert!(waiting.unwrap().is_empty(), "and hides nothing: its reporter may come again under another id");
}

#[tokio::test]
async fn reviews_of_a_deleted_account_go_if_they_are_to() {
    let stage = Stage::new().await;
    assert_ne!(stage.traces_of(stage.ada.account).await, [""; 0]);
    for _ in 0..2 {
        stage.deleted(AuthorsReviews::Remove).await;
        assert_eq!((stage.visible().await, stage.has_voted().await), (vec![false; 3], false));
    }
    assert_eq!(stage.traces_of(stage.ada.account).await, [""; 0]);
    let left = stage.catalogue.client.query("SELECT FROM reviews", &[]).await.unwrap();
    assert_eq!(left.len(), 3, "those of others");
    let own = reviews::of_author(&stage.catalogue.database, stage.ada.account, None, PageLimit::default()).await;
    assert!(own.unwrap().entries.is_empty());
}

#[tokio::test]
async fn a_new_name_is_shown_where_the_old_one_was() {
    let stage = Stage::new().await;
    let database = &stage.catalogue.database;
    let name = Nickname::parse("lovelace").unwrap();
    let renamed = database.transaction(async |connection| author_renamed(connection, stage.ada.account, &name).await);
    renamed.await.unwrap();
    let shown = reviews::one(database, stage.own[0]).await.unwrap();
    assert_eq!(shown.author, ShownAuthor::Nickname("lovelace".to_owned()));
    assert_eq!(reviews::one(database, stage.others).await.unwrap().author, ShownAuthor::Anonymous);
}
