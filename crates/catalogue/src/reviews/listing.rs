//! Reading the reviews of a unit: sorted, filtered, in pages.

use super::Review;
use crate::{
    CatalogueError,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor, fingerprint, foreign_cursor, is_plausible_year},
    store::reviews as store,
};
use chrono::{Datelike, NaiveDate};
use rmu_domain::{
    ParseError,
    ids::{ReviewId, UnitId},
    rating::Rating,
    review::SessionName,
    year::Year,
};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// In which order. Reviews of one day stand in no order that would tell which was first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReviewSort {
    #[default]
    Newest,
    /// By the rank that readers' votes give.
    Helpful,
    Highest,
    Lowest,
}

impl ReviewSort {
    pub const ALL: [Self; 4] = [Self::Newest, Self::Helpful, Self::Highest, Self::Lowest];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Helpful => "helpful",
            Self::Highest => "highest",
            Self::Lowest => "lowest",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let known = Self::ALL.into_iter().find(|sort| sort.as_str() == raw);
        known.ok_or_else(|| ParseError::new("must be helpful, newest, highest or lowest"))
    }
}

/// Which reviews, and in which order.
#[derive(Debug, Clone, Default)]
pub struct ReviewList {
    pub sort: ReviewSort,
    pub session: Option<SessionName>,
    pub year: Option<Year>,
    /// The overall rating.
    pub rating: Option<Rating>,
}

impl From<ReviewSort> for ReviewList {
    fn from(sort: ReviewSort) -> Self {
        Self { sort, ..Self::default() }
    }
}

/// The place after which the next page of reviews begins. Like the reviews it knows days only.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Which list it belongs to.
    f: u32,
    pub(crate) overall: i16,
    pub(crate) rank: i32,
    /// Counted from the first day of our era.
    on: i32,
    pub(crate) id: Uuid,
}

impl Place {
    pub(crate) fn new(mark: u32, review: &Review) -> Self {
        Self {
            f: mark,
            overall: i16::from(review.ratings.overall.get()),
            rank: review.helpful_rank,
            on: review.written_on.num_days_from_ce(),
            id: review.id.as_uuid(),
        }
    }

    pub(crate) fn day(&self) -> Option<NaiveDate> {
        // Far days would be refused by the database instead of by us.
        NaiveDate::from_num_days_from_ce_opt(self.on).filter(|day| is_plausible_year(day.year()))
    }
}

/// The visible reviews of a unit. `cursor` is [`Page::next`] of the page before.
pub async fn of_unit(
    database: &Database,
    unit: UnitId,
    list: impl Into<ReviewList>,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Review>, CatalogueError> {
    let list = list.into();
    let mark = fingerprint(&[
        "reviews",
        &unit.to_string(),
        list.sort.as_str(),
        list.session.as_ref().map_or("", SessionName::as_str),
        &list.year.map(|year| year.get().to_string()).unwrap_or_default(),
        &list.rating.map(|rating| rating.get().to_string()).unwrap_or_default(),
    ]);
    let after = cursor
        .map(|cursor| place(cursor, mark))
        .transpose()
        .map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let session = match &list.session {
        Some(session) => Some(store::session_named(&mut connection, unit, session).await?),
        None => None,
    };
    let filter = store::Filter { session, year: list.year, rating: list.rating };
    let total = store::total(&mut connection, unit, &filter).await?;
    let total = total.ok_or(CatalogueError::NotFound { what: "unit" })?;
    let mut entries = store::page(&mut connection, unit, &filter, list.sort, after.as_ref(), limit).await?;
    let next = cut(&mut entries, limit, |last| encode_cursor(&Place::new(mark, last)));
    Ok(Page { entries, total, next })
}

fn place(cursor: &str, mark: u32) -> Result<Place, ParseError> {
    let place: Place = decode_cursor(cursor)?;
    if place.f != mark {
        return Err(foreign_cursor());
    }
    if place.day().is_none() {
        return Err(ParseError::new("must be a cursor as given by the page before"));
    }
    Ok(place)
}

/// One review, if it is visible.
pub async fn one(database: &Database, review: ReviewId) -> Result<Review, CatalogueError> {
    let mut connection = database.connection().await?;
    store::find_visible(&mut connection, review).await?.ok_or(CatalogueError::NotFound { what: "review" })
}
