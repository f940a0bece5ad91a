//! `rmu readme`: the table of configuration variables, from what the programs say of themselves.

use anyhow::{Context, bail, ensure};
use rmu_config::{Row, markdown_table};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The services in the order in which a reader meets them.
const PROGRAMS: [&str; 3] = ["api-gateway", "auth", "scraper-worker"];
const BEGIN: &str = "<!-- The table is written by `make contracts`. -->\n";
const END: &str = "<!-- End of the table. -->";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[arg(long, default_value = "README.md")]
    file: PathBuf,
    /// Where the services' programs are; beside this one without it.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Write nothing; fail when the table is not up to date.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = match &arguments.programs {
        Some(folder) => folder.clone(),
        None => std::env::current_exe()?.parent().context("this program lies in no folder")?.to_owned(),
    };
    let rows = PROGRAMS.iter().map(|name| Ok(((*name).to_owned(), describe(&folder.join(name))?)));
    let table = markdown_table(&rows.collect::<anyhow::Result<Vec<_>>>()?);
    let shown = arguments.file.display();
    let text = fs::read_to_string(&arguments.file).with_context(|| format!("cannot read {shown}"))?;
    let new = with_table(&text, &table).with_context(|| format!("{shown} has no place for the table"))?;
    if new == text {
        return Ok(());
    }
    ensure!(!arguments.check, "the table of variables in {shown} is not up to date; run `make contracts`");
    fs::write(&arguments.file, new).with_context(|| format!("cannot write {shown}"))
}

fn describe(program: &Path) -> anyhow::Result<Vec<Row>> {
    let shown = program.display();
    let output = Command::new(program).arg("describe-config").output();
    let output = output.with_context(|| format!("cannot start {shown}; build it first"))?;
    if !output.status.success() {
        bail!("{shown} describe-config: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{shown} describe-config did not answer rows"))
}

/// The text with what stands between the two marks replaced. `None` without marks.
fn with_table(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_is_replaced() {
        let text = format!("before\n{BEGIN}\nold\n\n{END}\nafter\n");
        let new = with_table(&text, "new\n").unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\nnew\n\n{END}\nafter\n"));
        assert_eq!(with_table(&new, "new\n"), Some(new.clone()));
        assert_eq!(with_table("no marks", "new"), None);
    }
}
