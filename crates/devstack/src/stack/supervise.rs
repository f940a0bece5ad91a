//! Watching over a running stack: a part that ends by itself is reported and started again.

use super::start::Stack;
use crate::{commands::servers::first_exit, progress, servers::Servers};
use anyhow::{Context, bail};
use std::{collections::VecDeque, future::pending, process::ExitStatus, time::Duration};
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
    let mut crashes: Vec<VecDeque<Instant>> = vec![VecDeque::new(); stack.parts.len()];
    loop {
        let ended = tokio::select! {
            message = server_exit(stack.servers.as_ref()) => bail!(message),
            ended = ends.join_next() => ended.context("there is no part to watch over")?,
        };
        let (index, status) = ended?;
        let part = &stack.parts[index];
        // What it had started in its group must not outlive it.
        part.process.kill_group();
        let status = status.map(|status| status.to_string()).unwrap_or_default();
        progress::line(&format!("{} ended unexpectedly ({status}); {}", part.launch.name, part.process.log_tail()));
        if too_often(&mut crashes[index], Instant::now()) {
            bail!("{} ended {MOST_RESTARTS} times within {} s", part.launch.name, SPAN.as_secs());
        }
        sleep(PAUSE).await;
        let launch = part.launch.clone();
        let started = progress::step(&format!("{} started again", launch.name), launch.start(&stack.record)).await?;
        stack.parts[index] = started;
        stack.write_env()?;
        listen(&mut ends, stack, index);
    }
}

async fn server_exit(servers: Option<&Servers>) -> String {
    match servers {
        Some(servers) => first_exit(servers).await,
        None => pending().await,
    }
}

fn listen(ends: &mut JoinSet<(usize, Option<ExitStatus>)>, stack: &Stack, index: usize) {
    let ended = stack.parts[index].process.ended();
    ends.spawn(async move { (index, ended.await) });
}

fn too_often(crashes: &mut VecDeque<Instant>, now: Instant) -> bool {
    crashes.push_back(now);
    crashes.retain(|crash| now.duration_since(*crash) < SPAN);
    crashes.len() >= MOST_RESTARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crashes_close_together_count() {
        let start = Instant::now();
        let mut crashes = VecDeque::new();
        for number in 0..20 {
            assert!(!too_often(&mut crashes, start + Duration::from_secs(20) * number));
        }
        let end = start + Duration::from_secs(400);
        assert!((0..MOST_RESTARTS).any(|_| too_often(&mut crashes, end)));
    }
}
