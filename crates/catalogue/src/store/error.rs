//! The way of a failed statement, and of what cannot be read, into the catalogue's own errors.

use crate::error::CatalogueError;
use rmu_postgres::DatabaseError;
use std::error::Error;

impl From<diesel::result::Error> for CatalogueError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}

/// A row that was written by another version of this service, or by hand.
pub(crate) fn broken(error: impl Error + Send + Sync + 'static) -> DatabaseError {
    DatabaseError::Query(diesel::result::Error::DeserializationError(Box::new(error)))
}
