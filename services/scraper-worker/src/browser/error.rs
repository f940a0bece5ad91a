//! What can go wrong with browsers, told apart by what the caller does about it.

use std::time::Duration;

/// Why no browser was handed out.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// The waiting line is full.
    #[error("the waiting line for browsers is full ({0} waiting)")]
    LineFull(usize),
    #[error("no browser became free within {0:?}")]
    TimedOut(Duration),
    /// Browsers could not be started lately; nobody tries before this has passed.
    #[error("browsers cannot be started; the next attempt is in {0:?}")]
    BreakerOpen(Duration),
    #[error("the browser could not be started: {0}")]
    Start(String),
    #[error("the pool is draining")]
    Draining,
}

/// Why a command to a browser failed.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page did not get there in time.
    #[error("the page took longer than {0:?}")]
    TimedOut(Duration),
    /// It got there, whole as far as the browser knows, and what was waited for never came: not late but different.
    #[error("the page has loaded, and nothing of what was waited for came within {0:?}")]
    NeverReady(Duration),
    /// What came is only the beginning of it.
    #[error("the page ended before its end")]
    CutOff,
    /// The site could not be reached (name, connection, certificate).
    #[error("the site could not be reached: {0}")]
    Unreachable(String),
    /// The site answered with an error and nothing to show for it.
    #[error("the site answered with status {status} and no page")]
    HttpStatus { status: u16, retry_after: Option<String> },
    #[error("the page has {0} bytes, more than allowed")]
    TooLarge(u64),
    /// The address gave no document: a download, or nothing at all.
    #[error("the address gave no document")]
    NoDocument,
    /// The browser or its driver is gone or answers nonsense.
    #[error("the browser failed: {0}")]
    Browser(String),
    /// The page does not allow what was asked (a bad selector, a script error).
    #[error("the page refused: {0}")]
    Refused(String),
    /// The page does not let go of the browser: alerts without end.
    #[error("the page holds the browser: {0}")]
    Stubborn(String),
}
