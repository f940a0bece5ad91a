//! What moderators see.

use crate::routes::units::summary::CandidateView;
use chrono::{DateTime, Utc};
use rmu_catalogue::moderation::{CaseDetail, CaseSummary, CaseText, PastDecision, ReportCounts};
use rmu_domain::review::{Ratings, ReviewState};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A case in the queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseSummaryView {
    pub id: Uuid,
    /// What opened it.
    #[schema(example = "reports")]
    pub cause: &'static str,
    #[schema(example = "open")]
    pub state: &'static str,
    /// To be given back with a decision.
    #[schema(example = 1)]
    pub revision: i32,
    pub unit: CandidateView,
    /// Absent when its author has deleted it.
    pub review_id: Option<Uuid>,
    #[schema(example = 3)]
    pub reports: u32,
    pub opened_at: DateTime<Utc>,
    /// Since when it stands so.
    pub since: DateTime<Utc>,
    /// The moderator who is at it, if one is.
    pub claim: Option<ClaimView>,
    /// An appeal for which no moderator was here lately but the one who decided.
    pub needs_another: bool,
}

/// Until when a case is somebody's.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ClaimView {
    pub until: DateTime<Utc>,
    /// Whether it is the caller's.
    pub own: bool,
}

/// A case with what there is to decide about.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseView {
    #[serde(flatten)]
    pub summary: CaseSummaryView,
    /// What the review says; absent when its author has deleted it.
    pub review: Option<CaseTextView>,
    /// What it said before, the oldest first; the latest fifty.
    pub earlier: Vec<CaseTextView>,
    /// How often it was reported, by reason.
    #[schema(example = json!({ "spam": 2, "abusive": 1 }))]
    pub reports_by_reason: BTreeMap<String, u32>,
    /// What those who reported it wrote, in the order of its letters; the first fifty.
    pub report_texts: Vec<String>,
    /// Everything decided so far, the oldest first; the latest fifty.
    pub decisions: Vec<PastDecisionView>,
    pub appeal: Option<CaseAppealView>,
}

/// What a review says, or said.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseTextView {
    /// `visible`, `hidden` or `removed`; absent for what it said before.
    pub state: Option<&'static str>,
    #[schema(value_type = Object, example = json!({ "overall": 4, "teaching": 5, "difficulty": 3, "workload": 3, "usefulness": 5 }))]
    pub ratings: Ratings,
    pub would_recommend: bool,
    /// As it was written; escape it where it is shown.
    pub text: Option<String>,
    pub written_at: DateTime<Utc>,
}

/// A decision of the chain.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PastDecisionView {
    pub id: Uuid,
    #[schema(example = "hide")]
    pub decision: &'static str,
    #[schema(example = "personal_information")]
    pub reason: &'static str,
    /// What the author was told.
    pub message: String,
    /// The moderator.
    pub decided_by: Uuid,
    /// Of an appeal: whether the review is shown again.
    pub appeal_granted: Option<bool>,
    pub at: DateTime<Utc>,
}

/// What the author said against a decision.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseAppealView {
    pub text: String,
    pub made_at: DateTime<Utc>,
}

impl From<CaseSummary> for CaseSummaryView {
    fn from(case: CaseSummary) -> Self {
        Self {
            id: case.id.as_uuid(),
            cause: case.cause.as_str(),
            state: case.state.as_str(),
            revision: case.revision,
            unit: CandidateView::from(&case.unit),
            review_id: case.review.map(|review| review.as_uuid()),
            reports: case.reports,
            opened_at: case.opened_at,
            since: case.since,
            claim: case.claimed.map(|(until, own)| ClaimView { until, own }),
            needs_another: case.needs_another,
        }
    }
}

impl From<CaseDetail> for CaseView {
    fn from(case: CaseDetail) -> Self {
        let ReportCounts { by_reason, words } = case.reports;
        Self {
            summary: case.summary.into(),
            review: case.review.map(CaseTextView::from),
            earlier: case.earlier.into_iter().map(CaseTextView::from).collect(),
            reports_by_reason: by_reason.into_iter().collect(),
            report_texts: words,
            decisions: case.decisions.into_iter().map(PastDecisionView::from).collect(),
            appeal: case.appeal.map(|(text, made_at)| CaseAppealView { text, made_at }),
        }
    }
}

impl From<CaseText> for CaseTextView {
    fn from(text: CaseText) -> Self {
        Self {
            state: text.state.map(ReviewState::as_str),
            ratings: text.ratings,
            would_recommend: text.would_recommend,
            text: text.text,
            written_at: text.written_at,
        }
    }
}

impl From<PastDecision> for PastDecisionView {
    fn from(decision: PastDecision) -> Self {
        Self {
            id: decision.id.as_uuid(),
            decision: decision.decision.as_str(),
            reason: decision.reason.as_str(),
            message: decision.told,
            decided_by: decision.by.as_uuid(),
            appeal_granted: decision.appeal_granted,
            at: decision.at,
        }
    }
}
