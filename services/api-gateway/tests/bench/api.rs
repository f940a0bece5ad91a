//! Requests per second and latencies of what students ask most, over catalogues of growing size. `make bench-api`.
//!
//! A real gateway over a generated catalogue, asked by `oha` from the same machine: closed loop (fifty users, each asks again
//! as soon as it has its answer) and open loop (half that rate, whatever the answers do, so that a stall is not hidden by the
//! users it keeps waiting). With answers kept in Redis, and without. One unit also from a service of Fastify and pg over the
//! same tables.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a benchmark ends by panicking where it cannot measure, and prints for people"
)]

#[path = "api/catalogue.rs"]
mod catalogue;
#[path = "api/load.rs"]
mod load;
#[path = "api/peer.rs"]
mod peer;

use catalogue::Catalogue;
use load::{Figures, Pace, ask};
use peer::Peer;
use rmu_test_support::{broker::TestVhost, process::Service, redis, wait};
use std::{collections::BTreeMap, time::Duration};

const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// What is asked, in the order of the table.
const KINDS: [&str; 5] = ["search", "unit", "reviews", "suggest", "compare"];
const START_LIMIT: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    println!("{}\n", machine());
    println!("| units | asked | kept | loop | requests/s | p50 ms | p95 ms | p99 ms | failed |");
    println!("|------:|-------|------|------|-----------:|-------:|-------:|-------:|-------:|");
    let mut growth: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let mut remarks = Vec::new();
    for units in sizes() {
        let catalogue = Catalogue::generate(units).await;
        remarks.push(catalogue.described());
        for kept in [false, true] {
            let vhost = TestVhost::new().await;
            let gateway = start(&catalogue, &vhost, kept).await;
            for kind in KINDS {
                let urls = catalogue.urls(kind, &gateway.url(), kept);
                let closed = ask(&urls, Pace::Closed).await;
                row(units, kind, kept, "closed", &closed);
                if !kept {
                    growth.entry(kind).or_default().push(closed.p95);
                }
                let open = ask(&urls, Pace::Open((closed.rate / 2.0).max(1.0))).await;
                row(units, kind, kept, "open", &open);
                if kind == "unit" && !kept {
                    remarks.extend(compare(&catalogue, &gateway.url(), &closed).await);
                }
            }
            assert!(gateway.terminate().await.success());
        }
    }
    println!("\n{}", remarks.join("\n"));
    for (kind, p95) in growth {
        let ratio = p95.last().unwrap_or(&0.0) / p95.first().unwrap_or(&1.0);
        println!("{kind}: p95 grows {ratio:.2} times from the smallest catalogue to the largest");
    }
}

/// How many more units the gateway gives in a second than its peer does.
async fn compare(catalogue: &Catalogue, gateway: &str, figures: &Figures) -> Option<String> {
    let peer = Peer::start(&catalogue.database_url()).await?;
    let same = |base: &str| catalogue.urls("unit", base, false);
    let (ours, theirs) = (json(&same(gateway)[0]).await, json(&same(peer.url())[0]).await);
    for part in ["/data/title", "/data/description", "/data/outcomes", "/data/score/distribution"] {
        assert_eq!(ours.pointer(part), theirs.pointer(part), "{part} is the same from both");
    }
    let overall =
        |answer: &serde_json::Value| answer.pointer("/data/score/overall").and_then(serde_json::Value::as_f64);
    assert_eq!(overall(&ours), overall(&theirs), "the score is the same from both");
    let of_peer = ask(&same(peer.url()), Pace::Closed).await;
    row(catalogue.units(), "unit of Fastify", false, "closed", &of_peer);
    Some(format!(
        "{} units: {:.2} times the units a second of Fastify and pg",
        catalogue.units(),
        figures.rate / of_peer.rate
    ))
}

async fn json(url: &str) -> serde_json::Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

/// `RMU_BENCH_UNITS=10000,100000` chooses others.
fn sizes() -> Vec<u64> {
    let chosen = std::env::var("RMU_BENCH_UNITS").unwrap_or_default();
    let chosen: Vec<u64> = chosen.split(',').filter_map(|size| size.trim().parse().ok()).collect();
    if chosen.is_empty() { SIZES.to_vec() } else { chosen }
}

/// Without `kept` no answer is kept: each request goes to the database.
async fn start(catalogue: &Catalogue, vhost: &TestVhost, kept: bool) -> Service {
    let settings = [
        ("DATABASE_URL", catalogue.database_url()),
        ("AMQP_URL", vhost.amqp_url_as("gateway")),
        ("REDIS_URL", redis::url()),
        ("REDIS_PREFIX", redis::prefix()),
        ("RATE_LIMIT_PER_MINUTE", "1000000".to_owned()),
        ("READ_CACHE_SECONDS", if kept { "50" } else { "0" }.to_owned()),
        // Nothing in the background: the daily round over scores would rewrite the whole catalogue meanwhile.
        ("GATEWAY_ROLE", "serve".to_owned()),
        ("LOG_LEVEL", "warn".to_owned()),
    ];
    let gateway = Service::spawn("api-gateway", settings).await;
    let ready = format!("{}/health/ready", gateway.ops_url());
    wait::until(START_LIMIT, || async { reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) })
        .await;
    gateway
}

fn row(units: u64, kind: &str, kept: bool, pace: &str, figures: &Figures) {
    let kept = if kept { "yes" } else { "no" };
    let Figures { rate, p50, p95, p99, failed } = figures;
    println!("| {units} | {kind} | {kept} | {pace} | {rate:.0} | {p50:.1} | {p95:.1} | {p99:.1} | {failed} |");
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let build = if cfg!(debug_assertions) { "unoptimised" } else { "optimised" };
    format!("{cores} cores for gateway, PostgreSQL, Redis and load; {build} build; 50 users, 10 s each")
}
