//! Cases of reviews that moderators look at, and what they decide.

use crate::support::{Catalogue, Unit, author, draft, write_review};
use rmu_catalogue::{
    CatalogueError, ConflictKind,
    appeals::{appeal, of_review},
    audit::Actor,
    moderation::{
        CaseCause, CaseFilter, CaseState, Decision, DecisionReason, Verdict, case, cases, claim, decide, open_by_hand,
        open_case, release, resubmitted,
    },
    notifications,
    page::PageLimit,
    reviews::Author,
};
use rmu_domain::{
    account::Role,
    ids::{AccountId, CaseId, ReviewId},
    moderation::AppealText,
    notification::{News, Reason, ReportOutcome},
    review::ReviewState,
    slug::Slug,
};

/// A catalogue with one review, and a moderator.
pub(crate) struct Court {
    pub(crate) catalogue: Catalogue,
    pub(crate) review: ReviewId,
    pub(crate) ada: Author,
}

impl Court {
    pub(crate) async fn new() -> Self {
        let catalogue = Catalogue::start().await;
        let north = catalogue.university("northfield").await;
        let unit = catalogue.unit(north, Unit { code: "A1", title: "A", ..Unit::default() }).await;
        let ada = author("ada");
        let review = write_review(&catalogue.database, unit, &ada, &draft(4, "Autumn", 2025)).await.unwrap().id;
        Self { catalogue, review, ada }
    }

    pub(crate) async fn open(&self, cause: CaseCause) -> CaseId {
        open(&self.catalogue, self.review, cause).await.unwrap()
    }

    pub(crate) async fn decide(&self, id: CaseId, by: &Actor, decision: Decision) -> Result<(), CatalogueError> {
        // Whoever wrote the review may not even read its case, and could guess.
        let seen = case(&self.catalogue.database, id, &moderator()).await.unwrap().summary.revision;
        decide(&self.catalogue.database, id, by, &verdict(decision, seen), None).await.map(drop)
    }

    pub(crate) async fn state(&self) -> ReviewState {
        of_review(&self.catalogue.database, self.review, self.ada.account).await.unwrap().state
    }

    pub(crate) async fn appeal(&self) -> Result<(), CatalogueError> {
        let text = AppealText::parse("It is only what the handbook says.").unwrap();
        appeal(&self.catalogue.database, self.review, self.ada.account, &text, None).await.map(drop)
    }

    async fn edited(&self) {
        self.catalogue
            .database
            .transaction(async |connection| resubmitted(connection, self.review).await)
            .await
            .unwrap();
    }

    /// What an account was told, the latest first.
    pub(crate) async fn told(&self, account: AccountId) -> Vec<News> {
        let limit = PageLimit::default();
        let inbox = notifications::inbox(&self.catalogue.database, account, false, None, limit).await.unwrap();
        inbox.page.entries.into_iter().map(|told| told.news).collect()
    }

    pub(crate) async fn audited(&self) -> Vec<String> {
        let sql = "SELECT action || ' ' || details::text FROM audit_entries ORDER BY at";
        self.catalogue.client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    pub(crate) async fn assert_scores_equal_a_recount(&self) {
        let sql = "SELECT FROM (TABLE unit_scores EXCEPT TABLE unit_scores_recounted
                   UNION ALL TABLE unit_scores_recounted EXCEPT TABLE unit_scores) AS wrong";
        assert!(self.catalogue.client.query(sql, &[]).await.unwrap().is_empty());
    }

    pub(crate) async fn report(&self, reason: &str, detail: Option<&str>) -> AccountId {
        let sql = "INSERT INTO review_reports (review_id, reporter_id, reason, detail, revision)
                   VALUES ($1, $2, $3, $4, 1)";
        let reporter = AccountId::new();
        let (review, who) = (self.review.as_uuid(), reporter.as_uuid());
        self.catalogue.client.execute(sql, &[&review, &who, &reason, &detail]).await.unwrap();
        reporter
    }
}

async fn open(catalogue: &Catalogue, review: ReviewId, cause: CaseCause) -> Result<CaseId, CatalogueError> {
    catalogue.database.transaction(async |connection| open_case(connection, review, cause).await).await
}

pub(crate) fn moderator() -> Actor {
    Actor::new(AccountId::new(), Role::Moderator)
}

