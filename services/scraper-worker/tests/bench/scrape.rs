//! Pages per second: the worker from task to confirmed result, beside a bare WebDriver loop over the same demo pages,
//! and with 1, 2 and 4 browsers. `make bench-scrape`.
//!
//! Both begin every round with a fresh browser, warm up on the same pages and then read the same pages in the same
//! order from the same host. They take turns, and who begins changes from round to round, so that a machine that
//! becomes busier meanwhile treats neither better. Medians of the rounds are what is shown; shares are of the bare
//! loop of the same round.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark ends by panicking where it cannot measure, and prints for people"
)]

mod bare;
#[path = "../it/worker.rs"]
#[allow(dead_code, reason = "tests look at more of it")]
mod worker;

use bare::Bare;
use rmu_demo_handbooks::{Running, ServeConfig, serve};
use rmu_messaging::contracts::scrape::SourceSnapshotV1;
use rmu_scraper_worker::browser::PoolLimits;
use serde_json::Value;
use std::{sync::Arc, time::Instant};
use worker::{Worker, source_of, task, unit};

const ROUNDS: usize = 3;
const PAGES: usize = 100;
const WARM_UP: usize = 10;
/// How many browsers, and whether they are replaced after so many pages as in production, or stay warm.
const SETUPS: [(usize, bool); 4] = [(1, false), (1, true), (2, false), (4, false)];

/// One demo host: hosts are visited one page at a time, so each browser is measured on one of its own.
pub(crate) struct Host {
    handbooks: Running,
    urls: Vec<String>,
    pub(crate) source: SourceSnapshotV1,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Static pages: what the browser does is little, what is around it shows most.
    Static,
    /// Pages of scripts with accordions to click, as most handbooks are.
    Scripted,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Scripted => "scripted",
        }
    }
}

impl Host {
    async fn start(kind: Kind) -> Self {
        let handbooks = serve(ServeConfig { units: 100, min_gap_ms: 0, ..ServeConfig::default() }).await.unwrap();
        let origin = match kind {
            Kind::Static => handbooks.addresses.eastmoor.clone(),
            Kind::Scripted => handbooks.addresses.northfield.clone(),
        };
        let mut source = source_of(&origin).await;
        // A second page on a second host is another matter than how fast one is read.
        if let Some(steps) = source.definition["page"].get_mut("steps").and_then(Value::as_array_mut) {
            steps.retain(|step| step["kind"] != "follow");
        }
        // Nor are the facts that stand there.
        for rules in source.definition["facts"].as_object_mut().into_iter().flat_map(|facts| facts.values_mut()) {
            if let Some(rules) = rules.as_array_mut() {
                rules.retain(|rule| rule.get("page").is_none());
            }
        }
        let truth = reqwest::get(format!("{origin}/_truth/units.json?year=2026")).await.unwrap();
        let truth: Value = truth.json().await.unwrap();
        let units = truth["units"].as_array().unwrap().iter();
        let urls = units.map(|unit| format!("{origin}{}", unit["path"].as_str().unwrap())).collect();
        Self { handbooks, urls, source }
    }

    /// The pages of a round, those of the warm-up left out.
    pub(crate) fn url(&self, number: usize) -> &str {
        &self.urls[number % self.urls.len()]
    }
}

/// Pages per second of a loop that does nothing but what the source says.
async fn bare(host: &Host) -> f64 {
    let browser = Bare::start().await;
    for number in 0..WARM_UP {
        browser.read(host, number).await;
    }
    let started = Instant::now();
    for number in 0..PAGES {
        browser.read(host, WARM_UP + number).await;
    }
    let rate = PAGES as f64 / started.elapsed().as_secs_f64();
    browser.stop().await;
    rate
}

