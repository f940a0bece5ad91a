//! Notifications on the wire.

use crate::routes::units::summary::CandidateView;
use chrono::NaiveDate;
use rmu_catalogue::notifications::{Inbox, Told};
use rmu_domain::notification::News;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of notifications.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InboxView {
    /// How many of all, not only of this page, are unread.
    #[schema(example = 3)]
    pub unread: u32,
    pub notifications: Vec<NotificationView>,
}

/// One notification.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NotificationView {
    pub id: Uuid,
    /// The day on which the caller was told.
    pub on: NaiveDate,
    pub read: bool,
    pub unit: CandidateView,
    #[serde(flatten)]
    pub news: NewsView,
}

/// What happened; `kind` says which of the other fields are there.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum NewsView {
    /// Somebody reviewed a unit that the caller follows.
    NewReview { review_id: Uuid },
    /// A review came of a unit that the caller had asked one for.
    RequestedReview { review_id: Uuid },
    /// The handbook says something else of a unit that the caller follows.
    HandbookChange {
        /// The handbook year, if the handbook gives one.
        #[schema(example = 2026)]
        year: Option<u16>,
        /// The facts that changed.
        #[schema(example = json!(["assessments", "requisites"]))]
        facts: Vec<&'static str>,
    },
    /// A moderator decided about the caller's review: `kept`, `hidden` or `removed`.
    ReviewDecided { review_id: Uuid, decision: &'static str, reason: String },
    /// Another moderator decided about the caller's appeal: `granted` or `refused`.
    AppealDecided { review_id: Uuid, outcome: &'static str, reason: String },
    /// A review that the caller reported was dealt with: `actedOn` or `noViolation`.
    ReportHandled { review_id: Uuid, outcome: &'static str },
    /// To admins: an appeal waits for a moderator other than the one who decided, and none was here lately.
    AppealNeedsAnother { review_id: Uuid, case_id: Uuid },
}

/// Up to where everything is read.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct MarkReadBody {
    /// The id of the newest notification that was shown; without it everything there is.
    pub newest: Option<Uuid>,
}

/// What marking came to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MarkedView {
    /// How many were unread before.
    #[schema(example = 3)]
    pub marked: u32,
}

impl From<Inbox> for InboxView {
    fn from(inbox: Inbox) -> Self {
        let notifications = inbox.page.entries.into_iter().map(NotificationView::from).collect();
        Self { unread: inbox.unread, notifications }
    }
}

impl From<Told> for NotificationView {
    fn from(told: Told) -> Self {
        Self {
            id: told.id.as_uuid(),
            on: told.on,
            read: told.is_read,
            unit: CandidateView::from(&told.unit),
            news: NewsView::from(told.news),
        }
    }
}

impl From<News> for NewsView {
    fn from(news: News) -> Self {
        match news {
            News::NewReview { review } => Self::NewReview { review_id: review.as_uuid() },
            News::RequestedReview { review } => Self::RequestedReview { review_id: review.as_uuid() },
            News::HandbookChange { year, facts, .. } => Self::HandbookChange {
                year: year.map(u16::from),
                facts: facts.into_iter().map(|fact| fact.as_str()).collect(),
            },
            News::ReviewDecided { review, decision, reason } => {
                Self::ReviewDecided { review_id: review.as_uuid(), decision: decision.as_str(), reason: reason.into() }
            }
            News::AppealDecided { review, outcome, reason } => {
                Self::AppealDecided { review_id: review.as_uuid(), outcome: outcome.as_str(), reason: reason.into() }
            }
            News::ReportHandled { review, outcome } => {
                Self::ReportHandled { review_id: review.as_uuid(), outcome: outcome.as_str() }
            }
            News::AppealNeedsAnother { review, case } => {
                Self::AppealNeedsAnother { review_id: review.as_uuid(), case_id: case.as_uuid() }
            }
        }
    }
}