fn verdict(decision: Decision, seen: i32) -> Verdict {
    let against = decision.needs_words();
    Verdict {
        decision,
        reason: if against { DecisionReason::Abusive } else { DecisionReason::WithinRules },
        words: against.then(|| Reason::parse("It insults the tutor.").unwrap()),
        seen,
    }
}

fn kind(error: &CatalogueError) -> ConflictKind {
    match error {
        CatalogueError::Conflict { kind, .. } => *kind,
        other => panic!("{other:?} is no conflict"),
    }
}

#[tokio::test]
async fn of_a_review_one_case_waits_however_many_open_it() {
    let court = Court::new().await;
    let (catalogue, review) = (&court.catalogue, court.review);
    court.report("spam", None).await;
    let opened = (0..20).map(|_| open(catalogue, review, CaseCause::Reports));
    let cases: Vec<CaseId> = futures_util::future::join_all(opened).await.into_iter().map(Result::unwrap).collect();
    assert!(cases.iter().all(|case| *case == cases[0]), "{cases:?}");
    court.report("abusive", None).await;
    assert_eq!(open(catalogue, review, CaseCause::Burst).await.unwrap(), cases[0]);
    let waiting = case(&catalogue.database, cases[0], &moderator()).await.unwrap();
    assert_eq!((waiting.summary.cause, waiting.summary.reports), (CaseCause::Reports, 2));
    court.decide(cases[0], &moderator(), Decision::Keep).await.unwrap();
    assert_ne!(open(catalogue, review, CaseCause::Burst).await.unwrap(), cases[0], "what was decided is past");
    let missing = open(catalogue, ReviewId::new(), CaseCause::Reports).await;
    assert!(matches!(missing, Err(CatalogueError::NotFound { what: "review" })));
}

#[tokio::test]
async fn of_twenty_moderators_at_once_one_decides() {
    let court = Court::new().await;
    let id = court.open(CaseCause::Reports).await;
    let moderators: Vec<Actor> = (0..20).map(|_| moderator()).collect();
    let database = &court.catalogue.database;
    let all = moderators.iter().enumerate().map(|(number, by)| async move {
        let decision = if number % 2 == 0 { Decision::Hide } else { Decision::Remove };
        decide(database, id, by, &verdict(decision, 1), None).await
    });
    let (decided, refused): (Vec<_>, Vec<_>) =
        futures_util::future::join_all(all).await.into_iter().partition(Result::is_ok);
    assert_eq!((decided.len(), refused.len()), (1, 19));
    for refusal in refused {
        assert_eq!(kind(&refusal.unwrap_err()), ConflictKind::AlreadyDecided);
    }
    let found = case(database, id, &moderators[0]).await.unwrap();
    assert_eq!((found.decisions.len(), found.summary.state), (1, CaseState::Decided));
    assert_eq!(court.told(court.ada.account).await.len(), 1);
    assert_eq!(court.audited().await.len(), 1);
    court.assert_scores_equal_a_recount().await;
}

#[tokio::test]
async fn a_decision_moves_the_review_tells_its_author_and_is_audited() {
    let court = Court::new().await;
    let (first, second) = (moderator(), moderator());
    let id = court.open(CaseCause::Reports).await;
    court.decide(id, &first, Decision::Hide).await.unwrap();
    assert_eq!(court.state().await, ReviewState::Hidden);
    court.assert_scores_equal_a_recount().await;
    let News::ReviewDecided { reason, .. } = &court.told(court.ada.account).await[0] else { panic!("was not told") };
    assert_eq!(reason.as_str(), "It insults the tutor.");
    let view = of_review(&court.catalogue.database, court.review, court.ada.account).await.unwrap();
    assert_eq!(view.decisions[0].told, "It insults the tutor.");
    assert!(view.may_appeal);
    // Nobody but the author sees it.
    let other = of_review(&court.catalogue.database, court.review, first.account).await;
    assert!(matches!(other, Err(CatalogueError::NotFound { what: "review" })));

    // An edit brings it back; a decision about the text before it is refused.
    let seen = case(&court.catalogue.database, id, &second).await.unwrap().summary.revision;
    court.edited().await;
    let stale = decide(&court.catalogue.database, id, &second, &verdict(Decision::Restore, seen), None).await;
    assert_eq!(kind(&stale.unwrap_err()), ConflictKind::Changed);
    let again = case(&court.catalogue.database, id, &second).await.unwrap();
    assert_eq!(again.summary.state, CaseState::Resubmitted);
    court.edited().await;
    court.decide(id, &second, Decision::Restore).await.unwrap();
    assert_eq!(court.state().await, ReviewState::Visible);
    court.assert_scores_equal_a_recount().await;
    // An edit of what is visible and decided is nobody's business.
    court.edited().await;
    assert_eq!(case(&court.catalogue.database, id, &second).await.unwrap().summary.state, CaseState::Decided);
    let audited = court.audited().await;
    assert!(audited[0].contains("hide") && audited[1].contains("restore"), "{audited:?}");
    assert!(!audited.concat().contains("tutor"), "nothing that a person wrote is in the audit log");
}

