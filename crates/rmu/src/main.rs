//! The operators' command.

mod contracts;
mod readme;

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
    /// Writes the table of configuration variables into README.md, or checks it.
    Readme(readme::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Contracts(arguments) => contracts::run(&arguments),
        Command::Readme(arguments) => readme::run(&arguments),
    }
}
