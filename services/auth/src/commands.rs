//! The commands beside `serve`.

use crate::{
    accounts,
    migrations::MIGRATIONS,
    passwords::PasswordHasherPool,
    settings::{Settings, read_database},
};
use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand};
use rmu_config::{EX_CONFIG, Source, check, description, load, text_table};
use rmu_domain::account::{EmailAddress, Nickname, Password};
use rmu_postgres::{Database, DatabaseConfig, migrations::run_pending};
use std::{
    io::{IsTerminal, Read},
    process::ExitCode,
};
use uuid::Uuid;

const PASSWORD_VARIABLE: &str = "RMU_ADMIN_PASSWORD";

#[derive(Parser)]
#[command(name = "auth", version, about = "Accounts, sessions, keys and mail of RateMyUnit.")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Serves (the default).
    Serve,
    /// Brings the database schema up to date.
    Migrate,
    /// Reads the configuration, prints what is in force and ends; 78 when it cannot be used.
    CheckConfig,
    /// Prints every variable with its meaning and default, as JSON.
    DescribeConfig,
    /// Makes an address an administrator's. The password is read from RMU_ADMIN_PASSWORD or standard input.
    BootstrapAdmin(BootstrapAdmin),
}

#[derive(Args)]
pub struct BootstrapAdmin {
    #[arg(long)]
    email: String,
    #[arg(long, default_value = "admin")]
    nickname: String,
    #[arg(long)]
    university_id: Option<Uuid>,
}

/// Runs any command but `serve`.
#[allow(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to whoever typed them")]
pub async fn run(command: &Command, source: &dyn Source) -> ExitCode {
    if matches!(command, Command::DescribeConfig) {
        println!("{}", description(Settings::read));
        return ExitCode::SUCCESS;
    }
    if matches!(command, Command::CheckConfig) {
        return match check(source, Settings::read) {
            Ok((_, rows)) => {
                println!("{}", text_table(&rows));
                ExitCode::SUCCESS
            }
            Err(mistakes) => mistakes.report(),
        };
    }
    let database = match load(source, read_database) {
        Ok(database) => database,
        Err(mistakes) => return mistakes.report(),
    };
    let done = match command {
        Command::Migrate => migrate(&database).await,
        Command::BootstrapAdmin(arguments) => bootstrap_admin(database, arguments).await,
        Command::Serve | Command::CheckConfig | Command::DescribeConfig => return ExitCode::from(EX_CONFIG),
    };
    match done {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn migrate(database: &DatabaseConfig) -> anyhow::Result<String> {
    let applied = run_pending(database, MIGRATIONS).await?;
    Ok(if applied.is_empty() {
        "schema auth is up to date".to_owned()
    } else {
        format!("applied {}", applied.join(", "))
    })
}

async fn bootstrap_admin(config: DatabaseConfig, arguments: &BootstrapAdmin) -> anyhow::Result<String> {
    let email = EmailAddress::parse(&arguments.email).context("--email")?;
    let nickname = Nickname::parse(&arguments.nickname).context("--nickname")?;
    let password = Password::parse(&read_password()?).context("the password")?;
    let passwords = tokio::task::spawn_blocking(PasswordHasherPool::new).await??;
    let database = Database::new(config).await?;
    let id =
        accounts::bootstrap_admin(&database, &passwords, &email, &nickname, &password, arguments.university_id).await?;
    Ok(format!("{email} is an administrator (account {id})"))
}

/// Never from an argument, which every process of the machine could read, and never a default.
fn read_password() -> anyhow::Result<String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    let mut stdin = std::io::stdin();
    if stdin.is_terminal() {
        bail!("no password: set {PASSWORD_VARIABLE} or pass it on standard input");
    }
    let mut password = String::new();
    // Whatever is longer is no password.
    stdin.by_ref().take(4096).read_to_string(&mut password).context("reading the password")?;
    Ok(password.trim_end_matches(['\r', '\n']).to_owned())
}
