//! Typed configuration from the environment, from files.
//!
//! A part of a service declares its variables where it reads them, each once, with documentation and default:
//!
//! ```
//! use rmu_config::{MapSource, Reader};
//! use std::time::Duration;
//!
//! struct Settings {
//!     port: u16,
//!     drain: Duration,
//! }
//!
//! impl Settings {
//!     fn read(env: &mut Reader<'_>) -> Option<Self> {
//!         let port = env.port("PORT", "Port of the public API; 0 takes any free one.").default("3000");
//!         let drain = env.seconds("DRAIN_SECONDS", "Time to finish what is in flight.", 1..=600).default("30");
//!         Some(Self { port: port?, drain: drain? })
//!     }
//! }
//!
//! let settings = rmu_config::load(&MapSource::from([("PORT", "8080")]), Settings::read).unwrap();
//! assert_eq!((settings.port, settings.drain.as_secs()), (8080, 30));
//! ```
//!
//! A reader answers `None` for a mistake and notes it; all are read before the first `?`, so that an operator
//! sees every mistake at once. [`describe()`] runs the same function over nothing and gives the table of the README.

mod describe;
mod environment;
mod mistakes;
mod reader;
mod reference;
mod secret;
mod source;
mod variable;

pub use describe::{Row, describe, description, markdown_table, text_table};
pub use environment::AppEnvironment;
pub use mistakes::{EX_CONFIG, Mistake, Mistakes};
pub use reader::Reader;
pub use secret::Secret;
pub use source::{Environment, MapSource, Source};
pub use url::Url;
pub use variable::Variable;

/// Reads a whole configuration, or reports every mistake in it.
pub fn load<T>(source: &dyn Source, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Result<T, Mistakes> {
    check(source, read).map(|(value, _)| value)
}

/// Like [`load`], with a row for every variable and the value in force (secrets left out): what
/// `check-config` prints.
pub fn check<T>(
    source: &dyn Source,
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<(T, Vec<Row>), Mistakes> {
    let mut reader = Reader::new(source);
    let value = read(&mut reader);
    let (rows, mistakes) = reader.finish();
    match value {
        Some(value) if mistakes.is_empty() => Ok((value, rows)),
        _ => Err(Mistakes::new(mistakes)),
    }
}
