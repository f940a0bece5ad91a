//! Declares, reads and parses variables one after the other and notes every mistake.

use crate::{AppEnvironment, Mistake, Secret, Source, Url, describe::Row, reference, variable::Variable};
use std::{fmt::Display, net::IpAddr, ops::RangeInclusive, str::FromStr, time::Duration};

/// Files named by `NAME_FILE` hold keys, not data.
const LARGEST_SECRET_FILE: u64 = 64 * 1024;

/// Hands out variables; see the crate's example.
pub struct Reader<'source> {
    source: &'source dyn Source,
    app_environment: AppEnvironment,
    rows: Vec<Row>,
    mistakes: Vec<Mistake>,
}

impl<'source> Reader<'source> {
    pub fn new(source: &'source dyn Source) -> Self {
        let mut reader =
            Self { source, app_environment: AppEnvironment::Production, rows: Vec::new(), mistakes: Vec::new() };
        let named = reader
            .choice(
                "APP_ENV",
                "In production, development defaults, wildcard origins and weak keys are refused.",
                &[("development", AppEnvironment::Development), ("production", AppEnvironment::Production)],
            )
            .default("production");
        reader.app_environment = named.unwrap_or_default();
        reader
    }

    pub fn app_environment(&self) -> AppEnvironment {
        self.app_environment
    }

    /// Notes a mistake that only several variables together make.
    pub fn mistake(&mut self, variable: &str, problem: impl Into<String>) {
        self.mistakes.push(Mistake { variable: variable.to_owned(), problem: problem.into() });
    }

    /// Anything that `parse` understands; its error completes "NAME …".
    pub fn parsed<T, E: Display>(
        &mut self,
        name: &str,
        doc: &str,
        kind: &str,
        parse: impl Fn(&str) -> Result<T, E> + 'static,
    ) -> Variable<'_, 'source, T> {
        let parse = move |raw: &str| parse(raw).map_err(|error| error.to_string());
        Variable::new(self, row(name, doc, kind, false), Box::new(parse))
    }

