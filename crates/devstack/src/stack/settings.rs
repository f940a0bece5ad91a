//! What the developer may choose, all through the environment.

use super::handbooks::HOSTS;
use anyhow::{Context, bail};
use std::env;

/// Unless the developer says otherwise there is one for each host of the demo handbooks: a browser serves one site, and
/// with fewer of them each turn of a site would begin with a new one.
const BROWSERS: &str = "BROWSER_POOL_MAX";

/// Variables of services that are handed on when the developer has set them.
const HANDED_ON: [&str; 13] = [
    BROWSERS,
    "CORS_ALLOWED_ORIGINS",
    "CRAWLER_CONTACT",
    "DB_POOL_MAX",
    "DRAIN_SECONDS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MAX_QUEUE_SIZE",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "RATE_LIMIT_PER_MINUTE",
    "READY_GRACE_SECONDS",
    "RUST_BACKTRACE",
    "TRUSTED_PROXIES",
];

const PREFERRED_API_PORT: u16 = 3000;
const MAX_WORKERS: u16 = 32;

/// The choices, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `RMU_PROFILE`: build and run optimised binaries.
    pub release: bool,
    /// `RMU_API_PORT`.
    pub fixed_api_port: Option<u16>,
    /// `RMU_WORKERS`: copies of the scraper worker.
    pub workers: u16,
    /// `RMU_DEMO_UNITS`: units of each demo handbook.
    pub demo_units: u32,
    /// `MAX_QUEUE_SIZE`, which the broker's definitions must agree with.
    pub max_queue_size: u32,
    /// Variables of services from the developer's environment.
    pub handed_on: Vec<(&'static str, String)>,
}

impl Settings {
    /// Reads the environment; a mistake names its variable.
    pub fn from_environment() -> anyhow::Result<Self> {
        Self::with_demo_units(330)
    }

    /// The same for a stack that has so many units a site unless the developer wants others.
    pub fn with_demo_units(default: u32) -> anyhow::Result<Self> {
        let release = match variable("RMU_PROFILE")?.as_deref() {
            None | Some("dev" | "debug") => false,
            Some("release") => true,
            Some(other) => bail!("RMU_PROFILE is {other:?}; it must be dev or release"),
        };
        let workers = number("RMU_WORKERS", 1)?;
        if !(1..=MAX_WORKERS).contains(&workers) {
            bail!("RMU_WORKERS is {workers}; it must be between 1 and {MAX_WORKERS}");
        }
        let demo_units = number("RMU_DEMO_UNITS", default)?;
        if !(1..=100_000).contains(&demo_units) {
            bail!("RMU_DEMO_UNITS is {demo_units}; it must be between 1 and 100000");
        }
        let max_queue_size = number("MAX_QUEUE_SIZE", 10_000)?;
        let fixed_api_port = Some(number("RMU_API_PORT", 0)?).filter(|port| *port != 0);
        let mut handed_on = Vec::new();
        for name in HANDED_ON {
            if let Some(value) = variable(name)? {
                handed_on.push((name, value));
            }
        }
        if !handed_on.iter().any(|(name, _)| *name == BROWSERS) {
            handed_on.push((BROWSERS, HOSTS.len().to_string()));
        }
        Ok(Self { release, fixed_api_port, workers, demo_units, max_queue_size, handed_on })
    }

    /// The port that the developer wants, or 3000 when it is free, or any other.
    pub fn api_port(&self) -> anyhow::Result<u16> {
        if let Some(wanted) = self.fixed_api_port {
            if !crate::ports::is_free(wanted) {
                bail!("RMU_API_PORT is {wanted}, but something listens on that port already");
            }
            return Ok(wanted);
        }
        if crate::ports::is_free(PREFERRED_API_PORT) {
            return Ok(PREFERRED_API_PORT);
        }
        let [port] = crate::ports::free()?;
        Ok(port)
    }
}

fn variable(name: &str) -> anyhow::Result<Option<String>> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{name} cannot be read")),
    }
}

fn number<T: std::str::FromStr>(name: &str, default: T) -> anyhow::Result<T> {
    match variable(name)? {
        None => Ok(default),
        Some(value) => value.parse().map_err(|_| anyhow::anyhow!("{name} is {value:?}; it must be a number in range")),
    }
}