/// Pages per second of the worker with as many browsers as hosts, over all of them.
async fn whole(hosts: &[Arc<Host>], recycles: bool) -> f64 {
    let mut limits = PoolLimits::new(hosts.len());
    if !recycles {
        limits.recycle_pages = u32::MAX;
    }
    let worker = Arc::new(Worker::start(limits).await);
    each(&worker, hosts, 0, WARM_UP).await;
    let started = Instant::now();
    each(&worker, hosts, WARM_UP, PAGES).await;
    let rate = (PAGES * hosts.len()) as f64 / started.elapsed().as_secs_f64();
    // As the gateway would get them: a page that failed fast measures nothing.
    let pages = (PAGES + WARM_UP) * hosts.len();
    let results = worker.results(2 * pages).await;
    assert_eq!(results.len(), pages);
    let odd = results.iter().find(|result| result["outcome"]["kind"] != "unit");
    assert!(odd.is_none(), "{odd:?}");
    Arc::into_inner(worker).expect("all readers have ended").stop().await;
    rate
}

async fn each(worker: &Arc<Worker>, hosts: &[Arc<Host>], from: usize, pages: usize) {
    let read = |host: &Arc<Host>| {
        let (worker, host) = (Arc::clone(worker), Arc::clone(host));
        tokio::spawn(async move {
            for number in from..from + pages {
                worker.run(task(&host.source, unit(host.url(number).to_owned()))).await;
            }
        })
    };
    for reader in hosts.iter().map(read).collect::<Vec<_>>() {
        reader.await.unwrap();
    }
}

/// Rates of one round: of the bare loop, and of the worker in each setup.
async fn round(number: usize, hosts: &[Arc<Host>]) -> (f64, Vec<f64>) {
    let before = if number.is_multiple_of(2) { Some(bare(&hosts[0]).await) } else { None };
    let mut rates = Vec::new();
    let mut after = None;
    for (browsers, recycles) in SETUPS {
        rates.push(whole(&hosts[..browsers], recycles).await);
        // Right beside the one it is compared with.
        if before.is_none() && after.is_none() {
            after = Some(bare(&hosts[0]).await);
        }
    }
    (before.or(after).expect("measured before or after"), rates)
}

#[tokio::main]
async fn main() {
    println!(
        "{PAGES} pages a browser after {WARM_UP} to warm up, each browser on a host of its own; medians of {ROUNDS} rounds"
    );
    println!("{}, load average before: {}\n", machine(), load());
    println!("| pages    | browsers    | pages/s | a browser | least to most | of the bare loop |");
    println!("|----------|------------:|--------:|----------:|--------------:|-----------------:|");
    for kind in [Kind::Static, Kind::Scripted] {
        let mut hosts = Vec::new();
        for _ in 0..SETUPS.iter().map(|(browsers, _)| *browsers).max().unwrap_or(1) {
            hosts.push(Arc::new(Host::start(kind).await));
        }
        let mut rounds = Vec::new();
        for number in 0..ROUNDS {
            rounds.push(round(number, &hosts).await);
        }
        let bare: Vec<f64> = rounds.iter().map(|(bare, _)| *bare).collect();
        row(kind, "bare loop", 1, &bare, None);
        for (place, (browsers, recycles)) in SETUPS.into_iter().enumerate() {
            let rates: Vec<f64> = rounds.iter().map(|(_, rates)| rates[place]).collect();
            let name = if recycles { format!("{browsers}, replaced") } else { browsers.to_string() };
            row(kind, &name, browsers, &rates, Some(&bare));
        }
        for host in hosts {
            if let Some(host) = Arc::into_inner(host) {
                host.handbooks.stop().await;
            }
        }
    }
    println!("\nload average after: {}", load());
}

fn row(kind: Kind, browsers: &str, count: usize, rates: &[f64], bare: Option<&[f64]>) {
    let (rate, each) = (median(rates), median(rates) / count as f64);
    let (least, most) = rates.iter().fold((f64::MAX, 0_f64), |(least, most), rate| (least.min(*rate), most.max(*rate)));
    let share = bare.map(|bare| {
        let shares: Vec<f64> = rates.iter().zip(bare).map(|(rate, bare)| rate / count as f64 / bare).collect();
        format!("{:.2}", median(&shares))
    });
    let share = share.unwrap_or_default();
    let spread = format!("{least:.2} to {most:.2}");
    println!("| {:<8} | {browsers:>11} | {rate:>7.2} | {each:>9.2} | {spread:>13} | {share:>16} |", kind.name());
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let build = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
    format!("{cores} cores, {build} build")
}

fn load() -> String {
    let written = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    written.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
