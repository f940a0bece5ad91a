//! The five ratings of a review as columns, wherever they are read.

use crate::store::error::broken;
use diesel::{QueryableByName, sql_types as sql};
use rmu_domain::{rating::Rating, review::Ratings};
use rmu_postgres::DatabaseError;

#[derive(Debug, QueryableByName)]
pub(crate) struct RatingsRow {
    #[diesel(sql_type = sql::SmallInt)]
    overall: i16,
    #[diesel(sql_type = sql::SmallInt)]
    teaching: i16,
    #[diesel(sql_type = sql::SmallInt)]
    difficulty: i16,
    #[diesel(sql_type = sql::SmallInt)]
    workload: i16,
    #[diesel(sql_type = sql::SmallInt)]
    usefulness: i16,
}

impl RatingsRow {
    /// The tables' own checks make this right; should they be gone, the read fails instead of inventing a rating.
    pub(crate) fn into_ratings(self) -> Result<Ratings, DatabaseError> {
        let rating = |stars: i16| Rating::new(i64::from(stars)).map_err(broken);
        Ok(Ratings {
            overall: rating(self.overall)?,
            teaching: rating(self.teaching)?,
            difficulty: rating(self.difficulty)?,
            workload: rating(self.workload)?,
            usefulness: rating(self.usefulness)?,
        })
    }
}
