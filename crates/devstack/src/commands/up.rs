//! `devstack up`: starts the supervisor in the background and returns when the first scrape has finished.

use crate::{
    progress,
    stack::{
        folder::Folder,
        state::{Phase, State},
    },
};
use anyhow::{Context, bail};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(200);
/// A first start compiles everything and scrapes hundreds of pages.
const LIMIT: Duration = Duration::from_secs(3 * 3600);

/// Starts the stack unless it runs already, and shows its progress until it is ready.
pub async fn run(root: &Path) -> anyhow::Result<()> {
    let folder = Folder::open(root)?;
    let log = folder.join("logs/devstack.log");
    let mut child = match State::of_live_supervisor(&folder) {
        Some(_) => None,
        None => Some(start_supervisor(root, &log)?),
    };
    let mut seen = if child.is_some() { 0 } else { log.metadata().map(|data| data.len()).unwrap_or_default() };
    let deadline = Instant::now() + LIMIT;
    loop {
        seen = show(&log, seen)?;
        let ended = child.as_mut().map(Child::try_wait).transpose()?.flatten();
        let state = State::of_live_supervisor(&folder);
        match state.map(|state| state.phase) {
            Some(Phase::Ready) => break,
            Some(Phase::ScrapeFailed) => {
                show(&log, seen)?;
                bail!("the stack runs, but its first scrape failed; `make down` stops it");
            }
            Some(Phase::Stopping) => {}
            Some(Phase::Starting | Phase::Scraping) => {}
            None if child.is_none() => bail!("the stack ended before it was ready; see {}", log.display()),
            None => {}
        }
        if let Some(status) = ended {
            show(&log, seen)?;
            bail!("the stack did not come up ({status})");
        }
        if Instant::now() > deadline {
            bail!("the stack was not ready within {} s; `make down` stops it", LIMIT.as_secs());
        }
        sleep(PAUSE).await;
    }
    show(&log, seen)?;
    progress::line("It runs in the background; `make down` stops it.");
    Ok(())
}

fn start_supervisor(root: &Path, log: &Path) -> anyhow::Result<Child> {
    let output = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.current_dir(root).args(["run", "--background"]);
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    command.spawn().context("the supervisor cannot be started")
}

/// Prints what the log has got since `from`, and returns how far that is.
fn show(log: &Path, from: u64) -> anyhow::Result<u64> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // Whole lines only; the rest comes with the next look.
    let complete = text.rfind('\n').map_or("", |end| &text[..=end]);
    for line in complete.lines() {
        progress::line(line);
    }
    Ok(from + u64::try_from(complete.len())?)
}
