//! Reviews on the wire, in and out.

use chrono::NaiveDate;
use rmu_catalogue::reviews::{Review, ShownAuthor};
use rmu_domain::{
    ParseError,
    rating::Rating,
    review::{Ratings, ReviewDraft, ReviewText, SessionName, ShownAs, Taken},
    year::Year,
};
use rmu_web::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A review to be written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewReviewBody {
    pub unit_id: Uuid,
    pub ratings: NewRatings,
    pub would_recommend: bool,
    /// The session in which the unit was taken, as the handbook names it.
    #[schema(example = "Autumn", min_length = 1, max_length = 60)]
    pub session: String,
    /// The year in which it was taken; not in the future.
    #[schema(example = 2026, minimum = 1990)]
    pub year: i64,
    /// Optional: 50 to 2000 characters, stored as written.
    #[serde(default)]
    #[schema(min_length = 50, max_length = 2000)]
    pub text: Option<String>,
    /// How the author appears: `anonymous` (by default), `nickname` or `verifiedStudent`.
    #[serde(default)]
    #[schema(example = "anonymous")]
    pub shown_as: Option<String>,
}

/// What a review is to say instead; all of it, as when it was written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EditedReviewBody {
    pub ratings: NewRatings,
    pub would_recommend: bool,
    /// The session in which the unit was taken, as the handbook names it.
    #[schema(example = "Autumn", min_length = 1, max_length = 60)]
    pub session: String,
    /// The year in which it was taken; not in the future.
    #[schema(example = 2026, minimum = 1990)]
    pub year: i64,
    /// Optional: 50 to 2000 characters, stored as written.
    #[serde(default)]
    #[schema(min_length = 50, max_length = 2000)]
    pub text: Option<String>,
    /// How the author appears: `anonymous` (by default), `nickname` or `verifiedStudent`.
    #[serde(default)]
    #[schema(example = "anonymous")]
    pub shown_as: Option<String>,
}

/// Whole numbers from 1 to 5.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRatings {
    #[schema(example = 4, minimum = 1, maximum = 5)]
    pub overall: i64,
    #[schema(example = 5, minimum = 1, maximum = 5)]
    pub teaching: i64,
    #[schema(example = 3, minimum = 1, maximum = 5)]
    pub difficulty: i64,
    #[schema(example = 3, minimum = 1, maximum = 5)]
    pub workload: i64,
    #[schema(example = 5, minimum = 1, maximum = 5)]
    pub usefulness: i64,
}

/// A review as everybody sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    pub id: Uuid,
    pub unit_id: Uuid,
    /// The code of the unit when the review was written.
    #[schema(example = "31251")]
    pub unit_code: String,
    pub author: AuthorView,
    pub ratings: RatingsView,
    pub would_recommend: bool,
    #[schema(example = "Autumn")]
    pub session: String,
    #[schema(example = 2026)]
    pub year: u16,
    /// Whether the handbook offers the unit in that session, as far as it was known when the review was written.
    pub in_handbook: bool,
    /// As written: escape it where it is shown.
    pub text: Option<String>,
    /// The day, not the moment: nobody can tell from it who was online just then.
    pub written_on: NaiveDate,
    /// The day of the last edit, if the review was edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_on: Option<NaiveDate>,
    pub votes: VoteCountsView,
}

/// How many readers found the review helpful, and how many did not.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VoteCountsView {
    #[schema(example = 12)]
    pub helpful: u32,
    #[schema(example = 1)]
    pub not_helpful: u32,
}

/// The author, as they chose to be shown.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorView {
    /// `anonymous`, `nickname` or `verifiedStudent`.
    #[schema(example = "nickname")]
    pub shown_as: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ada")]
    pub nickname: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct RatingsView {
    pub overall: u8,
    pub teaching: u8,
    pub difficulty: u8,
    pub workload: u8,
    pub usefulness: u8,
}

