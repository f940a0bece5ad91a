//! Take-downs on the wire, in and out.

use chrono::{DateTime, Utc};
use rmu_catalogue::{
    moderation::DecisionReason,
    takedowns::{Answer, Contact, Effect, Grounds, NewTakedown, PersonName, RequestersView, TakedownSummary},
};
use rmu_domain::{ParseError, ids::ReviewId, notification::Reason};
use rmu_web::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A request to take a review down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTakedownBody {
    pub review_id: Uuid,
    /// Who asks.
    #[schema(example = "Dr. R. Ellis", min_length = 2, max_length = 200)]
    pub name: String,
    /// How to reach them; shown to moderators alone.
    #[schema(example = "r.ellis@northfield.example", min_length = 5, max_length = 254)]
    pub contact: String,
    /// What is wrong with the review, and why it concerns them.
    #[schema(example = "The review gives my private telephone number.", min_length = 20, max_length = 2000)]
    pub grounds: String,
}

fn refused(field: &'static str) -> impl FnOnce(ParseError) -> Problem {
    move |error| Problem::invalid(field, error.to_string())
}

impl NewTakedownBody {
    pub(super) fn parse(&self) -> Result<NewTakedown, Problem> {
        Ok(NewTakedown {
            review: ReviewId::from(self.review_id),
            requester: PersonName::parse(&self.name).map_err(refused("name"))?,
            contact: Contact::parse(&self.contact).map_err(refused("contact"))?,
            grounds: Grounds::parse(&self.grounds).map_err(refused("grounds"))?,
        })
    }
}

/// A request as whoever made it sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestersTakedownView {
    pub id: Uuid,
    /// `received`, `under_review`, `upheld`, `refused` or `withdrawn`.
    #[schema(example = "received")]
    pub state: &'static str,
    pub received_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// What an upheld one did with the review: `hide` or `remove`.
    pub effect: Option<&'static str>,
    /// What the moderator says to it.
    pub answer: Option<String>,
}

/// The same with its token.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceivedTakedownView {
    #[serde(flatten)]
    pub request: RequestersTakedownView,
    /// Shown this once. Send it as `Takedown-Token`.
    pub token: String,
}

/// A request as moderators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TakedownView {
    pub id: Uuid,
    /// Absent when the review is gone.
    pub review_id: Option<Uuid>,
    #[schema(example = "received")]
    pub state: &'static str,
    /// Absent once forgotten: 90 days after the end.
    #[schema(example = "Dr. R. Ellis")]
    pub name: Option<String>,
    /// Absent once forgotten: 90 days after the end.
    #[schema(example = "r.ellis@northfield.example")]
    pub contact: Option<String>,
    pub grounds: String,
    /// The moderator who opened it for somebody.
    pub opened_by: Option<Uuid>,
    /// The moderator who has taken it up.
    pub taken_by: Option<Uuid>,
    pub taken_until: Option<DateTime<Utc>>,
    pub decided_by: Option<Uuid>,
    pub effect: Option<&'static str>,
    pub answer: Option<String>,
    /// The case in which the review's author was told.
    pub case_id: Option<Uuid>,
    pub received_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// A decision about a request.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TakedownDecisionBody {
    /// `uphold` or `refuse`.
    #[schema(example = "uphold")]
    pub decision: String,
    /// What the requester is told: 1 to 1000 characters.
    #[schema(example = "The review is no longer shown.", min_length = 1, max_length = 1000)]
    pub answer: String,
    /// To uphold: `hide` or `remove`.
    #[schema(example = "hide")]
    pub effect: Option<String>,
    /// To uphold: why, as in a decision about a case.
    #[schema(example = "personal_information")]
    pub reason: Option<String>,
    /// To uphold: what the review's author is told, 1 to 1000 characters.
    #[schema(example = "Please leave out the telephone number.", min_length = 1, max_length = 1000)]
    pub message: Option<String>,
}

impl TakedownDecisionBody {
    pub(super) fn parse(&self) -> Result<Answer, Problem> {
        let answer = Reason::parse(&self.answer).map_err(refused("answer"))?;
        let upheld = match self.decision.as_str() {
            "uphold" => true,
            "refuse" => false,
            _ => return Err(Problem::invalid("decision", "must be uphold or refuse")),
        };
        let parts = [("effect", &self.effect), ("reason", &self.reason), ("message", &self.message)];
        if let Some((field, _)) = parts.iter().find(|(_, part)| part.is_some() != upheld) {
            let detail = if upheld { "is needed to uphold a request" } else { "belongs to an upheld request alone" };
            return Err(Problem::invalid(*field, detail));
        }
        if !upheld {
            return Ok(Answer::Refuse { answer });
        }
        Ok(Answer::Uphold {
            effect: Effect::parse(self.effect.as_deref().unwrap_or_default()).map_err(refused("effect"))?,
            reason: DecisionReason::parse(self.reason.as_deref().unwrap_or_default()).map_err(refused("reason"))?,
            message: Reason::parse(self.message.as_deref().unwrap_or_default()).map_err(refused("message"))?,
            answer,
        })
    }
}

impl From<RequestersView> for RequestersTakedownView {
    fn from(view: RequestersView) -> Self {
        Self {
            id: view.id.as_uuid(),
            state: view.state.as_str(),
            received_at: view.received_at,
            closed_at: view.closed_at,
            effect: view.effect.map(Effect::as_str),
            answer: view.answer,
        }
    }
}

impl From<TakedownSummary> for TakedownView {
    fn from(request: TakedownSummary) -> Self {
        let (taken_until, taken_by) = request.taken.map(|(until, by)| (until, by.as_uuid())).unzip();
        Self {
            id: request.id.as_uuid(),
            review_id: request.review.map(|review| review.as_uuid()),
            state: request.state.as_str(),
            name: request.requester,
            contact: request.contact,
            grounds: request.grounds,
            opened_by: request.opened_by.map(|account| account.as_uuid()),
            taken_by,
            taken_until,
            decided_by: request.decided_by.map(|account| account.as_uuid()),
            effect: request.effect.map(Effect::as_str),
            answer: request.answer,
            case_id: request.case.map(|case| case.as_uuid()),
            received_at: request.received_at,
            closed_at: request.closed_at,
        }
    }
}
