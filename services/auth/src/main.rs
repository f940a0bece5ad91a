//! Configuration, telemetry, build, run, drain.

use clap::Parser;
use rmu_auth::{
    commands::{self, Arguments, Command},
    settings::{SERVICE_NAME, Settings},
    startup,
};
use rmu_config::{Environment, load};
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve().await,
        command => commands::run(&command, &Environment).await,
    }
}

#[allow(clippy::print_stderr, reason = "there is no log before it has started")]
async fn serve() -> ExitCode {
    let settings = match load(&Environment, Settings::read) {
        Ok(settings) => settings,
        Err(mistakes) => return mistakes.report(),
    };
    let telemetry = match rmu_telemetry::init(SERVICE_NAME, &settings.telemetry) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let metrics = telemetry.metrics();
    let served = async {
        let application = startup::build(settings, metrics).await?;
        application.lifecycle().listen_for_signals()?;
        application.run_until_stopped().await
    };
    let code = match served.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the service failed");
            ExitCode::FAILURE
        }
    };
    telemetry.shutdown().await;
    code
}
