//! What is particular to one university, whatever its pages look like.

/// A university; each has a site of its own kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum University {
    Northfield,
    Eastmoor,
    Westhaven,
    Southmere,
    Harbourview,
}

impl University {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 5] =
        [Self::Northfield, Self::Eastmoor, Self::Westhaven, Self::Southmere, Self::Harbourview];

    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Northfield => "northfield",
            Self::Eastmoor => "eastmoor",
            Self::Westhaven => "westhaven",
            Self::Southmere => "southmere",
            Self::Harbourview => "harbourview",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Northfield => "Northfield University",
            Self::Eastmoor => "Eastmoor Institute of Technology",
            Self::Westhaven => "Westhaven University",
            Self::Southmere => "University of Southmere",
            Self::Harbourview => "Harbourview University",
        }
    }

    /// The path of a unit's page.
    pub(crate) fn path(self, year: u16, code: &str) -> String {
        match self {
            Self::Northfield => format!("/subject/{year}/{code}"),
            Self::Eastmoor => format!("/subjects/{code}.html"),
            Self::Westhaven => format!("/programs-courses/course.html?course_code={code}"),
            Self::Southmere => format!("/{year}/subjects/{}", code.to_lowercase()),
            Self::Harbourview => format!("/courses/{code}"),
        }
    }

    /// Whether the year is in the address, so that all years are there at once.
    pub(crate) fn shows_years_side_by_side(self) -> bool {
        match self {
            Self::Northfield | Self::Southmere => true,
            Self::Eastmoor | Self::Westhaven | Self::Harbourview => false,
        }
    }
}
