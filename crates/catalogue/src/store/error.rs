//! The way of a failed statement into the catalogue's own errors.

use crate::error::CatalogueError;

impl From<diesel::result::Error> for CatalogueError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Database(error.into())
    }
}