#[tokio::test]
async fn a_decision_against_a_review_needs_its_reason() {
    let court = Court::new().await;
    let (id, by) = (court.open(CaseCause::Moderator).await, moderator());
    let field = async |verdict: Verdict| match decide(&court.catalogue.database, id, &by, &verdict, None).await {
        Err(CatalogueError::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(Verdict { words: None, ..verdict(Decision::Hide, 1) }).await, "message");
    assert_eq!(field(Verdict { reason: DecisionReason::WithinRules, ..verdict(Decision::Remove, 1) }).await, "reason");
    assert_eq!(field(Verdict { reason: DecisionReason::Spam, ..verdict(Decision::Keep, 1) }).await, "reason");
    assert_eq!(court.state().await, ReviewState::Visible);
}

#[tokio::test]
async fn nobody_decides_about_themselves_or_what_another_is_at() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    let (first, second) = (moderator(), moderator());
    let own = Actor::new(court.ada.account, Role::Moderator);
    assert!(matches!(open_by_hand(database, court.review, &own).await, Err(CatalogueError::Forbidden { .. })));
    let id = open_by_hand(database, court.review, &first).await.unwrap();
    assert!(matches!(claim(database, id, &own).await, Err(CatalogueError::Forbidden { .. })));
    assert!(matches!(court.decide(id, &own, Decision::Keep).await, Err(CatalogueError::Forbidden { .. })));

    assert!(matches!(case(database, id, &own).await, Err(CatalogueError::Forbidden { .. })));

    let until = claim(database, id, &first).await.unwrap();
    assert!(claim(database, id, &first).await.unwrap() >= until, "a claim can be renewed");
    assert_eq!(kind(&claim(database, id, &second).await.unwrap_err()), ConflictKind::ClaimedByAnother);
    let refused = court.decide(id, &second, Decision::Keep).await.unwrap_err();
    assert_eq!(kind(&refused), ConflictKind::ClaimedByAnother);
    assert!(!case(database, id, &second).await.unwrap().summary.claimed.unwrap().1);
    assert!(case(database, id, &first).await.unwrap().summary.claimed.unwrap().1);
    assert_eq!(kind(&release(database, id, &second).await.unwrap_err()), ConflictKind::WrongState);
    release(database, id, &first).await.unwrap();
    claim(database, id, &second).await.unwrap();
    // A claim ends by itself.
    court.catalogue.client.execute("UPDATE moderation_cases SET claimed_until = now()", &[]).await.unwrap();
    assert_eq!(case(database, id, &first).await.unwrap().summary.claimed, None);
    court.decide(id, &first, Decision::Keep).await.unwrap();
    let actions: Vec<String> =
        court.audited().await.iter().map(|entry| entry.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        actions,
        ["case.opened", "case.claimed", "case.claimed", "case.released", "case.claimed", "case.decided"]
    );
}

