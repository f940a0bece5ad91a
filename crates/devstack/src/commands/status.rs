//! `devstack status`: what runs, and whether the API says that it is well.

use crate::{
    env_file, progress, record,
    stack::{folder::Folder, state::State},
};
use std::{path::Path, time::Duration};

/// The exit code of a status that is not "running", as init scripts have it.
const NOT_RUNNING: u8 = 3;
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// Prints the parts. 0 when the stack runs, 3 when it does not.
pub async fn run(root: &Path) -> anyhow::Result<u8> {
    let folder = Folder::open(root)?;
    let processes = record::read(&folder.processes());
    let Some(state) = State::of_live_supervisor(&folder) else {
        let left = processes.iter().filter(|process| process.is_alive()).count();
        progress::output("The stack of this checkout is not running.");
        if left > 0 {
            progress::output(&format!("{left} processes of a killed run are left; `make down` ends them."));
        }
        return Ok(NOT_RUNNING);
    };
    progress::output(&format!("{:<16} {:<10} {:?}", "supervisor", state.supervisor.pid, state.phase));
    for process in processes {
        let alive = if process.is_alive() { "running" } else { "ended" };
        progress::output(&format!("{:<16} {:<10} {alive}", process.name, process.pid));
    }
    if let Some(url) = env_file::read_plain(&folder.stack_env(), "RMU_API_URL") {
        progress::output(&format!("{:<16} {url}: {}", "API", health(&url).await));
    }
    Ok(0)
}

async fn health(url: &str) -> String {
    let client = match reqwest::Client::builder().timeout(REQUEST_LIMIT).no_proxy().build() {
        Ok(client) => client,
        Err(error) => return error.to_string(),
    };
    match client.get(format!("{url}/health")).send().await {
        Ok(response) => {
            let status = response.status();
            format!("{status} {}", response.text().await.unwrap_or_default())
        }
        Err(error) => format!("does not answer ({error})"),
    }
}