    pub fn text(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, String> {
        self.parsed(name, doc, "text", |raw| Ok::<_, String>(raw.to_owned()))
    }

    pub fn port(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, u16> {
        self.parsed(name, doc, "port", |raw| raw.parse::<u16>().map_err(|_| "must be a port, 0 to 65535"))
    }

    pub fn ip(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, IpAddr> {
        self.parsed(name, doc, "IP address", |raw| raw.parse::<IpAddr>().map_err(|_| "must be an IP address"))
    }

    pub fn number<T>(&mut self, name: &str, doc: &str, range: RangeInclusive<T>) -> Variable<'_, 'source, T>
    where
        T: FromStr + PartialOrd + Display + 'static,
    {
        let kind = format!("{} to {}", range.start(), range.end());
        let expected = format!("must be a whole number from {kind}");
        self.parsed(name, doc, &kind, move |raw| {
            raw.parse::<T>().ok().filter(|value| range.contains(value)).ok_or_else(|| expected.clone())
        })
    }

    pub fn flag(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, bool> {
        self.choice(name, doc, &[("true", true), ("false", false)])
    }

    /// A whole number of seconds.
    pub fn seconds(&mut self, name: &str, doc: &str, range: RangeInclusive<u64>) -> Variable<'_, 'source, Duration> {
        let kind = format!("seconds, {} to {}", range.start(), range.end());
        let expected = format!("must be a whole number of {kind}");
        self.parsed(name, doc, &kind, move |raw| {
            raw.parse::<u64>()
                .ok()
                .filter(|value| range.contains(value))
                .map(Duration::from_secs)
                .ok_or_else(|| expected.clone())
        })
    }

    /// A time with its unit: `500ms`, `30s`, `5m`, `1h 30m`.
    pub fn duration(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, Duration> {
        self.parsed(name, doc, "duration such as 30s", |raw| {
            humantime::parse_duration(raw).map_err(|_| "must be a duration with its unit, such as 500ms, 30s or 5m")
        })
    }

    /// Comma-separated texts; white space around them and empty ones are dropped.
    pub fn list(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, Vec<String>> {
        self.list_of(name, doc, "comma-separated list", |item| Ok::<_, String>(item.to_owned()))
    }

    /// Comma-separated values, each parsed by `parse`.
    pub fn list_of<T: 'static, E: Display>(
        &mut self,
        name: &str,
        doc: &str,
        kind: &str,
        parse: impl Fn(&str) -> Result<T, E> + 'static,
    ) -> Variable<'_, 'source, Vec<T>> {
        self.parsed(name, doc, kind, move |raw| {
            raw.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| parse(item).map_err(|error| format!("has {item:?}, which {error}")))
                .collect::<Result<Vec<T>, String>>()
        })
    }

    /// One of a few words.
    pub fn choice<T: Clone + 'static>(
        &mut self,
        name: &str,
        doc: &str,
        choices: &[(&'static str, T)],
    ) -> Variable<'_, 'source, T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let (kind, expected) = (names.join(" \\| "), format!("must be one of: {}", names.join(", ")));
        let choices = choices.to_vec();
        self.parsed(name, doc, &kind, move |raw| {
            choices
                .iter()
                .find(|(name, _)| *name == raw)
                .map(|(_, value)| value.clone())
                .ok_or_else(|| expected.clone())
        })
    }

    /// An address with one of `schemes`. For addresses without credentials; see [`Self::secret_url`].
    pub fn url(&mut self, name: &str, doc: &str, schemes: &'static [&'static str]) -> Variable<'_, 'source, Url> {
        self.parsed(name, doc, &url_kind(schemes), |raw| parse_url(raw, schemes))
    }

    /// An address that may hold a password, checked but kept from sight.
    pub fn secret_url(
        &mut self,
        name: &str,
        doc: &str,
        schemes: &'static [&'static str],
    ) -> Variable<'_, 'source, Secret> {
        let parse = move |raw: &str| parse_url(raw, schemes).map(|_| Secret::new(raw));
        Variable::new(self, row(name, doc, &url_kind(schemes), true), Box::new(parse))
    }

    /// A secret, from `NAME` or from the file that `NAME_FILE` names.
    pub fn secret(&mut self, name: &str, doc: &str) -> Variable<'_, 'source, Secret> {
        Variable::new(self, row(name, doc, "secret", true), Box::new(|raw| Ok(Secret::new(raw))))
    }

    pub(crate) fn declare(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn lookup(&self, name: &str, secret: bool) -> Result<Option<String>, String> {
        let direct = self.value(name)?;
        let file = if secret { self.value(&format!("{name}_FILE"))? } else { None };
        let value = match (direct, file) {
            (Some(_), Some(_)) => return Err(format!("is set, and {name}_FILE too; only one of them may be")),
            (None, Some(path)) => Some(read_secret_file(name, &path)?),
            (direct, None) => direct,
        };
        match value {
            Some(text) if reference::is_reference(&text) => Err(reference::UNRESOLVED.to_owned()),
            other => Ok(other),
        }
    }

    fn value(&self, name: &str) -> Result<Option<String>, String> {
        let value = self.source.get(name).map_err(|error| error.to_string())?;
        Ok(value.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    pub(crate) fn finish(self) -> (Vec<Row>, Vec<Mistake>) {
        (self.rows, self.mistakes)
    }
}

fn row(name: &str, doc: &str, kind: &str, secret: bool) -> Row {
    Row {
        name: name.to_owned(),
        kind: kind.to_owned(),
        default: None,
        required: false,
        development_only: false,
        secret,
        doc: doc.to_owned(),
        value: None,
    }
}

fn url_kind(schemes: &[&str]) -> String {
    let schemes: Vec<String> = schemes.iter().map(|scheme| format!("{scheme}://…")).collect();
    schemes.join(" or ")
}

/// Never repeats the value: it may hold a password.
fn parse_url(raw: &str, schemes: &[&str]) -> Result<Url, String> {
    let expected = || format!("must be an address {}", url_kind(schemes));
    let url = Url::parse(raw).map_err(|error| format!("{}: {error}", expected()))?;
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        return Err(expected());
    }
    Ok(url)
}

fn read_secret_file(name: &str, path: &str) -> Result<String, String> {
    let problem = |error: std::io::Error| format!("cannot be read from {name}_FILE ({path}): {error}");
    let length = std::fs::metadata(path).map_err(problem)?.len();
    if length > LARGEST_SECRET_FILE {
        return Err(format!("cannot be read from {name}_FILE ({path}): larger than 64 KiB"));
    }
    let text = std::fs::read_to_string(path).map_err(problem)?;
    match text.trim() {
        "" => Err(format!("cannot be read from {name}_FILE ({path}): the file is empty")),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
