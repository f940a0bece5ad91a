//! The worker's settings, from its environment.

use crate::{
    browser::{PoolLimits, PoolSettings},
    fetch::{self, address::AddressPolicy},
};
use rmu_artefacts::Place;
use rmu_config::{Reader, Secret};
use rmu_web::{lifecycle::DrainSettings, ops, server::ListenSettings};
use std::path::PathBuf;

#[derive(Debug, Clone)]
pub struct WorkerConfig {
    pub name: String,
    pub ops: ListenSettings,
    pub drain: DrainSettings,
    pub port_file: Option<String>,
    pub amqp_url: Secret,
    pub redis_url: Secret,
    pub redis_prefix: String,
    pub pool: PoolSettings,
    pub addresses: AddressPolicy,
    /// Where pages and screenshots of failures are kept, if they are.
    pub artefacts: Option<Place>,
    pub telemetry: rmu_telemetry::Settings,
}

/// Chromium puts a socket below the state directory, and the path of a socket has at most 107 bytes.
const LONGEST_STATE_DIRECTORY: usize = 48;

impl WorkerConfig {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let is_production = env.app_environment().is_production();
        let name =
            env.text("WORKER_NAME", "Name in statistics and results; host name and process id without it.").optional();
        let amqp_url = env
            .secret_url("AMQP_URL", "RabbitMQ, as user `worker`.", &["amqp", "amqps"])
            .default_in_development("amqp://worker:worker@127.0.0.1:5672/%2f");
        let redis_url = env
            .secret_url("REDIS_URL", "Redis, as a user that may use the keys of host limits.", &["redis", "rediss"])
            .default_in_development("redis://127.0.0.1:6379/");
        let redis_prefix = env.text("REDIS_PREFIX", "What all keys in Redis begin with.").default("rmu:");
        let cap = env.number("BROWSER_POOL_MAX", "Browsers at once, and so pages at once.", 1..=64_u16).default("2");
        let chromium = path(env, "CHROMIUM_PATH", "Chromium's program.").default("/usr/bin/chromium");
        let chromedriver = path(env, "CHROMEDRIVER_PATH", "chromedriver's program.").default("/usr/bin/chromedriver");
        let state_directory = env
            .parsed(
                "WORKER_STATE_DIR",
                "Where browsers keep their files while they run; a short path.",
                "directory",
                |raw| {
                    let is_short = raw.len() <= LONGEST_STATE_DIRECTORY;
                    is_short
                        .then(|| PathBuf::from(raw))
                        .ok_or("must have at most 48 bytes: a socket's path lies below it")
                },
            )
            .default("/tmp/rmu-worker");
        let contact = env
            .text("CRAWLER_CONTACT", "Mail address or page in the user agent, for those whose sites are visited.")
            .in_production(
                |text| if is_contact(text) { Ok(()) } else { Err("must be a mail address or a URL".to_owned()) },
            )
            .default_in_development("https://ratemyunit.example/bot");
        let artefacts = Place::read(env);
        let ops = ListenSettings::read_ops(env, "9102");
        let drain = DrainSettings::read(env);
        let port_file = ops::read_port_file(env);
        let telemetry = rmu_telemetry::Settings::read(env);
        let user_agent = fetch::user_agent(&contact?);
        Some(Self {
            name: name?.unwrap_or_else(default_name),
            ops: ops?,
            drain: drain?,
            port_file: port_file?,
            amqp_url: amqp_url?,
            redis_url: redis_url?,
            redis_prefix: redis_prefix?,
            pool: PoolSettings {
                chromium: chromium?,
                chromedriver: chromedriver?,
                state_directory: state_directory?,
                guard_program: std::env::current_exe().ok(),
                user_agent,
                limits: PoolLimits::new(usize::from(cap?)),
            },
            addresses: AddressPolicy { allow_loopback: !is_production },
            artefacts: artefacts?,
            telemetry: telemetry?,
        })
    }
}

fn path<'reader, 'source>(
    env: &'reader mut Reader<'source>,
    name: &str,
    doc: &str,
) -> rmu_config::Variable<'reader, 'source, PathBuf> {
    env.parsed(name, doc, "path", |raw| Ok::<_, String>(PathBuf::from(raw)))
}

fn is_contact(text: &str) -> bool {
    text.contains('@') || text.starts_with("https://") || text.starts_with("http://")
}

fn default_name() -> String {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    format!("{}-{}", host.unwrap_or_else(|| "worker".to_owned()), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_config::{MapSource, load};

    #[test]
    fn every_mistake_is_reported() {
        let long = "/x".repeat(40);
        let source = MapSource::from([
            ("BROWSER_POOL_MAX", "0"),
            ("WORKER_STATE_DIR", long.as_str()),
            ("CRAWLER_CONTACT", "me"),
        ]);
        let mistakes = load(&source, WorkerConfig::read).unwrap_err().to_string();
        for name in ["BROWSER_POOL_MAX", "WORKER_STATE_DIR", "CRAWLER_CONTACT", "AMQP_URL", "REDIS_URL"] {
            assert!(mistakes.contains(name), "{name} is missing in {mistakes}");
        }
    }

    #[test]
    fn loopback_is_for_development_only() {
        let development = MapSource::from([("APP_ENV", "development")]);
        assert!(load(&development, WorkerConfig::read).unwrap().addresses.allow_loopback);
        let production = MapSource::from([
            ("AMQP_URL", "amqps://worker:secret@broker/%2f"),
            ("REDIS_URL", "rediss://redis/"),
            ("CRAWLER_CONTACT", "crawler@example.org"),
        ]);
        let config = load(&production, WorkerConfig::read).unwrap();
        assert!(!config.addresses.allow_loopback);
        assert!(config.pool.user_agent.ends_with("(+crawler@example.org)"), "{}", config.pool.user_agent);
    }
}
