//! Watching over a running stack: a part or a server that ends by itself is reported and started again.

use super::start::Stack;
use crate::{
    progress,
    servers::{Server, Servers},
};
use anyhow::{Context, bail};
use std::{
    collections::{BTreeMap, VecDeque},
    future::pending,
    process::ExitStatus,
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

const PAUSE: Duration = Duration::from_secs(1);
/// A part that ends more often than this within the span will not get better by itself.
const MOST_RESTARTS: usize = 5;
const SPAN: Duration = Duration::from_secs(60);

/// Runs until something cannot be mended, which is the error.
pub async fn watch(stack: &mut Stack) -> anyhow::Result<()> {
    let mut ends = JoinSet::new();
    for index in 0..stack.parts.len() {
        listen(&mut ends, stack, index);
    }
    let mut crashes = Crashes::default();
    loop {
        tokio::select! {
            (server, message) = server_exit(stack.servers.as_ref()) => {
                progress::line(&message);
                crashes.note(&format!("{server:?}"))?;
                sleep(PAUSE).await;
                if let Some(servers) = &mut stack.servers {
                    servers.start_again(server, &stack.record).await?;
                }
            }
            ended = ends.join_next() => {
                let (index, status) = ended.context("there is no part to watch over")??;
                start_again(stack, &mut crashes, index, status).await?;
                listen(&mut ends, stack, index);
            }
        }
        stack.write_env()?;
    }
}

async fn start_again(
    stack: &mut Stack,
    crashes: &mut Crashes,
    index: usize,
    status: Option<ExitStatus>,
) -> anyhow::Result<()> {
    let part = &stack.parts[index];
    // What it had started in its group must not outlive it.
    part.process.kill_group();
    let status = status.map(|status| status.to_string()).unwrap_or_default();
    progress::line(&format!("{} ended unexpectedly ({status}); {}", part.launch.name, part.process.log_tail()));
    crashes.note(&part.launch.name)?;
    sleep(PAUSE).await;
    let launch = part.launch.clone();
    let starting = launch.start(&stack.record);
    stack.parts[index] = progress::step(&format!("{} started again", launch.name), starting).await?;
    Ok(())
}

async fn server_exit(servers: Option<&Servers>) -> (Server, String) {
    match servers {
        Some(servers) => servers.first_exit().await,
        None => pending().await,
    }
}

fn listen(ends: &mut JoinSet<(usize, Option<ExitStatus>)>, stack: &Stack, index: usize) {
    let ended = stack.parts[index].process.ended();
    ends.spawn(async move { (index, ended.await) });
}

/// When what has ended lately, by its name.
#[derive(Debug, Default)]
struct Crashes(BTreeMap<String, VecDeque<Instant>>);

impl Crashes {
    /// Fails when this one ends too often to get better by itself.
    fn note(&mut self, name: &str) -> anyhow::Result<()> {
        self.note_at(name, Instant::now())
    }

    fn note_at(&mut self, name: &str, now: Instant) -> anyhow::Result<()> {
        let crashes = self.0.entry(name.to_owned()).or_default();
        crashes.push_back(now);
        crashes.retain(|crash| now.duration_since(*crash) < SPAN);
        if crashes.len() >= MOST_RESTARTS {
            bail!("{name} ended {MOST_RESTARTS} times within {} s", SPAN.as_secs());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crashes_close_together_count() {
        let start = Instant::now();
        let mut crashes = Crashes::default();
        for number in 0..20 {
            crashes.note_at("one", start + Duration::from_secs(20) * number).unwrap();
        }
        let end = start + Duration::from_secs(400);
        assert!((0..MOST_RESTARTS).any(|_| crashes.note_at("one", end).is_err()));
        assert!(crashes.note_at("another", end).is_ok());
    }
}
