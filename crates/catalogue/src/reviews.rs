//! Reviews: one per student and unit, shown as their authors chose.

use crate::{
    CatalogueError, ConflictKind, fanouts,
    idempotency::{self, IdempotencyKey, Replay},
    review_screening::screen,
    search::words,
    store::{
        reviews as store,
        scores::{Changes, Contribution},
    },
};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rmu_domain::{
    ParseError,
    account::Nickname,
    ids::{AccountId, ReviewId, UnitId, UniversityId},
    review::{Ratings, ReviewDraft, ReviewState, ReviewText, SessionName, ShownAs, StateCause},
};
use rmu_postgres::{AsyncPgConnection, Database};

pub mod authors;
pub mod edits;
pub mod listing;
pub mod own;
pub mod states;

pub use authors::{AuthorsReviews, author_banned, author_deleted, author_renamed, author_unbanned};
pub use edits::{delete, edit};
pub(crate) use listing::Place;
pub use listing::{ReviewList, ReviewSort, of_unit, one};
pub use own::{Revision, of_author, own, revisions};
pub use states::{NewState, ReviewStanding, change_state, lock};

/// Under this name the keys of written reviews are kept.
const OPERATION: &str = "create-review";

/// Who writes.
#[derive(Debug, Clone)]
pub struct Author {
    pub account: AccountId,
    pub nickname: Nickname,
    /// Whose verified student the author is, if anybody's.
    pub university: Option<UniversityId>,
}

/// A review as anybody may see it. Neither the account behind it nor the moment at which it was written is among
/// the fields, so they cannot slip out.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    pub id: ReviewId,
    pub unit: UnitId,
    /// The code of the unit when the review was written.
    pub unit_code: String,
    pub author: ShownAuthor,
    pub ratings: Ratings,
    pub would_recommend: bool,
    pub session: String,
    pub year: u16,
    /// Whether the handbook offers the unit in that session, as far as it was known.
    pub in_handbook: bool,
    pub text: Option<String>,
    pub written_on: NaiveDate,
    /// The day of the last edit.
    pub edited_on: Option<NaiveDate>,
    /// How many found it helpful, and how many did not.
    pub helpful: u32,
    pub not_helpful: u32,
    /// Where it stands among the helpful ones; see [`rmu_domain::helpfulness`].
    pub helpful_rank: i32,
}

/// A review as its author sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnReview {
    pub review: Review,
    /// Grows with every edit.
    pub revision: u32,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
    pub state: ReviewState,
    /// What took it out of sight, and in which words that was decided.
    pub cause: Option<StateCause>,
    pub reason: Option<String>,
    pub state_changed_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownAuthor {
    Anonymous,
    Nickname(String),
    VerifiedStudent,
}

/// Writes a review and adds it to the scores, in one transaction. The same request under the same key is
/// answered with the same review.
pub async fn create(
    database: &Database,
    unit: UnitId,
    author: &Author,
    draft: &ReviewDraft,
    key: Option<&IdempotencyKey>,
) -> Result<Review, CatalogueError> {
    let fingerprint = request_fingerprint(unit, draft);
    database
        .transaction(async |connection| {
            let replay: Replay<ReviewId> = match key {
                Some(key) => idempotency::begin(connection, author.account, OPERATION, key, &fingerprint).await?,
                None => Replay::First(None),
            };
            let reservation = match replay {
                Replay::First(reservation) => reservation,
                Replay::Again(id) => {
                    let written = store::find(connection, id).await?;
                    return written.ok_or(CatalogueError::NotFound { what: "review" });
                }
            };
            let review = write(connection, unit, author, draft).await?;
            idempotency::finish(connection, reservation, &review.id).await?;
            Ok(review)
        })
        .await
}

async fn write(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    author: &Author,
    draft: &ReviewDraft,
) -> Result<Review, CatalogueError> {
    let reviewed = store::reviewed_unit(connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
    let checked = check(connection, unit, reviewed.university, author, draft).await?;
    let withdrawn = store::take_withdrawn(connection, unit, author.account).await?;
    let row = store::NewReview {
        id: ReviewId::untraceable(),
        unit,
        university: reviewed.university,
        unit_code: &reviewed.code,
        author: author.account,
        hidden: withdrawn.then_some(StateCause::Resubmission),
        content: checked.content(author, draft),
    };
    let written = store::insert(connection, &row).await.map_err(|error| {
        if error.is_unique_violation_of("reviews_one_per_author_and_unit") {
            return CatalogueError::conflict(ConflictKind::AlreadyReviewed, "you have reviewed this unit already");
        }
        error.into()
    })?;
    screen(connection, &written, withdrawn).await?;
    if !withdrawn {
        fanouts::review_written(connection, unit, written.id, author.account).await?;
        let mut changes = Changes::default();
        changes.add(&Contribution {
            unit,
            university: reviewed.university,
            year: written.year,
            session: written.in_handbook.then_some(written.session.as_str()),
            ratings: written.ratings,
            would_recommend: written.would_recommend,
        });
        changes.apply(connection).await?;
    }
    Ok(written)
}

/// What was found out about a draft.
struct Checked {
    /// As the handbook writes it, if it knows it.
    session: String,
    in_handbook: bool,
}

impl Checked {
    fn content<'a>(&'a self, author: &'a Author, draft: &'a ReviewDraft) -> store::Content<'a> {
        store::Content {
            nickname: (draft.shown_as == ShownAs::Nickname).then(|| author.nickname.as_str()),
            draft,
            session: &self.session,
            in_handbook: self.in_handbook,
        }
    }
}

/// What a draft must be to stand with a unit, whether it is new or replaces what stood there.
async fn check(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    university: UniversityId,
    author: &Author,
    draft: &ReviewDraft,
) -> Result<Checked, CatalogueError> {
    if i32::from(draft.taken.year.get()) > Utc::now().year() {
        return Err(CatalogueError::invalid("year", &ParseError::new("must not be in the future")));
    }
    if draft.shown_as == ShownAs::VerifiedStudent && author.university != Some(university) {
        let elsewhere = ParseError::new("can be verifiedStudent only with an account of the unit's university");
        return Err(CatalogueError::invalid("shownAs", &elsewhere));
    }
    let offered = store::offered_sessions(connection, unit, draft.taken.year).await?;
    let in_handbook = as_in_handbook(&draft.taken.session, &offered);
    Ok(Checked {
        session: in_handbook.unwrap_or(draft.taken.session.as_str()).to_owned(),
        in_handbook: in_handbook.is_some(),
    })
}

/// What tells two requests under one key apart.
fn request_fingerprint(unit: UnitId, draft: &ReviewDraft) -> String {
    idempotency::fingerprint(&(
        unit,
        draft.ratings,
        draft.would_recommend,
        draft.taken.session.as_str(),
        draft.taken.year.get(),
        draft.text.as_ref().map(ReviewText::as_str),
        draft.shown_as.as_str(),
    ))
}

/// The session as the handbook writes it, when it knows it by whatever case and accents.
fn as_in_handbook<'a>(session: &SessionName, offered: &'a [String]) -> Option<&'a str> {
    let wanted = words::fold(session.as_str());
    // What cannot be stored as a session's name is none that could be compared by it.
    offered.iter().map(String::as_str).find(|name| words::fold(name) == wanted && SessionName::parse(name).is_ok())
}
