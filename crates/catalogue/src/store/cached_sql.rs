//! SQL written by hand that is still prepared once per connection.
//!
//! `diesel::sql_query` has every statement parsed and planned anew each time, because diesel cannot know that
//! its text comes from a small fixed set. Ours does: the text is put together from constants, and every value
//! travels as a parameter.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Date, Integer, Nullable, SmallInt, Text, Timestamptz, Untyped, Uuid as SqlUuid},
};
use uuid::Uuid;

/// More ids than this travel as one array.
const MOST_LISTED: usize = 64;

/// A statement under construction: pieces of SQL and the values between them.
#[derive(Debug, Clone, Default)]
pub(crate) struct CachedSql {
    parts: Vec<Part>,
    planned_each_time: bool,
}

#[derive(Debug, Clone)]
enum Part {
    Sql(&'static str),
    Text(Option<String>),
    Texts(Vec<String>),
    Uuid(Uuid),
    Uuids(Vec<Uuid>),
    SmallInt(Option<i16>),
    Integer(Option<i32>),
    Integers(Vec<i32>),
    BigInt(i64),
    Bool(bool),
    Date(NaiveDate),
    Time(DateTime<Utc>),
}

impl CachedSql {
    pub(crate) fn new(sql: &'static str) -> Self {
        Self::default().sql(sql)
    }

    /// A piece of SQL; a constant, so that nothing from outside can become one.
    pub(crate) fn sql(mut self, sql: &'static str) -> Self {
        self.parts.push(Part::Sql(sql));
        self
    }

    pub(crate) fn text(mut self, value: impl Into<String>) -> Self {
        self.parts.push(Part::Text(Some(value.into())));
        self
    }

    pub(crate) fn maybe_text(mut self, value: Option<String>) -> Self {
        self.parts.push(Part::Text(value));
        self
    }

    pub(crate) fn texts(mut self, values: Vec<String>) -> Self {
        self.parts.push(Part::Texts(values));
        self
    }

    pub(crate) fn uuid(mut self, value: impl Into<Uuid>) -> Self {
        self.parts.push(Part::Uuid(value.into()));
        self
    }

    pub(crate) fn uuids(mut self, values: Vec<Uuid>) -> Self {
        self.parts.push(Part::Uuids(values));
        self
    }

    /// ` IN (…)` for ids that are few. PostgreSQL takes an array that it does not see for one of ten, so that a plan for
    /// this very one of a single id looks better to it each time than the one it keeps, and planning takes longer than
    /// reading. A list of parameters shows how many there are; filled up to a power of two, so that there are few texts.
    pub(crate) fn one_of(self, ids: &[Uuid]) -> Self {
        let Some(last) = ids.last().filter(|_| ids.len() <= MOST_LISTED) else {
            return self.sql(" = ANY(").uuids(ids.to_vec()).sql(")");
        };
        let listed = ids.iter().chain(std::iter::repeat(last)).take(ids.len().next_power_of_two());
        let mut statement = self.sql(" IN (");
        for (place, id) in listed.enumerate() {
            statement = statement.sql(if place == 0 { "" } else { ", " }).uuid(*id);
        }
        statement.sql(")")
    }

    pub(crate) fn small(mut self, value: i16) -> Self {
        self.parts.push(Part::SmallInt(Some(value)));
        self
    }

    pub(crate) fn maybe_small(mut self, value: Option<i16>) -> Self {
        self.parts.push(Part::SmallInt(value));
        self
    }

    pub(crate) fn integer(mut self, value: i32) -> Self {
        self.parts.push(Part::Integer(Some(value)));
        self
    }

    pub(crate) fn maybe_integer(mut self, value: Option<i32>) -> Self {
        self.parts.push(Part::Integer(value));
        self
    }

    pub(crate) fn integers(mut self, values: Vec<i32>) -> Self {
        self.parts.push(Part::Integers(values));
        self
    }

    pub(crate) fn big(mut self, value: i64) -> Self {
        self.parts.push(Part::BigInt(value));
        self
    }

    pub(crate) fn bool(mut self, value: bool) -> Self {
        self.parts.push(Part::Bool(value));
        self
    }

    pub(crate) fn date(mut self, value: NaiveDate) -> Self {
        self.parts.push(Part::Date(value));
        self
    }

    pub(crate) fn time(mut self, value: DateTime<Utc>) -> Self {
        self.parts.push(Part::Time(value));
        self
    }

    /// Makes an exception: prepared and planned for these very values.
    pub(crate) fn planned_each_time(mut self) -> Self {
        self.planned_each_time = true;
        self
    }

    /// Continues with all of `other`.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.planned_each_time |= other.planned_each_time;
        self
    }
}

impl QueryFragment<Pg> for CachedSql {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if self.planned_each_time {
            pass.unsafe_to_cache_prepared();
        }
        for part in &self.parts {
            match part {
                Part::Sql(sql) => pass.push_sql(sql),
                Part::Text(value) => pass.push_bind_param::<Nullable<Text>, _>(value)?,
                Part::Texts(values) => pass.push_bind_param::<Array<Text>, _>(values)?,
                Part::Uuid(value) => pass.push_bind_param::<SqlUuid, _>(value)?,
                Part::Uuids(values) => pass.push_bind_param::<Array<SqlUuid>, _>(values)?,
                Part::SmallInt(value) => pass.push_bind_param::<Nullable<SmallInt>, _>(value)?,
                Part::Integer(value) => pass.push_bind_param::<Nullable<Integer>, _>(value)?,
                Part::Integers(values) => pass.push_bind_param::<Array<Integer>, _>(values)?,
                Part::BigInt(value) => pass.push_bind_param::<BigInt, _>(value)?,
                Part::Bool(value) => pass.push_bind_param::<diesel::sql_types::Bool, _>(value)?,
                Part::Date(value) => pass.push_bind_param::<Date, _>(value)?,
                Part::Time(value) => pass.push_bind_param::<Timestamptz, _>(value)?,
            }
        }
        Ok(())
    }
}

impl QueryId for CachedSql {
    type QueryId = ();

    // The text decides which prepared statement is meant, not the type.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for CachedSql {
    type SqlType = Untyped;
}
