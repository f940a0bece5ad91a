//! Serves the demo handbooks on loopback until it is told to stop.

use clap::Parser;
use rmu_demo_handbooks::{
    faults::Faults,
    routes::server::{Addresses, ServeConfig, serve},
};
use serde_json::json;
use std::{io, io::Write, path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};

/// Synthetic handbook sites: A (Northfield, CourseLoop), B (Eastmoor, legacy static),
/// C (Westhaven, element ids), D (Southmere, search-first) and E (Harbourview, XML feed).
#[derive(Parser)]
#[command(name = "demo-handbooks", version)]
struct Arguments {
    /// Units of each university.
    #[arg(long, default_value_t = 300)]
    units: u32,
    /// Everything follows from this number.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Port of site A; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    northfield_port: u16,
    /// Port of site A's second host.
    #[arg(long, default_value_t = 0)]
    requisites_port: u16,
    /// Port of site B.
    #[arg(long, default_value_t = 0)]
    eastmoor_port: u16,
    /// Port of site C.
    #[arg(long, default_value_t = 0)]
    westhaven_port: u16,
    /// Port of site D.
    #[arg(long, default_value_t = 0)]
    southmere_port: u16,
    /// Port of site E.
    #[arg(long, default_value_t = 0)]
    harbourview_port: u16,
    /// Faults of site A from the start, as JSON: `{"delayMs":200,"errorShare":10}`.
    #[arg(long, value_parser = faults, default_value = "{}")]
    northfield_faults: Faults,
    /// Faults of site B from the start, as JSON.
    #[arg(long, value_parser = faults, default_value = "{}")]
    eastmoor_faults: Faults,
    /// Faults of site C from the start, as JSON.
    #[arg(long, value_parser = faults, default_value = "{}")]
    westhaven_faults: Faults,
    /// Faults of site D from the start, as JSON.
    #[arg(long, value_parser = faults, default_value = "{}")]
    southmere_faults: Faults,
    /// Faults of site E from the start, as JSON.
    #[arg(long, value_parser = faults, default_value = "{}")]
    harbourview_faults: Faults,
    /// The gap between requests that the sites' source documents ask for, in milliseconds.
    #[arg(long, default_value_t = 20)]
    min_gap_ms: u64,
    /// Where to write the addresses as JSON once they are bound.
    #[arg(long, env = "RMU_PORT_FILE")]
    port_file: Option<PathBuf>,
}

fn faults(text: &str) -> Result<Faults, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "demo-handbooks: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    // Listened for before anything is bound, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let sites = serve(ServeConfig {
        seed: arguments.seed,
        units: arguments.units,
        northfield_port: arguments.northfield_port,
        requisites_port: arguments.requisites_port,
        eastmoor_port: arguments.eastmoor_port,
        westhaven_port: arguments.westhaven_port,
        southmere_port: arguments.southmere_port,
        harbourview_port: arguments.harbourview_port,
        northfield_faults: arguments.northfield_faults,
        eastmoor_faults: arguments.eastmoor_faults,
        westhaven_faults: arguments.westhaven_faults,
        southmere_faults: arguments.southmere_faults,
        harbourview_faults: arguments.harbourview_faults,
        min_gap_ms: arguments.min_gap_ms,
    })
    .await?;
    let line = announcement(&sites.addresses).to_string();
    if let Some(file) = arguments.port_file {
        // Renamed into place, so that nobody reads half of it.
        let draft = file.with_extension("draft");
        tokio::fs::write(&draft, &line).await?;
        tokio::fs::rename(&draft, &file).await?;
    }
    writeln!(io::stdout(), "{line}")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    sites.stop().await;
    Ok(())
}

/// The line printed and the content of the port file: `port` is site A's, as other services have one.
fn announcement(addresses: &Addresses) -> serde_json::Value {
    let port = addresses.northfield.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
    json!({
        "message": "listening",
        "port": port,
        "opsPort": port,
        "northfield": addresses.northfield,
        "northfieldRequisites": addresses.northfield_requisites,
        "eastmoor": addresses.eastmoor,
        "westhaven": addresses.westhaven,
        "southmere": addresses.southmere,
        "harbourview": addresses.harbourview,
    })
}
