//! Facts that are filtered by, as one text each: `level:2`, `session:autumn`.

use crate::search::words;
use std::fmt::Display;

/// Longer names are cut, in the index as in the filter: an index has no room for the absurd.
const LONGEST: usize = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Faculty,
    Level,
    Session,
    Mode,
    /// In thousandths.
    Points,
    /// Whether it has no requisites.
    Free,
    /// Whether its status says that it is no longer taught.
    Retired,
}

impl Kind {
    /// How tags of this kind begin.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Faculty => "faculty:",
            Self::Level => "level:",
            Self::Session => "session:",
            Self::Mode => "mode:",
            Self::Points => "points:",
            Self::Free => "free:",
            Self::Retired => "retired:",
        }
    }

    pub(crate) fn of(self, value: impl Display) -> String {
        format!("{}{value}", self.prefix())
    }

    /// The tag of a name; `None` when nothing of it can be compared.
    pub(crate) fn folded(self, name: &str) -> Option<String> {
        let folded = words::fold(name);
        let cut: String = folded.chars().take(LONGEST).collect();
        (!cut.is_empty()).then(|| self.of(cut))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_cut() {
        assert_eq!(Kind::Session.folded("Été – 2"), Some("session:ete 2".to_owned()));
        assert_eq!(Kind::Mode.folded("–"), None);
        assert!(Kind::Faculty.folded(&"faculty of ".repeat(100)).unwrap().len() <= LONGEST + 8);
    }
}
