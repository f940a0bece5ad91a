//! The operators' command.

mod contracts;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "rmu", version, about = "Operates RateMyUnit.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the published contracts of messages into proto/, or checks them.
    Contracts(contracts::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Contracts(arguments) => contracts::run(&arguments),
    }
}
