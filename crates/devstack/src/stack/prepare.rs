//! Roles, schemas, broker definitions and migrations: all that must be there before the services start.

use super::{part::Launch, secrets::Secrets, services::DATABASE, settings::Settings};
use crate::{
    database::{Role, connect, create_database, prepare_database, prepare_role},
    servers::Servers,
};
use anyhow::{Context, bail};
use rmu_messaging::topology::{Limits, Service, User, definitions};
use std::time::Duration;
use tokio::time::timeout;

const COMMAND_LIMIT: Duration = Duration::from_secs(120);

/// Roles and schemas in PostgreSQL; users, rights and queues in RabbitMQ. Doing it again changes nothing.
pub async fn prepare(servers: &Servers, secrets: &Secrets, settings: &Settings) -> anyhow::Result<()> {
    let superuser = connect(&servers.postgres.url()).await?;
    prepare_role(&superuser, Role::Gateway, &secrets.postgres_gateway).await?;
    prepare_role(&superuser, Role::Auth, &secrets.postgres_auth).await?;
    create_database(&superuser, DATABASE).await?;
    let database = connect(&servers.postgres.url_of("postgres", &secrets.postgres, DATABASE)).await?;
    prepare_database(&database).await?;

    let users = [
        User { service: Service::Gateway, password: &secrets.rabbitmq_gateway },
        User { service: Service::Auth, password: &secrets.rabbitmq_auth },
        User { service: Service::Worker, password: &secrets.rabbitmq_worker },
    ];
    let limits = Limits { max_queue_size: settings.max_queue_size };
    servers.rabbitmq.import_definitions(&definitions("/", limits, &users)?).await
}

/// Runs a command of a service that ends by itself, and fails with what it wrote.
pub async fn run_command(launch: &Launch) -> anyhow::Result<()> {
    let mut command = launch.command();
    let output = timeout(COMMAND_LIMIT, command.kill_on_drop(true).output())
        .await
        .with_context(|| format!("{} {} did not end", launch.name, launch.arguments.join(" ")))?
        .with_context(|| format!("{} cannot be started", launch.program.display()))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        bail!("`{} {}` failed ({}):\n{text}", launch.name, launch.arguments.join(" "), output.status);
    }
    Ok(())
}
