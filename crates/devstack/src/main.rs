//! The `devstack` command.

use clap::{Parser, Subcommand};
use rmu_devstack::{commands, progress, workspace};
use std::{path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(name = "devstack", about = "Private servers and services for development and tests", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install, build and start everything, show the first scrape, run until Ctrl-C.
    Run {
        /// Detach from the terminal; `up` uses this.
        #[arg(long, hide = true)]
        background: bool,
    },
    /// The same in the background; returns when the first scrape has finished.
    Up,
    /// Stop everything that `run` or `up` started in this checkout.
    Down,
    /// Say what is running and where.
    Status,
    /// Compare every unit of the running stack's catalogue with what its demo handbooks meant.
    Truth,
    /// Scrape the demo handbooks into a stack of its own, as they are and with faults, and compare every fact.
    TruthFaults {
        /// Only with so many per cent of faults, instead of without and with ten.
        #[arg(long, value_name = "PER CENT", value_parser = clap::value_parser!(u8).range(0..=50))]
        only: Option<u8>,
    },
    /// Run a command with private PostgreSQL, Redis, RabbitMQ and a mail sink that exist only for it.
    Test {
        /// What PostgreSQL keeps of tables and indexes; a benchmark gives it what an operator would.
        #[arg(long, value_name = "SIZE", default_value = rmu_devstack::servers::SMALL_BUFFERS)]
        postgres_buffers: String,
        /// The command with its arguments, after `--`.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Run throwaway servers in the foreground until interrupted.
    Servers {
        /// Folder for their data; what is in it from a former run is removed.
        #[arg(long)]
        dir: PathBuf,
        /// File to which the variables that tests need are written once all are ready.
        #[arg(long)]
        env_file: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            progress::line(&format!("devstack: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Run { background } => Box::pin(commands::run::run(&workspace::root()?, background)).await.map(|()| 0),
        Command::Up => commands::up::run(&workspace::root()?).await.map(|()| 0),
        Command::Down => commands::down::run(&workspace::root()?).await.map(|()| 0),
        Command::Status => commands::status::run(&workspace::root()?).await,
        Command::Truth => commands::truth::run(&workspace::root()?).await,
        Command::TruthFaults { only } => Box::pin(commands::truth_faults::run(&workspace::root()?, only)).await,
        Command::Test { postgres_buffers, command } => {
            commands::test::run(&workspace::root()?, postgres_buffers, &command).await
        }
        Command::Servers { dir, env_file } => commands::servers::run(&dir, &env_file).await.map(|()| 0),
    }
}
