//! A scrape as an operator runs it: started, watched to its end, and what failed in it asked for again.

use crate::{
    progress,
    stack::{
        api::Api,
        first_scrape::{Progress, start, start_of, watch},
    },
};
use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How often an operator asks again for what failed.
const ROUNDS: usize = 3;
/// And how often for what the site says is not there, before taking its word.
const ROUNDS_OF_NOT_FOUND: usize = 2;
/// As many pages as one request may name.
const PAGES_A_REQUEST: usize = 1000;

/// What a scrape took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effort {
    /// Attempts that failed and were tried again by the system itself.
    pub retries: u64,
    /// Pages given up that the operator asked for again.
    pub dead: u64,
    /// Pages that were said not to exist, although the site names them, and that the operator asked for again.
    pub not_found: u64,
    /// Pages that were still given up in the end.
    pub dead_in_the_end: u64,
}

impl std::fmt::Display for Effort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} attempts repeated by themselves; asked for again: {} pages that had failed, {} that were said not to be there; \
             failed in the end: {}",
            self.retries, self.dead, self.not_found, self.dead_in_the_end
        )
    }
}

/// Scrapes all of the sources. `api` is an administrator's.
pub async fn with_retries(api: &mut Api, sources: &[String]) -> anyhow::Result<Effort> {
    let mut jobs = BTreeMap::new();
    for source in sources {
        jobs.insert(source.clone(), start(api, source).await?);
    }
    let mut effort = Effort::default();
    for round in 0.. {
        let ended = watch(api, &jobs).await?;
        effort.retries += ended.iter().map(|(_, progress)| progress.retries).sum::<u64>();
        effort.dead_in_the_end = ended.iter().map(|(_, progress)| progress.dead).sum();
        if round == ROUNDS {
            break;
        }
        let again = ask_again(api, &jobs, &ended, round < ROUNDS_OF_NOT_FOUND, &mut effort).await?;
        if again.is_empty() {
            break;
        }
        progress::line(&format!("  asked for again: {}", again.keys().cloned().collect::<Vec<_>>().join(", ")));
        jobs = again;
    }
    Ok(effort)
}

/// Starts a job for each of those that left something to be asked for.
async fn ask_again(
    api: &mut Api,
    jobs: &BTreeMap<String, String>,
    ended: &[(&str, Progress)],
    doubts_not_found: bool,
    effort: &mut Effort,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut again = BTreeMap::new();
    for (name, progress) in ended {
        let id = &jobs[*name];
        let source = name.split_whitespace().next().unwrap_or(name);
        if progress.dead > 0 {
            let answer = api.call(Method::POST, &format!("/api/admin/scrapes/{id}/retry"), None).await?;
            let data = answer.data().with_context(|| format!("what failed of {name} could not be retried"))?;
            effort.dead += progress.dead;
            again.insert(format!("{source} (failed)"), id_of(&data)?);
        }
        if progress.not_found > 0 && doubts_not_found {
            let NotFound { urls, parts_of_feeds } = not_found(api, id).await?;
            effort.not_found += u64::try_from(urls.len())? + parts_of_feeds;
            if parts_of_feeds > 0 {
                again.insert(format!("{source} (not found in its feed)"), start(api, source).await?);
            }
            for (number, urls) in urls.chunks(PAGES_A_REQUEST).enumerate() {
                let body = json!({"source": source, "urls": urls});
                again.insert(format!("{source} (not found, {})", number + 1), start_of(api, source, &body).await?);
            }
        }
    }
    Ok(again)
}

fn id_of(job: &Value) -> anyhow::Result<String> {
    job["id"].as_str().map(str::to_owned).context("the answer to a new scrape has no id")
}

/// What a site is said not to have.
#[derive(Default)]
struct NotFound {
    /// Pages of units.
    urls: Vec<String>,
    /// Of entries alone that are gone. A feed is asked for as a whole.
    parts_of_feeds: u64,
}

async fn not_found(api: &mut Api, job: &str) -> anyhow::Result<NotFound> {
    let first = format!("/api/admin/scrapes/{job}/tasks?state=not_found&limit=50");
    let (mut found, mut path) = (NotFound::default(), first.clone());
    loop {
        let answer = api.call(Method::GET, &path, None).await?;
        let next = answer.body["meta"]["page"]["nextCursor"].as_str().map(str::to_owned);
        let tasks = answer.data().with_context(|| format!("GET {path}"))?;
        for task in tasks.as_array().into_iter().flatten() {
            match (task["kind"].as_str(), task["url"].as_str()) {
                (Some("unit"), Some(url)) => found.urls.push(url.to_owned()),
                _ => found.parts_of_feeds += 1,
            }
        }
        match next {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return Ok(found),
        }
    }
}
