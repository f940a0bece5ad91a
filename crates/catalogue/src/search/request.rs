//! What may be asked of a search: words, filters, an order.

use crate::{
    page::{PageLimit, fingerprint},
    search::tags,
};
use rmu_domain::{ParseError, credit_points::CreditPoints, query::SearchQuery, slug::Slug};

/// A search, or a list when there is no query.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    pub query: Option<SearchQuery>,
    pub filters: Filters,
    pub sort: Option<Sort>,
    pub limit: PageLimit,
    /// [`crate::page::Page::next`] of the page before.
    pub cursor: Option<String>,
}

impl SearchRequest {
    /// The order that is asked for, or the one that is expected: what fits best first, a list by code.
    pub(crate) fn order(&self) -> Sort {
        match (self.sort, &self.query) {
            (Some(Sort::Relevance) | None, None) => Sort::Code,
            (Some(sort), _) => sort,
            (None, Some(_)) => Sort::Relevance,
        }
    }

    /// Which list a cursor belongs to.
    pub(crate) fn fingerprint(&self) -> u32 {
        let filters = &self.filters;
        let points = |points: Option<CreditPoints>| points.map(|points| points.to_string()).unwrap_or_default();
        fingerprint(&[
            "units",
            self.query.as_ref().map_or("", SearchQuery::as_str),
            self.order().as_str(),
            filters.university.as_ref().map_or("", Slug::as_str),
            &filters.tags().join(","),
            &points(filters.credit_points.and_then(PointsFilter::least)),
            &points(filters.credit_points.and_then(PointsFilter::most)),
            &filters.min_score.map(|score| score.0.to_string()).unwrap_or_default(),
            match filters.has_reviews {
                None => "",
                Some(true) => "reviewed",
                Some(false) => "unreviewed",
            },
        ])
    }
}

/// What every hit must fulfil. Unknown facts fulfil nothing.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    pub university: Option<Slug>,
    pub faculty: Option<FilterText>,
    pub level: Option<u8>,
    pub session: Option<FilterText>,
    pub mode: Option<FilterText>,
    pub credit_points: Option<PointsFilter>,
    pub min_score: Option<MinScore>,
    pub has_reviews: Option<bool>,
    pub requisite_free: Option<bool>,
    /// Whether the handbook says that the unit is no longer taught.
    pub retired: Option<bool>,
}

impl Filters {
    /// The filters that are tags of the search table.
    pub(crate) fn tags(&self) -> Vec<String> {
        let text = |kind: tags::Kind, text: &Option<FilterText>| text.as_ref().and_then(|text| kind.folded(&text.0));
        [
            text(tags::Kind::Faculty, &self.faculty),
            self.level.map(|level| tags::Kind::Level.of(level)),
            text(tags::Kind::Session, &self.session),
            text(tags::Kind::Mode, &self.mode),
            match self.credit_points {
                Some(PointsFilter::Exactly(points)) => Some(tags::Kind::Points.of(points.thousandths())),
                _ => None,
            },
            self.requisite_free.map(|free| tags::Kind::Free.of(free)),
            self.retired.map(|retired| tags::Kind::Retired.of(retired)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A name as handbooks write it, compared without case and accents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterText(String);

impl FilterText {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        if raw.chars().count() > 200 || raw.chars().any(char::is_control) || tags::Kind::Faculty.folded(raw).is_none() {
            return Err(ParseError::new("must be a name of 1 to 200 characters with a letter or digit"));
        }
        Ok(Self(raw.to_owned()))
    }
}

/// A number of credit points, or a range whose ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointsFilter {
    Exactly(CreditPoints),
    Between(Option<CreditPoints>, Option<CreditPoints>),
}

impl PointsFilter {
    pub(crate) fn least(self) -> Option<CreditPoints> {
        match self {
            Self::Exactly(points) => Some(points),
            Self::Between(least, _) => least,
        }
    }

    pub(crate) fn most(self) -> Option<CreditPoints> {
        match self {
            Self::Exactly(points) => Some(points),
            Self::Between(_, most) => most,
        }
    }
}

/// The least score that is good enough, in hundredths as scores are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinScore(pub(crate) i32);

impl MinScore {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let refused = || ParseError::new("must be a score from 1 to 5 with at most 2 decimals");
        let (whole, fraction) = raw.split_once('.').unwrap_or((raw, "0"));
        let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(refused());
        }
        let number = |text: &str| text.parse::<i32>().map_err(|_| refused());
        let hundredths = number(whole)? * 100 + number(&format!("{fraction:0<2}"))?;
        if (100..=500).contains(&hundredths) { Ok(Self(hundredths)) } else { Err(refused()) }
    }
}

/// In which order hits stand. Where it leaves two equal, by code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Relevance,
    /// The best first; those without a score last.
    Score,
    MostReviewed,
    /// What was met last first.
    Newest,
    Code,
}

impl Sort {
    pub const ALL: [Self; 5] = [Self::Relevance, Self::Score, Self::MostReviewed, Self::Newest, Self::Code];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Score => "score",
            Self::MostReviewed => "mostReviewed",
            Self::Newest => "newest",
            Self::Code => "code",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        Self::ALL
            .into_iter()
            .find(|sort| sort.as_str() == raw)
            .ok_or_else(|| ParseError::new("must be relevance, score, mostReviewed, newest or code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_least_score_is_on_the_scale() {
        for (raw, hundredths) in [("1", 100), ("5", 500), ("4.2", 420), ("4.25", 425), ("3.05", 305)] {
            assert_eq!(MinScore::parse(raw).unwrap(), MinScore(hundredths), "{raw}");
        }
        for wrong in ["", "0", "0.99", "5.01", "6", "-1", "4.", ".5", "4.255", "NaN", "1e0", "four", "+4", "100"] {
            assert!(MinScore::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_list_without_words_has_no_relevance() {
        let list = SearchRequest { sort: Some(Sort::Relevance), ..SearchRequest::default() };
        assert_eq!(list.order(), Sort::Code);
        let query = SearchQuery::parse("data").ok();
        let search = SearchRequest { query, ..SearchRequest::default() };
        assert_eq!(search.order(), Sort::Relevance);
        assert_eq!(SearchRequest { sort: Some(Sort::Newest), ..search }.order(), Sort::Newest);
    }

    #[test]
    fn names_are_compared_by_letters_and_digits() {
        assert!(FilterText::parse("Autumn").is_ok() && FilterText::parse("Été").is_ok());
        assert!(["", " ", "--", "\0a"].into_iter().all(|raw| FilterText::parse(raw).is_err()));
        assert!(FilterText::parse(&"a".repeat(201)).is_err());
    }
}
