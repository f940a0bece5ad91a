//! `devstack truth-faults`: scrapes the demo handbooks into a stack of its own, once as they are and once with faults,
//! and compares every fact.

use crate::{
    commands::{servers, stop_requested, try_lock},
    progress, record,
    stack::{
        api::Api, folder::Folder, handbooks, seed::log_in_as_admin, services::local, settings::Settings, start::Stack,
        supervise,
    },
    truth::{self, Report, faults, scrape},
};
use anyhow::{Context, bail};
use serde_json::json;
use std::{fs, path::Path, time::Instant};

/// Units of each site, unless `RMU_DEMO_UNITS` says otherwise.
const UNITS: u32 = 1000;
const FAULTS_PER_CENT: [u8; 2] = [0, 10];
/// What must be right with faults; without them everything must.
const WANTED: f64 = 0.99;

/// 0 when every fact is right without faults, 99 % with them, and none was ever invented; else 1. Of `only` per cent of
/// faults instead of none and ten.
pub async fn run(root: &Path, only: Option<u8>) -> anyhow::Result<u8> {
    // Beside the developer's own stack, which may run meanwhile.
    let folder = Folder::open(&root.join(".local/truth-faults"))?;
    let Some(_lock) = try_lock(folder.path())? else { bail!("the truth is being compared in this checkout already") };
    tokio::select! {
        code = Box::pin(each(root, &folder, only)) => code,
        signal = stop_requested() => {
            let signal = signal?;
            progress::line("\nStopping");
            record::end_all(&folder.processes())?;
            bail!("stopped by {signal} before the comparison was complete")
        }
    }
}

async fn each(root: &Path, folder: &Folder, only: Option<u8>) -> anyhow::Result<u8> {
    let mut stands = true;
    for per_cent in only.map_or(FAULTS_PER_CENT.to_vec(), |only| vec![only]) {
        let reports = Box::pin(measured(root, folder, per_cent)).await?;
        stands &= match per_cent {
            0 => reports.iter().all(Report::is_perfect),
            _ => Report::share_right(&reports) >= WANTED && reports.iter().all(Report::invents_nothing),
        };
    }
    Ok(u8::from(!stands))
}

/// Scrapes all sites with such faults into a stack that has seen nothing yet.
async fn measured(root: &Path, folder: &Folder, per_cent: u8) -> anyhow::Result<Vec<Report>> {
    record::end_all(&folder.processes())?;
    forget(folder)?;
    progress::line(&format!("\nStarting a stack to compare the truth, with {per_cent} % of faults"));
    let mut stack = Stack::open_with(root, folder.clone(), Settings::with_demo_units(UNITS)?)?;
    let reports = match stack.start().await {
        Ok(()) => compared(&mut stack, per_cent).await,
        Err(error) => Err(error),
    };
    progress::step("stack stopped", stack.stop()).await?;
    reports
}

async fn compared(stack: &mut Stack, per_cent: u8) -> anyhow::Result<Vec<Report>> {
    let (api_url, secrets, sources) = (stack.ports.api_url(), stack.secrets.clone(), stack.seeds.sources.clone());
    let sites: Vec<_> =
        handbooks::sites(&stack.ports.handbooks).map(|(site, port)| (site.title, local(port))).collect();
    let measuring = async {
        let mut api = Api::new(&api_url)?;
        log_in_as_admin(&mut api, &secrets).await?;
        for (_, site) in &sites {
            faults::switch(site, &if per_cent == 0 { json!({}) } else { faults::mixed(per_cent) }).await?;
        }
        let started = Instant::now();
        let effort = scrape::with_retries(&mut api, &sources).await?;
        let took = started.elapsed();
        let (mut rows, mut reports) = (Vec::new(), Vec::new());
        for (title, site) in &sites {
            let (documents, faulty) = faults::injected(site).await?;
            let report = truth::compare(&mut Api::new(&api_url)?, site).await?;
            rows.push(truth::table::Row { site: title, documents, faulty, report: report.clone() });
            reports.push(report);
        }
        progress::output(&truth::table::of(&rows));
        progress::output(&format!("scraped in {} s; {effort}", took.as_secs()));
        Ok(reports)
    };
    tokio::select! {
        unmended = supervise::watch(stack) => {
            unmended?;
            bail!("nothing watches over the stack any more")
        }
        reports = measuring => reports,
    }
}

/// Removes what a former stack has left, so that everything is read for the first time.
fn forget(folder: &Folder) -> anyhow::Result<()> {
    servers::remove(folder.path())?;
    for entry in fs::read_dir(folder.path())?.flatten() {
        let path = entry.path();
        let removed = match entry.file_name().to_str() {
            // Held by this process.
            Some("lock") => Ok(()),
            _ if path.is_dir() => fs::remove_dir_all(&path),
            _ => fs::remove_file(&path),
        };
        removed.with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    fs::create_dir_all(folder.join("logs"))?;
    Ok(())
}
