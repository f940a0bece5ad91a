//! `rmu check-aggregates`: what is kept beside reviews and votes, compared with a count of them.

use anyhow::Context;
use rmu_catalogue::{
    migrations::SCHEMA,
    scores::{self, Drift},
};
use rmu_config::{Environment, Reader, Secret, load};
use rmu_postgres::{Database, DatabaseConfig};
use std::{
    io::{Write, stdout},
    process::ExitCode,
    time::Duration,
};

/// A count of all reviews takes as long as there are many.
const PATIENCE: Duration = Duration::from_secs(1800);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Counts everything anew when something differs. Whoever writes a review or votes waits meanwhile.
    #[arg(long)]
    rebuild: bool,
}

/// Fails with 1 when something differs, and was not put right.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let url = match load(&Environment, read) {
        Ok(url) => url,
        Err(mistakes) => return Ok(mistakes.report()),
    };
    tokio::runtime::Runtime::new()?.block_on(check(&url, arguments.rebuild))
}

fn read(env: &mut Reader<'_>) -> Option<Secret> {
    let purpose = "Postgres, as the role that owns schema `catalogue`.";
    env.secret_url("DATABASE_URL", purpose, &["postgres", "postgresql"]).required()
}

async fn check(url: &Secret, rebuild: bool) -> anyhow::Result<ExitCode> {
    let mut config = DatabaseConfig::new(url.expose(), "rmu-check-aggregates", SCHEMA)?;
    config.max_connections = 1;
    config.statement_timeout = PATIENCE;
    config.transaction_timeout = PATIENCE;
    let database = Database::new(config).await?;
    let drift = scores::check(&database).await.context("cannot compare")?;
    report("differing", drift)?;
    if drift == Drift::NONE {
        return Ok(ExitCode::SUCCESS);
    }
    if !rebuild {
        return Ok(ExitCode::FAILURE);
    }
    report("put right", scores::rebuild(&database).await.context("cannot count anew")?)?;
    let left = scores::check(&database).await.context("cannot compare")?;
    Ok(if left == Drift::NONE { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(what: &str, drift: Drift) -> std::io::Result<()> {
    let Drift { unit_rows, university_rows, voted_reviews } = drift;
    writeln!(
        stdout(),
        "{what}: {unit_rows} rows of units, {university_rows} rows of universities, {voted_reviews} reviews with votes"
    )
}
