//! The first scrape of the demo handbooks, watched until it has finished.

use super::{
    api::Api,
    folder::Folder,
    secrets::Secrets,
    seed::{Seeds, log_in_as_admin},
};
use crate::progress;
use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_secs(1);
/// Where output goes to a file, a line every so often.
const LINE_EVERY: Duration = Duration::from_secs(15);
/// Nothing moved for so long: something is wrong, and waiting longer will not mend it.
const STALLED_AFTER: Duration = Duration::from_secs(300);

/// A scrape's counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub state: String,
    pub total: u64,
    pub ended: u64,
    pub not_found: u64,
    pub dead: u64,
    /// Attempts that failed and were followed by another.
    pub retries: u64,
}

/// Starts what has not been started and shows the progress of all until they have ended.
pub async fn run(api_url: &str, folder: &Folder, secrets: &Secrets, mut seeds: Seeds) -> anyhow::Result<()> {
    // A site that was added since has not been scraped with the others.
    if seeds.scraped && seeds.sources.iter().all(|source| seeds.first_scrapes.contains_key(source)) {
        return Ok(());
    }
    let mut api = Api::new(api_url)?;
    log_in_as_admin(&mut api, secrets).await?;
    for source in seeds.sources.clone() {
        if seeds.first_scrapes.contains_key(&source) {
            continue;
        }
        let id = start(&mut api, &source).await?;
        seeds.first_scrapes.insert(source, id);
        seeds.save(folder)?;
    }
    finish(&watch(&mut api, &seeds.first_scrapes).await?)?;
    seeds.scraped = true;
    seeds.save(folder)
}

/// Starts a scrape of all of a source and returns its id.
pub async fn start(api: &mut Api, source: &str) -> anyhow::Result<String> {
    start_of(api, source, &json!({"source": source})).await
}

/// Starts a scrape of what the body says.
pub async fn start_of(api: &mut Api, source: &str, body: &Value) -> anyhow::Result<String> {
    let answer = api.call(Method::POST, "/api/admin/scrapes", Some(body)).await?;
    let data = answer.data().with_context(|| format!("the scrape of {source} could not be started"))?;
    data["id"].as_str().map(str::to_owned).context("the answer to a new scrape has no id")
}

/// Shows the progress of jobs, each under a name, until all have ended, and says how.
pub async fn watch<'a>(api: &mut Api, jobs: &'a BTreeMap<String, String>) -> anyhow::Result<Vec<(&'a str, Progress)>> {
    let started = Instant::now();
    let (mut last, mut last_change, mut last_line) = (Vec::new(), started, started);
    loop {
        let all = match look(api, jobs).await {
            Ok(all) => all,
            // A part that ends is started again; until then nothing moves, which is bounded below.
            Err(error) if last_change.elapsed() > STALLED_AFTER => return Err(error),
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let line = describe(&all, started.elapsed());
        progress::rewrite(&line);
        if all.iter().all(|(_, progress)| !matches!(progress.state.as_str(), "running" | "paused")) {
            progress::rewrite("");
            progress::line(&line);
            return Ok(all);
        }
        if last_line.elapsed() > LINE_EVERY && !progress::on_terminal() {
            progress::line(&line);
            last_line = Instant::now();
        }
        let now: Vec<Progress> = all.into_iter().map(|(_, progress)| progress).collect();
        if now != last {
            (last, last_change) = (now, Instant::now());
        }
        if last_change.elapsed() > STALLED_AFTER {
            bail!("the scrape has not moved for {} s; see .local/logs/", STALLED_AFTER.as_secs());
        }
        sleep(PAUSE).await;
    }
}

async fn look<'a>(api: &mut Api, jobs: &'a BTreeMap<String, String>) -> anyhow::Result<Vec<(&'a str, Progress)>> {
    let mut all = Vec::new();
    for (source, id) in jobs {
        let data = api.get(&format!("/api/admin/scrapes/{id}")).await?;
        all.push((source.as_str(), read(&data)));
    }
    Ok(all)
}

fn finish(all: &[(&str, Progress)]) -> anyhow::Result<()> {
    match all.iter().find(|(_, progress)| progress.state != "completed") {
        Some((source, progress)) => bail!("the first scrape of {source} ended as {}", progress.state),
        None => Ok(()),
    }
}

fn describe(all: &[(&str, Progress)], elapsed: Duration) -> String {
    let parts = all.iter().map(|(source, progress)| {
        let Progress { ended, total, dead, .. } = progress;
        let failed = if *dead > 0 { format!(", {dead} failed") } else { String::new() };
        format!("{source} {ended}/{total} pages{failed}")
    });
    format!("  scraping: {} ({} s)", parts.collect::<Vec<_>>().join("; "), elapsed.as_secs())
}

fn read(job: &Value) -> Progress {
    let counts = &job["counts"];
    let sum = |names: &[&str]| names.iter().filter_map(|name| counts[*name].as_u64()).sum::<u64>();
    let ended = sum(&["succeeded", "unchanged", "notFound", "dead", "cancelled"]);
    let live = sum(&["pending", "dispatched", "frontier"]);
    Progress {
        state: job["state"].as_str().unwrap_or("unknown").to_owned(),
        total: ended + live,
        ended,
        not_found: sum(&["notFound"]),
        dead: sum(&["dead"]),
        retries: sum(&["retries"]),
    }
}
