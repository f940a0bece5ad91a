//! The configuration of this service, each variable read where its part is described.

use crate::{migrations::SCHEMA, tokens::TokenSigner};
use lettre::message::Mailbox;
use rmu_config::{Reader, Secret, Url};
use rmu_messaging::{ConnectionOptions, Declare, Limits, Service};
use rmu_postgres::DatabaseConfig;
use rmu_web::{lifecycle::DrainSettings, ops, server::ListenSettings};

/// The name in logs, in the broker's and the database's lists of connections.
pub const SERVICE_NAME: &str = "auth";

/// Everything that `serve` needs.
pub struct Settings {
    pub telemetry: rmu_telemetry::Settings,
    pub ops: ListenSettings,
    pub drain: DrainSettings,
    pub port_file: Option<String>,
    pub database: DatabaseConfig,
    pub broker: ConnectionOptions,
    pub signer: TokenSigner,
    pub mail: MailSettings,
}

/// Where mail goes and what it says about us.
#[derive(Debug, Clone)]
pub struct MailSettings {
    pub smtp_url: Secret,
    pub from: Mailbox,
    pub public_url: Url,
}

impl Settings {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let telemetry = rmu_telemetry::Settings::read(env);
        let ops = ListenSettings::read_ops(env, "9101");
        let drain = DrainSettings::read(env);
        let port_file = ops::read_port_file(env);
        let database = read_database(env);
        let broker = read_broker(env);
        let signer = read_signer(env);
        let mail = MailSettings::read(env);
        Some(Self {
            telemetry: telemetry?,
            ops: ops?,
            drain: drain?,
            port_file: port_file?,
            database: database?,
            broker: broker?,
            signer: signer?,
            mail: mail?,
        })
    }
}

/// `DATABASE_URL` and `DB_POOL_MAX`; all that the commands beside `serve` need.
pub fn read_database(env: &mut Reader<'_>) -> Option<DatabaseConfig> {
    let url = env.secret_url("DATABASE_URL", "Postgres, as role `rmu_auth`.", &["postgres", "postgresql"]).required();
    let max = env.number("DB_POOL_MAX", "Open connections to Postgres at most.", 1..=200_u32).default("20");
    let (url, max) = (url?, max?);
    match DatabaseConfig::new(url.expose(), SERVICE_NAME, SCHEMA) {
        Ok(mut config) => {
            config.max_connections = max;
            Some(config)
        }
        Err(error) => {
            env.mistake("DATABASE_URL", error.to_string());
            None
        }
    }
}

fn read_broker(env: &mut Reader<'_>) -> Option<ConnectionOptions> {
    let url = env.secret_url("AMQP_URL", "RabbitMQ, as user `auth`.", &["amqp", "amqps"]).required()?;
    match ConnectionOptions::new(url.expose(), SERVICE_NAME) {
        Ok(options) => Some(options.declare(Declare::Owned(Service::Auth, Limits::default()))),
        Err(error) => {
            env.mistake("AMQP_URL", error.to_string());
            None
        }
    }
}

fn read_signer(env: &mut Reader<'_>) -> Option<TokenSigner> {
    let key = env
        .secret(
            "JWT_SIGNING_KEY",
            "Private key that signs access tokens: PKCS#8, PEM, Ed25519; line breaks may be \\n.",
        )
        .required();
    let issuer = env.text("JWT_ISSUER", "`iss` of access tokens.").default("ratemyunit-auth");
    let audience = env.text("JWT_AUDIENCE", "`aud` of access tokens.").default("ratemyunit");
    match TokenSigner::new(key?.expose(), issuer?, audience?) {
        Ok(signer) => Some(signer),
        Err(problem) => {
            env.mistake("JWT_SIGNING_KEY", problem);
            None
        }
    }
}

impl MailSettings {
    fn read(env: &mut Reader<'_>) -> Option<Self> {
        let smtp_url = env
            .secret_url(
                "SMTP_URL",
                "Mail server: `smtps://user:password@host`, or `smtp://host:port` (`?tls=required` for STARTTLS).",
                &["smtp", "smtps"],
            )
            .in_production(|url| check_encrypted(url.expose()))
            .required();
        let from = env
            .parsed("MAIL_FROM", "Sender of our mails.", "address such as RateMyUnit <no-reply@rmu.example>", |raw| {
                raw.parse::<Mailbox>()
            })
            .required();
        let public_url = env
            .url("PUBLIC_URL", "Where people reach us; links in mails begin with it.", &["http", "https"])
            .required();
        Some(Self { smtp_url: smtp_url?, from: from?, public_url: public_url? })
    }
}

/// Mails hold tokens. In clear they travel only to a relay on this machine.
fn check_encrypted(url: &str) -> Result<(), String> {
    let problem = || "must be smtps://… or end in ?tls=required".to_owned();
    let url = Url::parse(url).map_err(|_| problem())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let encrypted =
        url.scheme() == "smtps" || url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    if local || encrypted { Ok(()) } else { Err(problem()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_config::{MapSource, load};

    #[test]
    fn every_mistake_is_named() {
        let source = MapSource::from([
            ("DATABASE_URL", "postgres://h/db?sslmode=prefer"),
            ("AMQP_URL", "amqp://u:hunter2@h/%2f"),
            ("JWT_SIGNING_KEY", "hunter2"),
            ("SMTP_URL", "smtp://u:hunter2@mail.example"),
            ("MAIL_FROM", "nobody"),
            ("PUBLIC_URL", "ftp://x"),
        ]);
        let Err(mistakes) = load(&source, Settings::read) else { panic!("accepted") };
        let text = mistakes.to_string();
        for name in ["DATABASE_URL", "JWT_SIGNING_KEY", "SMTP_URL", "MAIL_FROM", "PUBLIC_URL"] {
            assert!(text.contains(name), "{name} is missing in {text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[test]
    fn mail_in_clear_only_to_this_machine() {
        assert!(check_encrypted("smtps://mail.example").is_ok());
        assert!(check_encrypted("smtp://mail.example:587?tls=required").is_ok());
        assert!(check_encrypted("smtp://127.0.0.1:25").is_ok());
        assert!(check_encrypted("smtp://mail.example:25").is_err());
    }
}
