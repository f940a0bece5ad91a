//! What is kept of a failed attempt to read a page, and by what name.

use crate::{ParseError, ids::TaskId};
use std::{fmt, str::FromStr};

/// What a person looks at to see why a page was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtefactKind {
    /// The rendered source, compressed.
    Page,
    /// The browser's window.
    Screenshot,
}

impl ArtefactKind {
    pub const ALL: [Self; 2] = [Self::Page, Self::Screenshot];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Screenshot => "screenshot",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Page => "page.html.gz",
            Self::Screenshot => "screenshot.png",
        }
    }
}

/// One attempt of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    pub task: TaskId,
    /// 1 for the first.
    pub attempt: u32,
}

/// The name of an artefact in its store: `{task}.{attempt}.page.html.gz`. Made of ids alone and without a folder, so
/// that no name that somebody sends leads anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArtefactKey {
    pub of: AttemptId,
    pub kind: ArtefactKind,
}

impl ArtefactKey {
    pub fn new(of: AttemptId, kind: ArtefactKind) -> Self {
        Self { of, kind }
    }

    /// Takes exactly what [`fmt::Display`] writes: an artefact has one name.
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("must be the name of an artefact");
        let mut parts = raw.splitn(3, '.');
        let (task, attempt, ending) = (parts.next(), parts.next(), parts.next());
        let task = TaskId::from_str(task.ok_or_else(wrong)?).map_err(|_| wrong())?;
        let attempt = attempt.and_then(|attempt| attempt.parse().ok()).ok_or_else(wrong)?;
        let kind = ArtefactKind::ALL.into_iter().find(|kind| Some(kind.ending()) == ending).ok_or_else(wrong)?;
        let key = Self::new(AttemptId { task, attempt }, kind);
        if key.to_string() == raw { Ok(key) } else { Err(wrong()) }
    }
}

impl fmt::Display for ArtefactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.of.task, self.of.attempt, self.kind.ending())
    }
}

/// What was kept of one attempt; never nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptArtefacts {
    pub attempt: u32,
    pub page: bool,
    pub screenshot: bool,
}

impl KeptArtefacts {
    /// `None` when nothing was kept.
    pub fn new(attempt: u32, page: bool, screenshot: bool) -> Option<Self> {
        (page || screenshot).then_some(Self { attempt, page, screenshot })
    }

    pub fn has(self, kind: ArtefactKind) -> bool {
        match kind {
            ArtefactKind::Page => self.page,
            ArtefactKind::Screenshot => self.screenshot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn key(kind: ArtefactKind) -> ArtefactKey {
        let task = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001).into();
        ArtefactKey::new(AttemptId { task, attempt: 2 }, kind)
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        for kind in ArtefactKind::ALL {
            assert_eq!(ArtefactKey::parse(&key(kind).to_string()).unwrap(), key(kind));
        }
        assert_eq!(key(ArtefactKind::Page).to_string(), "01920000-0000-7000-8000-000000000001.2.page.html.gz");
    }

    #[test]
    fn no_other_name_is_a_key() {
        let good = key(ArtefactKind::Page).to_string();
        for bad in [
            String::new(),
            good.to_uppercase(),
            good.replace('-', ""),
            good.replace(".2.", ".02."),
            good.replace(".2.", ".+2."),
            good.replace(".2.", ".-2."),
            good.replace(".2.", "."),
            format!("../{good}"),
            format!("/{good}"),
            format!("{{{good}"),
            format!("{good}/../x"),
            format!("{good} "),
            good.replace("page.html.gz", "page.html"),
            good.replace("page", "%2e%2e/page"),
        ] {
            assert!(ArtefactKey::parse(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_kept_is_no_artefact() {
        assert_eq!(KeptArtefacts::new(1, false, false), None);
        let kept = KeptArtefacts::new(1, false, true).unwrap();
        assert!(kept.has(ArtefactKind::Screenshot) && !kept.has(ArtefactKind::Page));
    }
}
