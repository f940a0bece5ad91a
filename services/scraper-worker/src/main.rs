//! The scraper worker's program: configuration, telemetry, build, run, drain.

use clap::{Parser, Subcommand};
use rmu_config::{Environment, check, description, text_table};
use rmu_scraper_worker::{browser, config::WorkerConfig, startup};
use std::{io::Write, path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "scraper-worker", version, about = "Reads handbook pages with real browsers.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Take tasks until told to stop (the default).
    Serve,
    /// Read the configuration, say what is wrong with it or what is in force.
    CheckConfig,
    /// Print every variable with its meaning and default, as JSON.
    DescribeConfig,
    /// Wait for the end of standard input, then clear away what dead workers left, above all the one with this folder. Started by the worker itself.
    #[command(hide = true)]
    Guard { state_directory: PathBuf, folder: PathBuf },
}

fn main() -> ExitCode {
    let command = Arguments::parse().command.unwrap_or(Command::Serve);
    if let Command::Guard { state_directory, folder } = command {
        browser::guard::watch(&state_directory, &folder);
        return ExitCode::SUCCESS;
    }
    if matches!(command, Command::DescribeConfig) {
        let _ = writeln!(std::io::stdout(), "{}", description(WorkerConfig::read));
        return ExitCode::SUCCESS;
    }
    let (config, rows) = match check(&Environment, WorkerConfig::read) {
        Ok(read) => read,
        Err(mistakes) => return mistakes.report(),
    };
    if matches!(command, Command::CheckConfig) {
        let _ = write!(std::io::stdout(), "{}", text_table(&rows));
        return ExitCode::SUCCESS;
    }
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the worker ended");
            let _ = writeln!(std::io::stderr(), "scraper-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(config: WorkerConfig) -> anyhow::Result<()> {
    browser::adopt_orphans();
    let telemetry = rmu_telemetry::init("scraper-worker", &config.telemetry)?;
    let worker = startup::build(config, telemetry.metrics()).await?;
    worker.lifecycle().listen_for_signals()?;
    let ended = worker.run_until_stopped().await;
    telemetry.shutdown().await;
    ended
}
