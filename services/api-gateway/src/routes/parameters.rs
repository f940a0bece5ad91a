//! What the parameters of several routes have in common.

use crate::ApiError;
use rmu_catalogue::{
    CatalogueError,
    page::{PageLimit, Total},
};
use rmu_domain::{ParseError, slug::Slug};
use rmu_web::{Page, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which university's unit is meant when a code exists at several.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichUniversity {
    /// The slug of a university, when the code exists at several.
    #[param(example = "northfield")]
    pub(crate) university: Option<String>,
}

/// The same, and a page of what belongs to the unit.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageOfUnit {
    /// The slug of a university, when the code exists at several.
    #[param(example = "northfield")]
    pub(crate) university: Option<String>,
    /// How many on a page: 1 to 50, by default 20.
    #[param(example = 20, minimum = 1, maximum = 50)]
    pub(crate) limit: Option<i64>,
    /// `nextCursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A refusal of the parameter `name`.
pub(crate) fn refused(name: &'static str) -> impl FnOnce(ParseError) -> ApiError {
    move |error| Problem::invalid_parameter(name, error.to_string()).into()
}

pub(crate) fn limit(limit: Option<i64>) -> Result<PageLimit, ApiError> {
    limit.map_or(Ok(PageLimit::default()), |limit| PageLimit::new(limit).map_err(refused("limit")))
}

pub(crate) fn slug(name: &'static str, slug: Option<&str>) -> Result<Option<Slug>, ApiError> {
    slug.map(Slug::parse).transpose().map_err(refused(name))
}

/// What a use case refuses of a read came in a parameter, not in a body.
pub(crate) fn as_parameter(error: CatalogueError) -> ApiError {
    match error {
        CatalogueError::Invalid { field, detail } if field != "cursor" => {
            Problem::invalid_parameter(field, detail).into()
        }
        other => other.into(),
    }
}

pub(crate) fn page(limit: PageLimit, next: Option<String>, total: Total) -> Page {
    let counted = u64::from(total.count) + u64::from(total.and_more);
    Page::new(u32::try_from(limit.get()).unwrap_or(u32::MAX), next).with_total(counted)
}
