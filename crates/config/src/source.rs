//! Where values come from: the process environment, or a map in tests.

use std::collections::BTreeMap;

/// Named texts.
pub trait Source {
    /// The value of `name`, if there is one. `Err` when there is one that is not UTF-8.
    fn get(&self, name: &str) -> Result<Option<String>, NotUnicode>;
}

/// A value that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not valid UTF-8")]
pub struct NotUnicode;

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Environment;

impl Source for Environment {
    fn get(&self, name: &str) -> Result<Option<String>, NotUnicode> {
        match std::env::var_os(name) {
            None => Ok(None),
            Some(value) => value.into_string().map(Some).map_err(|_| NotUnicode),
        }
    }
}

/// A map, for tests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MapSource(BTreeMap<String, String>);

impl MapSource {
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything in the process environment that is UTF-8.
    pub fn from_environment() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The same with one more value; reads well in tests.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl Source for MapSource {
    fn get(&self, name: &str) -> Result<Option<String>, NotUnicode> {
        Ok(self.0.get(name).cloned())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for MapSource {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

impl FromIterator<(String, String)> for MapSource {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}
