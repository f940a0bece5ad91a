//! Reviews: one per student and unit, shown as their authors chose.

use crate::{
    CatalogueError, ConflictKind,
    idempotency::{self, IdempotencyKey, Replay},
    page::{Page, PageLimit, Total, decode_cursor, encode_cursor, fingerprint, foreign_cursor},
    search::words,
    store::{
        review_requests, reviews as store,
        scores::{Changes, Contribution},
    },
};
use chrono::{DateTime, Datelike, Utc};
use rmu_domain::{
    ParseError,
    account::Nickname,
    ids::{AccountId, ReviewId, UnitId},
    review::{Ratings, ReviewDraft, ReviewText, SessionName, ShownAs},
};
use rmu_postgres::{AsyncPgConnection, Database};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub mod states;

pub use states::{NewState, ReviewStanding, change_state, lock};

/// Under this name the keys of written reviews are kept.
const OPERATION: &str = "create-review";

/// Who writes.
#[derive(Debug, Clone)]
pub struct Author {
    pub account: AccountId,
    pub nickname: Nickname,
}

/// A review as anybody may see it. The account behind it is not among the fields, so it cannot slip out.
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
    pub created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownAuthor {
    Anonymous,
    Nickname(String),
    VerifiedStudent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReviewSort {
    #[default]
    Newest,
    Highest,
    Lowest,
}

impl ReviewSort {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Highest => "highest",
            Self::Lowest => "lowest",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        match raw {
            "newest" => Ok(Self::Newest),
            "highest" => Ok(Self::Highest),
            "lowest" => Ok(Self::Lowest),
            _ => Err(ParseError::new("must be newest, highest or lowest")),
        }
    }
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
    if i32::from(draft.taken.year.get()) > Utc::now().year() {
        return Err(CatalogueError::invalid("year", &ParseError::new("must not be in the future")));
    }
    let reviewed = store::reviewed_unit(connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
    let offered = store::offered_sessions(connection, unit, draft.taken.year).await?;
    let in_handbook = as_in_handbook(&draft.taken.session, &offered);
    let row = store::NewReview {
        id: ReviewId::new(),
        unit,
        university: reviewed.university,
        unit_code: &reviewed.code,
        author: author.account,
        author_nickname: (draft.shown_as == ShownAs::Nickname).then(|| author.nickname.as_str()),
        draft,
        session: in_handbook.unwrap_or(draft.taken.session.as_str()),
        in_handbook: in_handbook.is_some(),
    };
    let written = store::insert(connection, &row).await.map_err(|error| {
        if error.is_unique_violation_of("reviews_one_per_author_and_unit") {
            return CatalogueError::conflict(ConflictKind::AlreadyReviewed, "you have reviewed this unit already");
        }
        error.into()
    })?;
    review_requests::fulfil(connection, unit).await?;
    let mut changes = Changes::default();
    changes.add(&Contribution {
        unit,
        university: reviewed.university,
        year: draft.taken.year.get(),
        session: in_handbook,
        ratings: draft.ratings,
        would_recommend: draft.would_recommend,
    });
    changes.apply(connection).await?;
    Ok(written)
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

/// The place after which the next page of reviews begins.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which list it belongs to.
    f: u32,
    pub(crate) overall: i16,
    /// Microseconds, as the database keeps them.
    at: i64,
    pub(crate) id: Uuid,
}

impl Place {
    pub(crate) fn time(&self) -> Option<DateTime<Utc>> {
        // Far dates would be refused by the database instead of by us.
        DateTime::from_timestamp_micros(self.at).filter(|time| (2000..=2200).contains(&time.year()))
    }
}

/// The visible reviews of a unit. `cursor` is [`Page::next`] of the page before.
pub async fn of_unit(
    database: &Database,
    unit: UnitId,
    sort: ReviewSort,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Review>, CatalogueError> {
    let mark = fingerprint(&["reviews", &unit.to_string(), sort.as_str()]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let count = store::count(&mut connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
    let mut entries = store::page(&mut connection, unit, sort, after.as_ref(), limit).await?;
    let next = (entries.len() > limit.get()).then(|| {
        entries.truncate(limit.get());
        entries.last().map(|last| {
            encode_cursor(&Place {
                f: mark,
                overall: i16::from(last.ratings.overall.get()),
                at: last.created_at.timestamp_micros(),
                id: last.id.as_uuid(),
            })
        })
    });
    Ok(Page { entries, total: Total::counted(count), next: next.flatten() })
}

fn place(cursor: &str, mark: u32) -> Result<Place, ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    if place.time().is_none() {
        return Err(ParseError::new("must be a cursor as given by the page before"));
    }
    Ok(place)
}
