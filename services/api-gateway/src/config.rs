//! Everything that can be set.

use rmu_artefacts::{Place, retention};
use rmu_catalogue::migrations::SCHEMA;
use rmu_config::{AppEnvironment, Reader, Secret, Url};
use rmu_messaging::topology::Limits;
use rmu_postgres::DatabaseConfig;
use rmu_web::{
    TrustedProxies, cors::AllowedOrigins, lifecycle::DrainSettings, ops, rate_limit::Limit, server::ListenSettings,
};
use std::time::Duration;

/// Which half of the gateway this copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Serve,
    Ingest,
    All,
}

impl Role {
    /// Whether this copy answers the public API.
    pub fn serves(self) -> bool {
        matches!(self, Self::Serve | Self::All)
    }

    /// Whether this copy relays tasks and takes in results.
    pub fn ingests(self) -> bool {
        matches!(self, Self::Ingest | Self::All)
    }
}

#[derive(Debug, Clone)]
pub struct Config {
    pub app_environment: AppEnvironment,
    pub role: Role,
    pub telemetry: rmu_telemetry::Settings,
    pub listen: ListenSettings,
    pub ops: ListenSettings,
    pub port_file: Option<String>,
    pub drain: DrainSettings,
    pub database_url: Secret,
    pub database_connections: u32,
    pub redis_url: Secret,
    pub redis_prefix: String,
    pub amqp_url: Secret,
    pub max_queue_size: u32,
    pub public_url: Url,
    pub origins: AllowedOrigins,
    pub proxies: TrustedProxies,
    pub tokens: TokenSettings,
    pub limits: RateLimits,
    /// Independent reports that hide a review until a moderator has looked at it.
    pub reports_to_hide: u32,
    /// How long answers to reads are kept; not at all if zero.
    pub read_cache: Duration,
    /// Where pages and screenshots of failures are kept, if they are.
    pub artefacts: Option<Place>,
    pub artefact_limits: retention::Limits,
}

/// What an access token must say to be one of ours.
#[derive(Debug, Clone)]
pub struct TokenSettings {
    pub issuer: String,
    pub audience: String,
}

/// How often one address may ask.
#[derive(Debug, Clone, Copy)]
pub struct RateLimits {
    pub general: Limit,
    pub login: Limit,
    pub register: Limit,
    pub refresh: Limit,
    pub report: Limit,
    pub takedown: Limit,
}

impl Config {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let app_environment = env.app_environment();
        let roles = [("serve", Role::Serve), ("ingest", Role::Ingest), ("all", Role::All)];
        let role = env.choice("GATEWAY_ROLE", "Serve HTTP, take in results, or both.", &roles).default("all");
        let telemetry = rmu_telemetry::Settings::read(env);
        let listen = ListenSettings::read(env);
        let ops = ListenSettings::read_ops(env, "9100");
        let port_file = ops::read_port_file(env);
        let drain = DrainSettings::read(env);
        let database_url = env
            .secret_url(
                "DATABASE_URL",
                "Postgres, as the role that owns schema `catalogue`.",
                &["postgres", "postgresql"],
            )
            .required();
        let database_connections = env.number("DB_POOL_MAX", "Most connections to Postgres.", 1..=500).default("20");
        let redis_url = env.secret_url("REDIS_URL", "Redis, for rate limits.", &["redis", "rediss"]).required();
        let redis_prefix = env.text("REDIS_PREFIX", "Begins the name of every key in Redis.").default("rmu:");
        let amqp_url = env.secret_url("AMQP_URL", "RabbitMQ, as user `gateway`.", &["amqp", "amqps"]).required();
        let max_queue_size = env
            .number("MAX_QUEUE_SIZE", "Most scrape tasks alive at once; more get 429.", 1..=1_000_000)
            .default("10000");
        let public_url = env
            .url("PUBLIC_URL", "Where browsers reach the API; shown in OpenAPI and in mails.", &["http", "https"])
            .in_production(|url| if url.scheme() == "https" { Ok(()) } else { Err("must be https".to_owned()) })
            .default_in_development("http://127.0.0.1:3000");
        let origins = AllowedOrigins::read(env);
        let proxies = TrustedProxies::read(env);
        let tokens = TokenSettings::read(env);
        let limits = RateLimits::read(env);
        let reports_to_hide = env
            .number("REPORTS_TO_HIDE", "Independent reports that hide a review until a moderator looks.", 1..=1000)
            .default("3");
        let read_cache = env
            .number("READ_CACHE_SECONDS", "How long answers to reads are kept in Redis; 0 keeps none.", 0..=1800_u32)
            .default("50");
        let artefacts = Place::read(env);
        let artefact_limits = retention::Limits::read(env);
        Some(Self {
            app_environment,
            role: role?,
            telemetry: telemetry?,
            listen: listen?,
            ops: ops?,
            port_file: port_file?,
            drain: drain?,
            database_url: database_url?,
            database_connections: database_connections?,
            redis_url: redis_url?,
            redis_prefix: redis_prefix?,
            amqp_url: amqp_url?,
            max_queue_size: max_queue_size?,
            public_url: public_url?,
            origins: origins?,
            proxies: proxies?,
            tokens: tokens?,
            limits: limits?,
            reports_to_hide: reports_to_hide?,
            read_cache: Duration::from_secs(u64::from(read_cache?)),
            artefacts: artefacts?,
            artefact_limits: artefact_limits?,
        })
    }

    pub fn database(&self) -> anyhow::Result<DatabaseConfig> {
        let mut config = DatabaseConfig::new(self.database_url.expose(), "rmu-api-gateway", SCHEMA)?;
        config.max_connections = self.database_connections;
        Ok(config)
    }

    pub fn topology_limits(&self) -> Limits {
        Limits { max_queue_size: self.max_queue_size }
    }
}

impl TokenSettings {
    fn read(env: &mut Reader<'_>) -> Option<Self> {
        let issuer = env.text("JWT_ISSUER", "`iss` of access tokens; the same in auth.").default("ratemyunit-auth");
        let audience = env.text("JWT_AUDIENCE", "`aud` of access tokens; the same in auth.").default("ratemyunit");
        Some(Self { issuer: issuer?, audience: audience? })
    }
}

impl RateLimits {
    fn read(env: &mut Reader<'_>) -> Option<Self> {
        let most = 1..=1_000_000_u32;
        let general =
            env.number("RATE_LIMIT_PER_MINUTE", "Requests per address and minute.", most.clone()).default("100");
        let login =
            env.number("LOGIN_LIMIT_PER_5_MINUTES", "Logins per address and five minutes.", most.clone()).default("5");
        let register =
            env.number("REGISTER_LIMIT_PER_HOUR", "Registrations per address and hour.", most.clone()).default("5");
        let refresh = env
            .number("REFRESH_LIMIT_PER_HOUR", "Requests to read a unit again, per account and hour.", most.clone())
            .default("10");
        let report = env
            .number("REPORT_LIMIT_PER_HOUR", "Reports of reviews, per account and hour.", most.clone())
            .default("20");
        let takedown = env
            .number("TAKEDOWN_LIMIT_PER_DAY", "Requests to take a review down, per address and day.", most)
            .default("5");
        Some(Self {
            general: Limit::per_minute("general", general?),
            login: Limit::per("login", login?, Duration::from_secs(300)),
            register: Limit::per("register", register?, Duration::from_secs(3600)),
            refresh: Limit::per("refresh", refresh?, Duration::from_secs(3600)),
            report: Limit::per("report", report?, Duration::from_secs(3600)),
            takedown: Limit::per("takedown", takedown?, Duration::from_secs(24 * 3600)),
        })
    }
}
