//! A moderator decides: the review goes where it belongs, the author is told why, and it stands in the audit log.

use super::{
    Decision, DecisionReason, refused,
    steps::{LockedCase, lock},
};
use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record},
    idempotency::{self, IdempotencyKey, Replay},
    notifications::{tell, tell_all},
    review_reports,
    reviews::{NewState, change_state},
    store::{moderation as store, review_reports as reports},
};
use rmu_domain::{
    ids::{CaseId, DecisionId},
    moderation::Decided,
    notification::{AppealOutcome, News, Notification, Reason, ReportOutcome, ReviewDecision},
    review::{ReviewState, StateCause},
};
use rmu_postgres::{AsyncPgConnection, Database};

const OPERATION: &str = "decide-case";
/// So many of those who reported a review are told what came of it; the first ones.
const MOST_TOLD: i64 = 100;

/// What a moderator decides, after having seen a case.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub decision: Decision,
    pub reason: DecisionReason,
    /// What the author is told; the reason's own words when absent. Needed to take a review out of sight.
    pub words: Option<Reason>,
    /// The revision of the case that the moderator saw.
    pub seen: i32,
}

impl Verdict {
    fn told(&self) -> Result<Reason, CatalogueError> {
        match &self.words {
            Some(words) => Ok(words.clone()),
            None if self.decision.needs_words() => Err(CatalogueError::Invalid {
                field: "message".to_owned(),
                detail: "is needed: the author has to be told why".to_owned(),
            }),
            None => Reason::parse(self.reason.in_words()).map_err(|error| CatalogueError::invalid("message", &error)),
        }
    }
}

/// Decides a case that waits. The same request under the same key is answered with the same decision.
pub async fn decide(
    database: &Database,
    case: CaseId,
    actor: &Actor,
    verdict: &Verdict,
    key: Option<&IdempotencyKey>,
) -> Result<DecisionId, CatalogueError> {
    let told = verdict.told()?;
    verdict.reason.for_decision(verdict.decision).map_err(|error| CatalogueError::invalid("reason", &error))?;
    let fingerprint = idempotency::fingerprint(&(
        case,
        verdict.decision.as_str(),
        verdict.reason.as_str(),
        told.as_str(),
        verdict.seen,
    ));
    database
        .transaction(async |connection| {
            let replay: Replay<DecisionId> = match key {
                Some(key) => idempotency::begin(connection, actor.account, OPERATION, key, &fingerprint).await?,
                None => Replay::First(None),
            };
            let reservation = match replay {
                Replay::First(reservation) => reservation,
                Replay::Again(id) => return Ok(id),
            };
            let locked = lock(connection, case).await?;
            let id = decide_locked(connection, &locked, actor, verdict, &told).await?;
            idempotency::finish(connection, reservation, &id).await?;
            Ok(id)
        })
        .await
}

/// The same with the case locked.
pub(crate) async fn decide_locked(
    connection: &mut AsyncPgConnection,
    locked: &LockedCase,
    actor: &Actor,
    verdict: &Verdict,
    told: &Reason,
) -> Result<DecisionId, CatalogueError> {
    let LockedCase { standing, row, case } = locked;
    let decided = case.decide(verdict.decision, actor.account).map_err(refused)?;
    if verdict.seen != row.revision {
        return Err(CatalogueError::conflict(
            ConflictKind::Changed,
            "the case has changed since you saw it: read it again",
        ));
    }
    let Decided { case: after, appeal_granted } = decided;
    // Before the review is moved: what makes it visible settles its reports.
    let reporters = reports::waiting_reporters(connection, standing.review, MOST_TOLD).await?;
    let cause = StateCause::Moderation;
    let reason = Some(told.as_str());
    match after.review {
        ReviewState::Visible if case.review == ReviewState::Visible => {}
        ReviewState::Visible => {
            change_state(connection, standing.review, NewState::Visible).await?;
        }
        ReviewState::Hidden => {
            change_state(connection, standing.review, NewState::Hidden { cause, reason }).await?;
        }
        ReviewState::Removed => {
            change_state(connection, standing.review, NewState::Removed { cause, reason }).await?;
        }
    }
    let id = DecisionId::new();
    let new = store::NewDecision { id, case: row.id(), by: actor.account, verdict, told, appeal_granted };
    store::insert_decision(connection, &new).await?;
    // Whatever was decided, what was reported until now has been decided about.
    review_reports::settle(connection, standing.review).await?;
    if let Some(author) = standing.author {
        let news = news(verdict, told, after.review, appeal_granted, locked);
        tell(connection, author, &Notification { unit: standing.unit, news }).await?;
    }
    // Each is told for itself; what became of the author is not said.
    let outcome =
        if after.review == ReviewState::Visible { ReportOutcome::NoViolation } else { ReportOutcome::ActedOn };
    let news = News::ReportHandled { review: standing.review, outcome };
    tell_all(connection, &reporters, &Notification { unit: standing.unit, news }).await?;
    let details = Details::default()
        .word("decision", verdict.decision.as_str())
        .word("reason", verdict.reason.as_str())
        .flag("on_appeal", appeal_granted.is_some())
        .id("review", standing.review);
    let entry = Entry::new(actor, AuditAction::CaseDecided, Subject::of(SubjectKind::Case, row.id()));
    record(connection, &entry.with(details)).await?;
    Ok(id)
}

fn news(
    verdict: &Verdict,
    told: &Reason,
    review: ReviewState,
    appeal_granted: Option<bool>,
    locked: &LockedCase,
) -> News {
    let (id, reason) = (locked.standing.review, told.clone());
    if let Some(granted) = appeal_granted {
        let outcome = if granted { AppealOutcome::Granted } else { AppealOutcome::Refused };
        return News::AppealDecided { review: id, outcome, reason };
    }
    let decision = match (verdict.decision, review) {
        (Decision::Hide, _) => ReviewDecision::Hidden,
        (Decision::Remove, _) => ReviewDecision::Removed,
        (Decision::Keep | Decision::Restore, _) => ReviewDecision::Kept,
    };
    News::ReviewDecided { review: id, decision, reason }
}
