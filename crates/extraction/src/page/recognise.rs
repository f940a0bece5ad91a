//! Telling a unit's page from bot walls, error pages and all others, whatever the status code said.

use super::{Verdict, document::Document, look::shows};
use crate::source::{CompiledSignal, Source};

/// `None` for a unit's page, else what the page is instead.
pub(super) fn recognise(source: &Source, document: &Document<'_>) -> Option<Verdict> {
    if let Some(detail) = blocked(source, document) {
        return Some(Verdict::Blocked { detail });
    }
    if let Some(index) = first(document, source.not_found()) {
        return Some(Verdict::NotFound { detail: format!("recognise.notFound[{index}] matched") });
    }
    match first(document, source.unit()) {
        Some(_) => None,
        None => Some(Verdict::NotAUnit { detail: "no sign of a unit's page".to_owned() }),
    }
}

/// What is missing of a page that did not come to its end, as far as the source can tell.
pub(super) fn cut_off(source: &Source, document: &Document<'_>) -> Option<String> {
    let whole = source.whole();
    (!whole.is_empty() && first(document, whole).is_none()).then(|| "nothing of recognise.whole shows".to_owned())
}

/// Which sign says that the page is a wall, if any.
pub(super) fn blocked(source: &Source, document: &Document<'_>) -> Option<String> {
    first(document, source.blocked()).map(|index| format!("recognise.blocked[{index}] matched"))
}

/// The first signal that shows. One whose expression runs away does not: the page then matches nothing.
fn first(document: &Document<'_>, signals: &[CompiledSignal]) -> Option<usize> {
    signals.iter().position(|signal| shows(document, None, signal) == Ok(true))
}
