//! One declared variable, between its name and its value.

use crate::{Reader, describe::Row};

type Parse<T> = Box<dyn Fn(&str) -> Result<T, String>>;
type Check<T> = Box<dyn Fn(&T) -> Result<(), String>>;

/// A variable whose kind is known and whose default is not yet. Nothing is read before one of
/// [`default`](Self::default), [`required`](Self::required) and [`optional`](Self::optional) says what its
/// absence means.
#[must_use = "a variable is read by saying what its absence means: default, required or optional"]
pub struct Variable<'reader, 'source, T> {
    reader: &'reader mut Reader<'source>,
    row: Row,
    parse: Parse<T>,
    production_checks: Vec<Check<T>>,
}

impl<'reader, 'source, T> Variable<'reader, 'source, T> {
    pub(crate) fn new(reader: &'reader mut Reader<'source>, row: Row, parse: Parse<T>) -> Self {
        Self { reader, row, parse, production_checks: Vec::new() }
    }

    /// A further condition that holds in production only, such as "no wildcard".
    pub fn in_production(mut self, check: impl Fn(&T) -> Result<(), String> + 'static) -> Self {
        self.production_checks.push(Box::new(check));
        self
    }

    /// What stands for an absent value, written as the operator would write it.
    pub fn default(mut self, text: &str) -> Option<T> {
        self.row.default = Some(text.to_owned());
        self.read_or(Some(text))
    }

    /// A default that only development has; production must set the variable.
    pub fn default_in_development(mut self, text: &str) -> Option<T> {
        self.row.default = Some(text.to_owned());
        self.row.development_only = true;
        self.row.required = true;
        let default = (!self.reader.app_environment().is_production()).then_some(text);
        self.read_or(default)
    }

    /// Absence is a mistake.
    pub fn required(mut self) -> Option<T> {
        self.row.required = true;
        self.read_or(None)
    }

    /// Absence is `Some(None)`; `None` is a mistake, as everywhere.
    pub fn optional(mut self) -> Option<Option<T>> {
        match self.raw()? {
            Some(raw) => self.parsed(&raw).map(Some),
            None => {
                self.reader.declare(self.row);
                Some(None)
            }
        }
    }

    fn read_or(mut self, default: Option<&str>) -> Option<T> {
        let raw = self.raw()?;
        match raw.as_deref().or(default) {
            Some(raw) => self.parsed(raw),
            None => {
                self.reader.mistake(&self.row.name, missing(&self.row));
                self.reader.declare(self.row);
                None
            }
        }
    }

    /// What the source says. An empty value counts as absent: a line `NAME=` in an environment file means that.
    /// The outer `None` is a mistake that has been noted.
    fn raw(&mut self) -> Option<Option<String>> {
        match self.reader.lookup(&self.row.name, self.row.secret) {
            Ok(found) => Some(found),
            Err(problem) => {
                self.reader.mistake(&self.row.name, problem);
                self.reader.declare(self.row.clone());
                None
            }
        }
    }

    fn parsed(mut self, raw: &str) -> Option<T> {
        let outcome = (self.parse)(raw).and_then(|value| {
            if self.reader.app_environment().is_production() {
                self.production_checks
                    .iter()
                    .try_for_each(|check| check(&value))
                    .map_err(|problem| format!("{problem} (APP_ENV is production)"))?;
            }
            Ok(value)
        });
        self.row.value = Some(if self.row.secret { String::new() } else { raw.to_owned() });
        if let Err(problem) = &outcome {
            self.reader.mistake(&self.row.name, problem.clone());
        }
        self.reader.declare(self.row);
        outcome.ok()
    }
}

fn missing(row: &Row) -> String {
    let or_file = if row.secret { format!(" (or {}_FILE)", row.name) } else { String::new() };
    format!("is not set{or_file}; expected: {}. {}", row.kind, row.doc)
}
