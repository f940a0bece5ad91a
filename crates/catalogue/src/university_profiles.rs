//! Universities as the public sees them: how much of each there is and how fresh it is.

use crate::{
    CatalogueError,
    page::{Page, PageLimit, cut, decode_cursor, encode_cursor},
    search::UniversityName,
    store::university_profiles as store,
};
use chrono::{DateTime, Utc};
use rmu_domain::slug::Slug;
use rmu_postgres::Database;

/// A university and what the catalogue holds of it.
#[derive(Debug, Clone, PartialEq)]
pub struct UniversityProfile {
    pub university: UniversityName,
    pub units: u64,
    pub reviews: u64,
    pub faculties: Vec<Faculty>,
    /// When a page of its handbook was last read; `None` when none ever was.
    pub last_read_at: Option<DateTime<Utc>>,
    /// When the unit that was not met for longest was last met.
    pub oldest_read_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faculty {
    pub name: String,
    pub units: u64,
}

/// Universities by slug. Faculties are told by [`find`] only.
pub async fn list(
    database: &Database,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<Page<UniversityProfile>, CatalogueError> {
    let after: Option<Slug> =
        cursor.map(decode_cursor).transpose().map_err(|error| CatalogueError::invalid("cursor", &error))?;
    let mut connection = database.connection().await?;
    let mut entries = store::page(&mut connection, after.as_ref(), limit).await?;
    let total = store::count(&mut connection).await?;
    let next = cut(&mut entries, limit, |last| encode_cursor(&last.university.slug));
    Ok(Page { entries, total, next })
}

pub async fn find(database: &Database, slug: &Slug) -> Result<UniversityProfile, CatalogueError> {
    let mut connection = database.connection().await?;
    let mut profile =
        store::by_slug(&mut connection, slug).await?.ok_or(CatalogueError::NotFound { what: "university" })?;
    profile.faculties = store::faculties(&mut connection, profile.university.id).await?;
    Ok(profile)
}
