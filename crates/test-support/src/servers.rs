//! The variables that say where the test servers are.

use url::Url;

/// The value of a variable that `devstack test` sets.
pub(crate) fn variable(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("{name} is not set: run the tests through make test, which starts the servers they need"),
    }
}

/// The same, as a URL.
pub(crate) fn url(name: &str) -> Url {
    let value = variable(name);
    Url::parse(&value).unwrap_or_else(|error| panic!("{name} is not a URL ({error}): {value}"))
}
