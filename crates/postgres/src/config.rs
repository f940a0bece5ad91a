//! How a service talks to its database: address, names and the limits on every wait.

use crate::{DatabaseError, tls};
use std::time::Duration;
use tokio_postgres::config::SslMode;
use url::Url;

/// Settings of one pool. [`DatabaseConfig::new`] gives the defaults; the limits may be changed one by one.
#[derive(Clone)]
pub struct DatabaseConfig {
    pub(crate) url: Url,
    /// Shown by `pg_stat_activity`, so that an operator sees whose connection it is.
    pub application_name: String,
    /// The schema of the role; comes first in `search_path`, before `public` with its extensions.
    pub schema: String,
    pub max_connections: u32,
    /// How long a caller waits for a free connection.
    pub acquire_timeout: Duration,
    pub connect_timeout: Duration,
    pub statement_timeout: Duration,
    pub lock_timeout: Duration,
    pub idle_in_transaction_timeout: Duration,
    /// The whole of one attempt at a transaction, whatever it does.
    pub transaction_timeout: Duration,
    /// Connections unused for this long are closed.
    pub idle_timeout: Duration,
    /// Connections older than this are closed, so that a failed-over or resized database is found again.
    pub max_lifetime: Duration,
}

impl DatabaseConfig {
    /// Settings with the usual limits. `url` must be a `postgres://` address; `sslmode` in it may be absent or
    /// `disable` (plain), or `require`, `verify-ca`, `verify-full` (TLS with the server's certificate verified,
    /// in addition to the system's authorities against those in `sslrootcert`).
    pub fn new(url: &str, application_name: &str, schema: &str) -> Result<Self, DatabaseError> {
        let url = Url::parse(url).map_err(|_| wrong("must be an address such as postgres://user@host:5432/name"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("must begin with postgres://"));
        }
        let well_formed = !schema.is_empty() && schema.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !well_formed {
            return Err(wrong("the schema's name must be lower-case letters"));
        }
        let config = Self {
            url,
            application_name: application_name.to_owned(),
            schema: schema.to_owned(),
            max_connections: 20,
            acquire_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(10),
            lock_timeout: Duration::from_secs(5),
            idle_in_transaction_timeout: Duration::from_secs(15),
            transaction_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            max_lifetime: Duration::from_secs(1800),
        };
        config.target()?;
        Ok(config)
    }

    /// The address, credentials and session settings, and how to secure the connection.
    pub(crate) fn target(&self) -> Result<Target, DatabaseError> {
        let mut address = self.url.clone();
        let mut encrypted = false;
        let mut root_certificate = None;
        let mut rest = Vec::new();
        for (name, value) in self.url.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("sslmode", "disable") => encrypted = false,
                ("sslmode", "require" | "verify-ca" | "verify-full") => encrypted = true,
                // `prefer` and `allow` fall back to plain text whenever somebody in between wishes it.
                ("sslmode", _) => return Err(wrong("sslmode must be disable, require, verify-ca or verify-full")),
                ("sslrootcert", path) => root_certificate = Some(path.to_owned()),
                (name, value) => rest.push((name.to_owned(), value.to_owned())),
            }
        }
        address.set_query(None);
        if !rest.is_empty() {
            address.query_pairs_mut().extend_pairs(rest);
        }
        let mut session: tokio_postgres::Config =
            address.as_str().parse().map_err(|error| wrong(&format!("is not understood: {error}")))?;
        session
            .application_name(&self.application_name)
            .options(self.session_options())
            .connect_timeout(self.connect_timeout)
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(15))
            // Data that nobody acknowledges for this long means that the other side is gone, not slow.
            .tcp_user_timeout(Duration::from_secs(10))
            .ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        let tls = if encrypted { Some(tls::Connector::new(root_certificate.as_deref())?) } else { None };
        Ok(Target { session, tls })
    }

    /// Given at connection time: no round trip, and no connection exists for a moment without its limits.
    fn session_options(&self) -> String {
        format!(
            "-c search_path={},public -c statement_timeout={} -c lock_timeout={} \
             -c idle_in_transaction_session_timeout={} -c timezone=UTC",
            self.schema,
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
            self.idle_in_transaction_timeout.as_millis(),
        )
    }
}

impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address holds a password.
        f.debug_struct("DatabaseConfig")
            .field("host", &self.url.host_str())
            .field("application_name", &self.application_name)
            .field("schema", &self.schema)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) session: tokio_postgres::Config,
    pub(crate) tls: Option<tls::Connector>,
}

fn wrong(detail: &str) -> DatabaseError {
    DatabaseError::Config(format!("database address: {detail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> Result<DatabaseConfig, DatabaseError> {
        DatabaseConfig::new(url, "test", "catalogue")
    }

    #[test]
    fn only_sound_addresses_are_taken() {
        assert!(config("postgres://rmu@localhost:5432/rmu").is_ok());
        assert!(config("postgresql://rmu:secret@localhost/rmu?sslmode=disable").is_ok());
        for wrong in ["", "localhost", "http://localhost/rmu", "postgres://localhost/rmu?sslmode=prefer"] {
            assert!(config(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_schema_cannot_smuggle_settings() {
        assert!(DatabaseConfig::new("postgres://localhost/rmu", "test", "a -c x=y").is_err());
    }

    #[test]
    fn tls_is_used_when_the_address_asks_for_it() {
        assert!(config("postgres://localhost/rmu").unwrap().target().unwrap().tls.is_none());
        assert!(config("postgres://localhost/rmu?sslmode=verify-full").unwrap().target().unwrap().tls.is_some());
    }

    #[test]
    fn the_password_is_never_shown() {
        let shown = format!("{:?}", config("postgres://rmu:hunter2@localhost/rmu").unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
