//! `devstack truth`: compares the running stack's catalogue with its demo handbooks.

use crate::{
    env_file, progress,
    stack::{api::Api, folder::Folder, handbooks::HOSTS},
    truth,
};
use anyhow::Context;
use std::path::Path;

/// Prints a report per handbook. 0 when all of them are perfect, else 1.
pub async fn run(root: &Path) -> anyhow::Result<u8> {
    let env = Folder::open(root)?.stack_env();
    let variable = |name| env_file::read_plain(&env, name).context("the stack does not run; start it by `make up`");
    let mut api = Api::new(&variable("RMU_API_URL")?)?;
    let mut code = 0;
    for site in HOSTS.iter().filter_map(|host| host.site) {
        let handbook = variable(site.variable)?;
        let report = truth::compare(&mut api, &handbook).await?;
        progress::output(&format!("{handbook}: {report}"));
        if !report.is_perfect() {
            code = 1;
        }
    }
    Ok(code)
}
