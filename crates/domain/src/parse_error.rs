//! The one error of parsing: what was wrong, in words for the person who sent it.

use std::borrow::Cow;

/// Why a value was refused. Never contains anything but what the sender may read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseError(Cow<'static, str>);

impl ParseError {
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self(message.into())
    }
}
