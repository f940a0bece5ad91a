//! What is published in proto/ is what the code says.

use std::{
    path::Path,
    process::{Command, Output},
};

fn contracts(arguments: &[&str]) -> Output {
    let proto = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rmu"));
    command.args(["contracts", "--check"]).args(arguments);
    if arguments.is_empty() {
        command.arg("--directory").arg(proto);
    }
    command.output().expect("the command can be started")
}

#[test]
fn the_committed_contracts_are_the_generated_ones() {
    let checked = contracts(&[]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn what_is_missing_is_named() {
    let checked = contracts(&["--directory", "/nowhere"]);
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(!checked.status.success() && said.contains("source.schema.json"), "{said}");
}
