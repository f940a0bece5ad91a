//! `rmu contracts`: writes what is published about messages and sources, and refuses to break what is already out.

use anyhow::{Context, bail, ensure};
use rmu_extraction::source_schema;
use rmu_messaging::published::{compatibility, messages, published_contracts};
use serde_json::Value;
use std::{fs, path::PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where the published contracts stand.
    #[arg(long, default_value = "proto")]
    directory: PathBuf,
    /// Write nothing; fail when a file is not up to date.
    #[arg(long)]
    check: bool,
    /// Write even if a published message changes incompatibly. Only right before the first release of it.
    #[arg(long)]
    allow_breaking: bool,
}

#[allow(clippy::print_stdout, reason = "an operators' command talks to its operator")]
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let breaks = breaks(arguments)?;
    ensure!(
        breaks.is_empty() || arguments.allow_breaking,
        "published contracts would change incompatibly; add a new version of the message instead:\n{}",
        breaks.join("\n")
    );
    let mut outdated = Vec::new();
    for (path, content) in published_contracts().into_iter().chain([source_document()]) {
        let file = arguments.directory.join(&path);
        if fs::read_to_string(&file).ok().as_ref() == Some(&content) {
            continue;
        }
        outdated.push(path);
        if !arguments.check {
            let folder = file.parent().context("the file has no folder")?;
            fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            fs::write(&file, content).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    if arguments.check && !outdated.is_empty() {
        bail!("not up to date: {}; run `make contracts`", outdated.join(", "));
    }
    println!("{} contracts written, the rest was up to date", outdated.len());
    Ok(())
}

/// What a source may say, for whoever writes one.
fn source_document() -> (String, String) {
    ("source.schema.json".to_owned(), format!("{:#}\n", source_schema()))
}

fn breaks(arguments: &Arguments) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut published: Vec<(&str, String, Value)> =
        messages().into_iter().map(|message| (message.kind, message.path(), message.schema)).collect();
    published.push(("source", source_document().0, source_schema()));
    for (name, path, schema) in published {
        let file = arguments.directory.join(path);
        // What was never published breaks nothing.
        let Ok(committed) = fs::read_to_string(&file) else { continue };
        let committed = serde_json::from_str(&committed).with_context(|| format!("{} is no JSON", file.display()))?;
        let breaks = compatibility::breaks(&committed, &schema);
        found.extend(breaks.into_iter().map(|what| format!("{name}{what}")));
    }
    Ok(found)
}