impl NewReviewBody {
    pub fn parse(&self) -> Result<ReviewDraft, Problem> {
        let Self { unit_id: _, ratings, would_recommend, session, year, text, shown_as } = self.clone();
        EditedReviewBody { ratings, would_recommend, session, year, text, shown_as }.parse()
    }
}

impl EditedReviewBody {
    /// Everything that is wrong at once, so that nobody has to send it five times.
    pub fn parse(&self) -> Result<ReviewDraft, Problem> {
        let mut refusals = Refusals::default();
        let ratings = &self.ratings;
        let overall = refusals.note("ratings.overall", Rating::new(ratings.overall));
        let teaching = refusals.note("ratings.teaching", Rating::new(ratings.teaching));
        let difficulty = refusals.note("ratings.difficulty", Rating::new(ratings.difficulty));
        let workload = refusals.note("ratings.workload", Rating::new(ratings.workload));
        let usefulness = refusals.note("ratings.usefulness", Rating::new(ratings.usefulness));
        let session = refusals.note("session", SessionName::parse(&self.session));
        let year = refusals.note("year", Year::new(u16::try_from(self.year).unwrap_or(0)));
        let text = refusals.note("text", self.text.as_deref().map(ReviewText::parse).transpose());
        let shown_as = refusals.note("shownAs", self.shown_as.as_deref().map(ShownAs::parse).transpose());
        let draft = (|| {
            Some(ReviewDraft {
                ratings: Ratings {
                    overall: overall?,
                    teaching: teaching?,
                    difficulty: difficulty?,
                    workload: workload?,
                    usefulness: usefulness?,
                },
                would_recommend: self.would_recommend,
                taken: Taken { session: session?, year: year? },
                text: text?,
                shown_as: shown_as?.unwrap_or_default(),
            })
        })();
        draft.ok_or_else(|| refusals.into_problem())
    }
}

#[derive(Default)]
struct Refusals(Vec<(&'static str, ParseError)>);

impl Refusals {
    fn note<T>(&mut self, field: &'static str, parsed: Result<T, ParseError>) -> Option<T> {
        parsed.map_err(|error| self.0.push((field, error))).ok()
    }

    fn into_problem(self) -> Problem {
        let mut refusals = self.0.into_iter();
        let Some((field, error)) = refusals.next() else { return Problem::internal("a refusal without a field") };
        refusals.fold(Problem::invalid(field, error.to_string()), |problem, (field, error)| {
            problem.with_error(field, error.to_string())
        })
    }
}

impl From<Ratings> for RatingsView {
    fn from(ratings: Ratings) -> Self {
        Self {
            overall: ratings.overall.get(),
            teaching: ratings.teaching.get(),
            difficulty: ratings.difficulty.get(),
            workload: ratings.workload.get(),
            usefulness: ratings.usefulness.get(),
        }
    }
}

impl From<Review> for ReviewView {
    fn from(review: Review) -> Self {
        let author = match review.author {
            ShownAuthor::Anonymous => AuthorView { shown_as: ShownAs::Anonymous.as_str(), nickname: None },
            ShownAuthor::Nickname(nickname) => {
                AuthorView { shown_as: ShownAs::Nickname.as_str(), nickname: Some(nickname) }
            }
            ShownAuthor::VerifiedStudent => AuthorView { shown_as: ShownAs::VerifiedStudent.as_str(), nickname: None },
        };
        Self {
            id: review.id.as_uuid(),
            unit_id: review.unit.as_uuid(),
            unit_code: review.unit_code,
            author,
            ratings: RatingsView::from(review.ratings),
            would_recommend: review.would_recommend,
            session: review.session,
            year: review.year,
            in_handbook: review.in_handbook,
            text: review.text,
            written_on: review.written_on,
            edited_on: review.edited_on,
            votes: VoteCountsView { helpful: review.helpful, not_helpful: review.not_helpful },
        }
    }
}
