//! The queue of cases, and one case with everything that a moderator has to know.
//!
//! Who reported a review is in no type here: there is nothing to show by mistake.

use super::{CaseCause, CaseState, Decision, DecisionReason, refused};
use crate::{
    CatalogueError,
    audit::Actor,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor, fingerprint, foreign_cursor, is_plausible_year},
    store::{
        moderation::{self as store, views},
        reviews::author_of,
    },
    units::Candidate,
    universities::university_named,
};
use chrono::{DateTime, Datelike, Utc};
use rmu_domain::{
    ParseError,
    ids::{AccountId, CaseId, DecisionId, ReviewId},
    moderation::Refusal,
    review::{Ratings, ReviewState},
    slug::Slug,
};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which cases, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Those that wait, whatever for, when absent.
    pub state: Option<CaseState>,
    pub cause: Option<CaseCause>,
    pub university: Option<Slug>,
    /// The most reported first, instead of what waits longest.
    pub most_reported: bool,
}

/// A case in the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseSummary {
    pub id: CaseId,
    pub cause: CaseCause,
    pub state: CaseState,
    /// Names what is seen here; a decision says which one it is about.
    pub revision: i32,
    pub unit: Candidate,
    /// Absent when its author has deleted it.
    pub review: Option<ReviewId>,
    pub reports: u32,
    pub opened_at: DateTime<Utc>,
    /// Since when it stands so.
    pub since: DateTime<Utc>,
    /// Until when a moderator has it, and whether that is the one who asks.
    pub claimed: Option<(DateTime<Utc>, bool)>,
    /// An appeal that only the moderator who decided is there for.
    pub needs_another: bool,
}

/// A case with what there is to decide about.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseDetail {
    pub summary: CaseSummary,
    pub review: Option<CaseText>,
    /// What the review said before, the oldest first.
    pub earlier: Vec<CaseText>,
    pub reports: ReportCounts,
    /// Of the whole chain, the oldest first.
    pub decisions: Vec<PastDecision>,
    /// What the author said against the decision before.
    pub appeal: Option<(String, DateTime<Utc>)>,
}

/// What a review says, or said. Its author is not named.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseText {
    pub state: Option<ReviewState>,
    pub ratings: Ratings,
    pub would_recommend: bool,
    pub text: Option<String>,
    pub written_at: DateTime<Utc>,
}

/// How many reported a review for which reason, and in which words; never who or when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportCounts {
    pub by_reason: Vec<(String, u32)>,
    /// In the order of their letters, so that it tells nothing of who came first.
    pub words: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDecision {
    pub id: DecisionId,
    pub decision: Decision,
    pub reason: DecisionReason,
    /// What the author was told.
    pub told: String,
    /// For moderators; the author never sees it.
    pub by: AccountId,
    pub appeal_granted: Option<bool>,
    pub at: DateTime<Utc>,
}

/// The place after which the next page begins.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    /// Which list it belongs to.
    f: u32,
    /// Microseconds, or reports in that order.
    by: i64,
    id: Uuid,
}

/// Where a page of the queue goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum After {
    Since(DateTime<Utc>, Uuid),
    Reports(i32, Uuid),
}

/// A page of the queue. `cursor` is [`Page::next`] of the page before.
pub async fn cases(
    database: &Database,
    filter: &CaseFilter,
    actor: &Actor,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<CaseSummary>, CatalogueError> {
    let mark = fingerprint(&[
        "cases",
        filter.state.map_or("", CaseState::as_str),
        filter.cause.map_or("", CaseCause::as_str),
        filter.university.as_ref().map_or("", Slug::as_str),
        if filter.most_reported { "reports" } else { "oldest" },
    ]);
    let after = cursor
        .map(|cursor| place(cursor, mark, filter.most_reported))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let university = university_named(&mut connection, filter.university.as_ref()).await?;
    store::saw(&mut connection, actor).await?;
    let mut entries = views::page(&mut connection, filter, university, actor.account, after, limit).await?;
    let total = views::count(&mut connection, filter, university).await?;
    let next = cut(&mut entries, limit, |last| {
        let by = if filter.most_reported { last.reports.into() } else { last.since.timestamp_micros() };
        encode_cursor(&Place { f: mark, by, id: last.id.as_uuid() })
    });
    Ok(Page { entries, total, next })
}

fn place(cursor: &str, mark: u32, by_reports: bool) -> Result<After, ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    let broken = || ParseError::new("must be a cursor as given by the page before");
    if by_reports {
        let reports = i32::try_from(place.by).ok().filter(|reports| *reports >= 0);
        return Ok(After::Reports(reports.ok_or_else(broken)?, place.id));
    }
    let time = DateTime::from_timestamp_micros(place.by).filter(|time| is_plausible_year(time.year()));
    Ok(After::Since(time.ok_or_else(broken)?, place.id))
}

/// One case, as the moderator who asks sees it.
pub async fn case(database: &Database, id: CaseId, actor: &Actor) -> Result<CaseDetail, CatalogueError> {
    let mut connection = database.connection().await?;
    let missing = CatalogueError::NotFound { what: "case" };
    // First the case with its revision: should the review change meanwhile, a decision by this revision is refused.
    let summary = views::one(&mut connection, id, actor.account).await?.ok_or(missing)?;
    if let Some(review) = summary.review
        && author_of(&mut connection, review).await? == Some(actor.account)
    {
        return Err(refused(Refusal::OwnReview));
    }
    let (review, earlier, reports) = match summary.review {
        Some(review) => (
            views::text(&mut connection, review).await?,
            views::earlier_texts(&mut connection, review).await?,
            views::reports(&mut connection, review).await?,
        ),
        None => Default::default(),
    };
    let decisions = views::decisions(&mut connection, id).await?;
    let appeal = views::appeal(&mut connection, id).await?;
    Ok(CaseDetail { summary, review, earlier, reports, decisions, appeal })
}
