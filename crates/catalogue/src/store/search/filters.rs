//! Filters and orders as SQL.

use super::Key;
use crate::{
    search::{Filters as Wanted, PointsFilter, Sort, tags},
    store::cached_sql::CachedSql,
};
use rmu_domain::{credit_points::CreditPoints, ids::UniversityId};

/// The filters with the university looked up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    pub(crate) university: Option<UniversityId>,
    pub(crate) tags: Vec<String>,
    points_least: Option<i32>,
    points_most: Option<i32>,
    min_score: Option<i32>,
    reviewed: Option<bool>,
}

impl Filters {
    pub(crate) fn new(wanted: &Wanted, university: Option<UniversityId>) -> Self {
        let thousandths = |points: CreditPoints| i32::try_from(points.thousandths()).unwrap_or(i32::MAX);
        let range = wanted.credit_points.filter(|points| matches!(points, PointsFilter::Between(..)));
        Self {
            university,
            tags: wanted.tags(),
            points_least: range.and_then(PointsFilter::least).map(thousandths),
            points_most: range.and_then(PointsFilter::most).map(thousandths),
            min_score: wanted.min_score.map(|score| score.0),
            reviewed: wanted.has_reviews,
        }
    }

    /// Whether more is asked than which university: then it depends on the values which plan is good.
    pub(super) fn are_many(&self) -> bool {
        !self.tags.is_empty()
            || self.points_least.is_some()
            || self.points_most.is_some()
            || self.min_score.is_some()
            || self.reviewed.is_some()
    }

    /// Adds that a unit fulfils them all.
    pub(super) fn narrow(&self, mut statement: CachedSql) -> CachedSql {
        if let Some(university) = self.university {
            statement = statement.sql(" AND university_id = ").uuid(university);
        }
        if !self.tags.is_empty() {
            statement = statement.sql(" AND tags @> ").texts(self.tags.clone());
        }
        if let Some(least) = self.points_least {
            statement = statement.sql(" AND credit_points_thousandths >= ").integer(least);
        }
        if let Some(most) = self.points_most {
            statement = statement.sql(" AND credit_points_thousandths <= ").integer(most);
        }
        if let Some(least) = self.min_score {
            // Negated as in the index.
            statement = statement.sql(" AND (-coalesce(score_hundredths, 0)) <= ").integer(-least);
        }
        match self.reviewed {
            Some(true) => statement.sql(" AND (-reviews) < 0"),
            Some(false) => statement.sql(" AND (-reviews) = 0"),
            None => statement,
        }
    }

    /// The same for statements whose plan must suit the values.
    pub(super) fn narrow_as_planned(&self, statement: CachedSql) -> CachedSql {
        let statement = self.narrow(statement);
        if self.are_many() { statement.planned_each_time() } else { statement }
    }

    /// Without those on facts of one kind.
    pub(crate) fn without(&self, kind: tags::Kind) -> Self {
        let mut others = self.clone();
        others.tags.retain(|tag| !tag.starts_with(kind.prefix()));
        if kind == tags::Kind::Points {
            (others.points_least, others.points_most) = (None, None);
        }
        others
    }

    pub(crate) fn without_university(&self) -> Self {
        Self { university: None, ..self.clone() }
    }

    /// Whether anything is asked of facts of this kind.
    pub(crate) fn ask_for(&self, kind: tags::Kind) -> bool {
        let range = self.points_least.is_some() || self.points_most.is_some();
        (kind == tags::Kind::Points && range) || self.tags.iter().any(|tag| tag.starts_with(kind.prefix()))
    }
}

impl Sort {
    /// The number that comes before the code in this order; the lowest stands first.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Relevance | Self::Code => "0",
            Self::Score => "(-coalesce(score_hundredths, 0))",
            Self::MostReviewed => "(-reviews)",
            Self::Newest => "(-first_seen)",
        }
    }

    /// Adds that a unit stands after `key`.
    pub(super) fn after(self, statement: CachedSql, key: &Key) -> CachedSql {
        let narrow = i32::try_from(key.place).unwrap_or(i32::MAX);
        let statement = match self {
            Self::Relevance | Self::Code => statement.sql(" AND (code_normalised, unit_id) > ("),
            Self::Score | Self::MostReviewed => {
                let statement = statement.sql(" AND (").sql(self.place());
                statement.sql(", code_normalised, unit_id) > (").integer(narrow).sql(", ")
            }
            Self::Newest => {
                let statement = statement.sql(" AND (").sql(self.place());
                statement.sql(", code_normalised, unit_id) > (").big(key.place).sql(", ")
            }
        };
        statement.text(key.code.clone()).sql(" COLLATE \"C\", ").uuid(key.unit).sql(")")
    }

    /// Adds the order itself.
    pub(super) fn order(self, statement: CachedSql) -> CachedSql {
        match self {
            Self::Relevance | Self::Code => statement.sql(" ORDER BY code_normalised, unit_id"),
            _ => statement.sql(" ORDER BY ").sql(self.place()).sql(", code_normalised, unit_id"),
        }
    }
}
