//! `api-gateway`: the command line around the library.

use clap::{Parser, Subcommand};
use rmu_api_gateway::{Config, routes::openapi, startup};
use rmu_config::{Environment, check, description, text_table};
use std::{
    io::{Write, stdout},
    process::ExitCode,
};

#[derive(Parser)]
#[command(name = "api-gateway", version, about = "The public REST API of RateMyUnit.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Clone, Copy)]
enum Command {
    /// Serves the API and runs the background tasks of GATEWAY_ROLE (the default).
    Serve,
    /// Brings schema `catalogue` up to date, then ends.
    Migrate,
    /// Prints the configuration in force, or every mistake in it (exit code 78).
    CheckConfig,
    /// Prints every variable with its meaning and default, as JSON.
    DescribeConfig,
    /// Prints the OpenAPI document.
    Openapi,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let command = Arguments::parse().command.unwrap_or(Command::Serve);
    match command {
        Command::Openapi => {
            writeln!(stdout(), "{}", openapi::document().to_pretty_json()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::DescribeConfig => {
            writeln!(stdout(), "{}", description(Config::read))?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Serve | Command::Migrate | Command::CheckConfig => {}
    }
    let (config, rows) = match check(&Environment, Config::read) {
        Ok(read) => read,
        Err(mistakes) => return Ok(mistakes.report()),
    };
    if matches!(command, Command::CheckConfig) {
        write!(stdout(), "{}", text_table(&rows))?;
        return Ok(ExitCode::SUCCESS);
    }
    let telemetry = rmu_telemetry::init("api-gateway", &config.telemetry)?;
    let ended = match command {
        Command::Migrate => startup::migrate(&config).await,
        _ => startup::serve(config, telemetry.metrics()).await,
    };
    if let Err(error) = &ended {
        tracing::error!(error = format!("{error:#}"), "cannot go on");
    }
    telemetry.shutdown().await;
    Ok(if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
