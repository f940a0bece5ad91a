//! Roles, schemas and extensions: what a superuser prepares before the services' migrations run.

use anyhow::{Context, ensure};
use std::time::Duration;
use tokio::time::timeout;
use tokio_postgres::{Client, NoTls};

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A role with the schema it owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `rmu_gateway`, owner of schema `catalogue`.
    Gateway,
    /// `rmu_auth`, owner of schema `auth`.
    Auth,
}

impl Role {
    /// Both roles.
    pub const ALL: [Self; 2] = [Self::Gateway, Self::Auth];

    /// The role's name in PostgreSQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gateway => "rmu_gateway",
            Self::Auth => "rmu_auth",
        }
    }

    /// The schema that it owns.
    pub fn schema(self) -> &'static str {
        match self {
            Self::Gateway => "catalogue",
            Self::Auth => "auth",
        }
    }
}

/// Connects within a time limit. The connection ends when the client is dropped.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        timeout(CONNECT_LIMIT, tokio_postgres::connect(url, NoTls)).await.context("PostgreSQL did not answer")??;
    // Its errors reach whoever uses the client.
    tokio::spawn(connection);
    Ok(client)
}

/// Creates the role when it is missing, and sets its password and search path.
pub async fn prepare_role(superuser: &Client, role: Role, password: &str) -> anyhow::Result<()> {
    ensure!(password.bytes().all(|byte| byte.is_ascii_alphanumeric()), "a password must be letters and digits only");
    let (name, schema) = (role.name(), role.schema());
    let sql = format!(
        "DO $$ BEGIN
             IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name}; END IF;
         END $$;
         ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}';
         ALTER ROLE {name} SET search_path = {schema}, public;"
    );
    superuser.batch_execute(&sql).await.with_context(|| format!("role {name} could not be prepared"))
}

/// Creates extensions and both schemas in the database that the client is connected to. Neither role may
/// read the other's schema, and nobody may create anything in `public`.
pub async fn prepare_database(superuser: &Client) -> anyhow::Result<()> {
    let mut sql = String::from(
        "CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
         CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;
         REVOKE ALL ON SCHEMA public FROM PUBLIC;",
    );
    for role in Role::ALL {
        let (name, schema) = (role.name(), role.schema());
        sql.push_str(&format!(
            "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {name};
             GRANT USAGE ON SCHEMA public TO {name};"
        ));
    }
    superuser.batch_execute(&sql).await.context("the database could not be prepared")
}

/// Creates the database when it is missing.
pub async fn create_database(superuser: &Client, name: &str) -> anyhow::Result<()> {
    let exists = superuser.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await?.is_some();
    if !exists {
        superuser.batch_execute(&format!("CREATE DATABASE \"{name}\"")).await?;
    }
    Ok(())
}