#[tokio::test]
async fn the_queue_is_filtered_ordered_and_paged() {
    let court = Court::new().await;
    let catalogue = &court.catalogue;
    let south = catalogue.university("southbank").await;
    let mut opened = vec![court.open(CaseCause::Reports).await];
    for number in 0..4 {
        // A unit each: several reviews of one at once would come before the moderators as a burst.
        let code = format!("B{number}");
        let unit = catalogue.unit(south, Unit { code: &code, title: "B", ..Unit::default() }).await;
        let written = write_review(&catalogue.database, unit, &author("bob"), &draft(2, "Autumn", 2025)).await;
        opened.push(open(catalogue, written.unwrap().id, CaseCause::NearDuplicate).await.unwrap());
        let sql = "UPDATE moderation_cases SET reports = $2 WHERE id = $1";
        catalogue.client.execute(sql, &[&opened[number + 1].as_uuid(), &[1, 7, 0, 7][number]]).await.unwrap();
    }
    let by = moderator();
    let listed = async |filter: CaseFilter, limit: i64| {
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let limit = PageLimit::new(limit).unwrap();
            let page = cases(&catalogue.database, &filter, &by, cursor.as_deref(), limit).await.unwrap();
            all.extend(page.entries.iter().map(|entry| opened.iter().position(|id| *id == entry.id).unwrap()));
            cursor = page.next;
            if cursor.is_none() {
                assert_eq!(page.total.to_string(), all.len().to_string());
                return all;
            }
        }
    };
    let reported = CaseFilter { most_reported: true, ..CaseFilter::default() };
    for limit in [1, 2, 50] {
        assert_eq!(listed(CaseFilter::default(), limit).await, [0, 1, 2, 3, 4]);
        let order = listed(reported.clone(), limit).await;
        assert_eq!(order, [2, 4, 1, 0, 3]);
    }
    let northern = CaseFilter { university: Slug::parse("northfield").ok(), ..CaseFilter::default() };
    assert_eq!(listed(northern, 20).await, [0]);
    let copied = CaseFilter { cause: Some(CaseCause::NearDuplicate), ..CaseFilter::default() };
    assert_eq!(listed(copied, 2).await, [1, 2, 3, 4]);
    court.decide(opened[0], &by, Decision::Keep).await.unwrap();
    assert_eq!(listed(CaseFilter::default(), 20).await, [1, 2, 3, 4]);
    assert_eq!(listed(CaseFilter { state: Some(CaseState::Decided), ..CaseFilter::default() }, 20).await, [0]);
    // What is deleted is not waited for, and whoever decides about it is told.
    let sql = "DELETE FROM reviews WHERE university_id = $1";
    catalogue.client.execute(sql, &[&south.as_uuid()]).await.unwrap();
    assert!(listed(CaseFilter::default(), 20).await.is_empty());
    assert_eq!(kind(&court.decide(opened[1], &by, Decision::Keep).await.unwrap_err()), ConflictKind::WrongState);
    let foreign = cases(&catalogue.database, &reported, &by, Some("e30"), PageLimit::default()).await;
    assert!(matches!(foreign, Err(CatalogueError::Invalid { field, .. }) if field == "cursor"));
}

#[tokio::test]
async fn an_appeal_is_made_once_and_judged_by_another() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    let (first, second) = (moderator(), moderator());
    let admin = Actor::new(AccountId::new(), Role::Admin);
    assert_eq!(kind(&court.appeal().await.unwrap_err()), ConflictKind::WrongState, "there is nothing against it");
    let id = court.open(CaseCause::Reports).await;
    assert_eq!(kind(&court.appeal().await.unwrap_err()), ConflictKind::WrongState, "it waits");
    // Both were here lately, so that an admin need not be told.
    for staff in [&first, &second, &admin] {
        cases(database, &CaseFilter::default(), staff, None, PageLimit::default()).await.unwrap();
    }
    court.decide(id, &first, Decision::Remove).await.unwrap();
    let stranger = AppealText::parse("It was not even mine, but still.").unwrap();
    let foreign = appeal(database, court.review, AccountId::new(), &stranger, None).await;
    assert!(matches!(foreign, Err(CatalogueError::NotFound { what: "review" })));
    court.appeal().await.unwrap();
    assert_eq!(kind(&court.appeal().await.unwrap_err()), ConflictKind::AlreadyAppealed);
    assert!(court.told(admin.account).await.is_empty());

    let same = court.decide(id, &first, Decision::Restore).await;
    assert!(matches!(same, Err(CatalogueError::Forbidden { .. })), "{same:?}");
    let found = case(database, id, &second).await.unwrap();
    assert!(!found.summary.needs_another && found.appeal.is_some());
    court.decide(id, &second, Decision::Restore).await.unwrap();
    assert_eq!(court.state().await, ReviewState::Visible);
    court.assert_scores_equal_a_recount().await;
    let told = court.told(court.ada.account).await;
    assert!(matches!(told[0], News::AppealDecided { .. }) && matches!(told[1], News::ReviewDecided { .. }), "{told:?}");
    let view = of_review(database, court.review, court.ada.account).await.unwrap();
    assert_eq!((view.decisions[1].appeal_granted, view.may_appeal), (Some(true), false));
    assert_eq!(kind(&court.appeal().await.unwrap_err()), ConflictKind::AlreadyAppealed, "in one chain there is one");
}

