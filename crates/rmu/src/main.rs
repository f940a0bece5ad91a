//! The operators' command.

mod check_aggregates;
mod contracts;
mod readme;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "rmu", version, about = "Operates RateMyUnit.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compares scores and counts of votes with what they are made of, in the database of DATABASE_URL.
    CheckAggregates(check_aggregates::Arguments),
    /// Writes the published contracts of messages into proto/, or checks them.
    Contracts(contracts::Arguments),
    /// Writes the table of configuration variables into README.md, or checks it.
    Readme(readme::Arguments),
}

fn main() -> anyhow::Result<ExitCode> {
    match Arguments::parse().command {
        Command::CheckAggregates(arguments) => return check_aggregates::run(&arguments),
        Command::Contracts(arguments) => contracts::run(&arguments)?,
        Command::Readme(arguments) => readme::run(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}
