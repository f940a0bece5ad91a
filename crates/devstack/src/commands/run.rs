//! `devstack run`: everything, in the foreground or as the supervisor that `devstack up` leaves behind.

use crate::{
    commands::{stop_requested, try_lock},
    progress, record,
    stack::{
        folder::Folder,
        start::Stack,
        state::{Phase, State},
        supervise,
    },
};
use anyhow::bail;
use std::{future::pending, path::Path};

/// Starts everything, shows the first scrape, and runs until interrupted or until something cannot be mended.
pub async fn run(root: &Path, background: bool) -> anyhow::Result<()> {
    let folder = Folder::open(root)?;
    let Some(_lock) = try_lock(folder.path())? else {
        bail!("the stack of this checkout is running already; `make status` shows it, `make down` stops it");
    };
    if background {
        // Away from the terminal, whose Ctrl-C and hang-up are not meant for us.
        nix::unistd::setsid()?;
    }
    State::write(&folder, Phase::Starting)?;
    progress::line("Starting RateMyUnit");
    let mut stack = Stack::open(root, folder.clone())?;
    let outcome = tokio::select! {
        outcome = live(&mut stack, background) => outcome,
        signal = stop_requested() => signal.map(|_| ()),
    };
    if let Err(error) = &outcome {
        progress::line(&format!("devstack: {error:#}"));
    }
    progress::line("\nStopping; press Ctrl-C again to kill at once");
    tokio::select! {
        stopped = progress::step("everything stopped", stack.stop()) => stopped?,
        signal = stop_requested() => {
            signal?;
            record::end_all(&folder.processes())?;
            State::remove(&folder);
        }
    }
    match outcome {
        Ok(()) => Ok(()),
        Err(_) => bail!("the stack did not end as it should have; see above and {}", folder.join("logs").display()),
    }
}

async fn live(stack: &mut Stack, background: bool) -> anyhow::Result<()> {
    stack.start().await?;
    State::write(&stack.folder, Phase::Scraping)?;
    let (first_scrape, table, folder) = (stack.first_scrape(), stack.table(), stack.folder.clone());
    let shown = async move {
        match first_scrape.await {
            Ok(()) => State::write(&folder, Phase::Ready)?,
            Err(error) => {
                // The rest works, and is what one needs to find out why.
                progress::line(&format!("devstack: {error:#}"));
                State::write(&folder, Phase::ScrapeFailed)?;
            }
        }
        progress::output(&table);
        if !background {
            progress::line("Press Ctrl-C to stop.");
        }
        pending().await
    };
    tokio::select! {
        unmended = supervise::watch(stack) => unmended,
        failed = shown => failed,
    }
}