#[tokio::test]
async fn an_appeal_that_nobody_else_can_judge_waits_and_an_admin_is_told() {
    let court = Court::new().await;
    let database = &court.catalogue.database;
    // The only one who was here lately decided, and is an admin, too.
    let only = Actor::new(AccountId::new(), Role::Admin);
    cases(database, &CaseFilter::default(), &only, None, PageLimit::default()).await.unwrap();
    let id = court.open(CaseCause::Reports).await;
    court.decide(id, &only, Decision::Hide).await.unwrap();
    court.appeal().await.unwrap();
    let told = court.told(only.account).await;
    assert!(matches!(told[..], [News::AppealNeedsAnother { case, .. }] if case == id), "{told:?}");
    let waiting = cases(database, &CaseFilter::default(), &only, None, PageLimit::default()).await.unwrap();
    assert!(waiting.entries[0].needs_another);
    assert!(matches!(court.decide(id, &only, Decision::Restore).await, Err(CatalogueError::Forbidden { .. })));
    // Somebody else comes.
    let other = moderator();
    let waiting = cases(database, &CaseFilter::default(), &other, None, PageLimit::default()).await.unwrap();
    assert!(!waiting.entries[0].needs_another);
    court.decide(id, &other, Decision::Restore).await.unwrap();
}

#[tokio::test]
async fn whoever_reported_is_told_once_what_came_of_it() {
    let court = Court::new().await;
    let reporter = court.report("abusive", None).await;
    let id = court.open(CaseCause::Reports).await;
    court.decide(id, &moderator(), Decision::Hide).await.unwrap();
    let told = court.told(reporter).await;
    assert!(matches!(told[..], [News::ReportHandled { outcome: ReportOutcome::ActedOn, .. }]), "{told:?}");
    court.appeal().await.unwrap();
    court.decide(id, &moderator(), Decision::Restore).await.unwrap();
    let later = court.report("spam", None).await;
    let other = court.open(CaseCause::Moderator).await;
    court.decide(other, &moderator(), Decision::Keep).await.unwrap();
    assert_eq!(court.told(reporter).await.len(), 1, "what was answered is past");
    let told = court.told(later).await;
    assert!(matches!(told[..], [News::ReportHandled { outcome: ReportOutcome::NoViolation, .. }]), "{told:?}");
}

#[tokio::test]
async fn a_case_tells_how_often_and_why_but_never_who() {
    let court = Court::new().await;
    court.report("spam", None).await;
    court.report("other", Some("z: it is an advertisement")).await;
    court.report("other", Some("a: it is a poem")).await;
    let id = court.open(CaseCause::Reports).await;
    let by = moderator();
    let found = case(&court.catalogue.database, id, &by).await.unwrap();
    assert_eq!(found.reports.by_reason, [("other".to_owned(), 2), ("spam".to_owned(), 1)]);
    assert_eq!(found.reports.words, ["a: it is a poem", "z: it is an advertisement"]);
    court.decide(id, &by, Decision::Hide).await.unwrap();
    let reporters = court.catalogue.client.query("SELECT reporter_id::text FROM review_reports", &[]).await.unwrap();
    let queue =
        cases(&court.catalogue.database, &CaseFilter::default(), &by, None, PageLimit::default()).await.unwrap();
    let view = of_review(&court.catalogue.database, court.review, court.ada.account).await.unwrap();
    let decided = case(&court.catalogue.database, id, &by).await.unwrap();
    let news = court.told(court.ada.account).await;
    let everything = format!("{found:?} {decided:?} {queue:?} {view:?} {news:?} {:?}", court.audited().await);
    for reporter in reporters {
        assert!(!everything.contains(&reporter.get::<_, String>(0)));
    }
    assert!(!format!("{view:?} {news:?}").contains(&by.account.to_string()), "the moderator is not told either");
    assert!(!format!("{found:?} {queue:?}").contains(&court.ada.account.to_string()), "the author is not shown");
}
