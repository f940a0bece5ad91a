//! The invariants of ARCHITECTURE.md that a program can check.
//!
//! A rule that only stands in a document is broken within a month; each of these names what it guards.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies two folders deep").to_owned()
}

/// Of this platform alone: what only others are built from was never downloaded, and a test asks no registry.
fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--offline".to_owned(), "--filter-platform".to_owned(), host()])
        .exec()
        .expect("cargo metadata of the workspace")
}

fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().expect("rustc can be started");
    let text = String::from_utf8(output.stdout).expect("rustc speaks UTF-8");
    text.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host").to_owned()
}

/// Names of everything that `package` is built from, through all levels, tests left out.
fn built_from(metadata: &Metadata, package: &Package) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![&package.id];
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if normal && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter().map(|id| metadata[id].name.to_string()).collect()
}

/// Names that stand in the package's own manifest, tests left out.
fn names(package: &Package) -> BTreeSet<String> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == DependencyKind::Normal)
        .map(|dependency| dependency.name.clone())
        .collect()
}

fn folder(package: &Package) -> String {
    let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
    folder.as_std_path().strip_prefix(root()).expect("a member lies in the workspace").display().to_string()
}

/// Every Rust file below `folder`, by its path from the root, with its text.
fn rust_files(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).expect("below the root").display().to_string();
                files.push((name, fs::read_to_string(path).expect("a readable file")));
            }
        }
    }
    files.sort();
    files
}

fn all_sources() -> Vec<(String, String)> {
    [rust_files("crates"), rust_files("services")].concat()
}

/// Files outside `allowed` whose code (comments aside) contains one of `words`.
fn files_naming(words: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    all_sources()
        .into_iter()
        .filter(|(name, _)| !name.contains("/tests/") && !allowed(name))
        .filter(|(_, text)| {
            text.lines()
                .map(str::trim_start)
                .filter(|line| !line.starts_with("//"))
                .any(|line| words.iter().any(|word| line.contains(word)))
        })
        .map(|(name, _)| name)
        .collect()
}

#[track_caller]
fn assert_none(offenders: &[String], rule: &str) {
    assert!(offenders.is_empty(), "{rule}\n  {}", offenders.join("\n  "));
}

#[test]
fn domain_and_extraction_do_no_io() {
    let metadata = metadata();
    for name in ["rmu-domain", "rmu-extraction"] {
        let package = metadata.packages.iter().find(|p| p.name.as_str() == name).expect("a member");
        let forbidden = ["tokio", "actix-web", "diesel", "lapin", "redis", "reqwest", "hyper"];
        let found: Vec<_> =
            built_from(&metadata, package).into_iter().filter(|d| forbidden.contains(&d.as_str())).collect();
        assert_none(&found, &format!("{name} must stay free of I/O"));
    }
}

#[test]
fn each_library_has_its_home() {
    let homes: &[(&str, &[&str])] = &[
        ("lapin", &["crates/messaging"]),
        ("object_store", &["crates/artefacts"]),
        ("fantoccini", &["services/scraper-worker"]),
        ("diesel", &["crates/postgres", "crates/catalogue", "services/auth"]),
        ("diesel-async", &["crates/postgres", "crates/catalogue", "services/auth"]),
        ("argon2", &["services/auth"]),
        ("lettre", &["services/auth"]),
    ];
    let metadata = metadata();
    let offenders: Vec<_> = metadata
        .workspace_packages()
        .into_iter()
        .flat_map(|package| names(package).into_iter().map(move |name| (folder(package), name)))
        .filter(|(folder, name)| {
            homes.iter().any(|(library, homes)| library == name && !homes.contains(&folder.as_str()))
        })
        .map(|(folder, name)| format!("{folder} names {name}"))
        .collect();
    assert_none(&offenders, "a library is used outside its home");
}

#[test]
fn each_library_is_named_only_in_its_layer() {
    assert_none(
        &files_naming(&["lapin::"], |file| file.starts_with("crates/messaging/")),
        "only messaging names lapin",
    );
    assert_none(
        &files_naming(&["fantoccini::"], |file| file.starts_with("services/scraper-worker/src/browser")),
        "only the browser pool names fantoccini",
    );
    assert_none(
        &files_naming(&["diesel::", "diesel_async::"], |file| {
            file.starts_with("crates/postgres/") || file.contains("/src/store")
        }),
        "only stores and the postgres crate name diesel",
    );
    assert_none(
        &files_naming(&["actix_web::"], |file| {
            file.starts_with("crates/web/") || file.contains("/src/routes") || file == "crates/rmu/src/openapi.rs"
        }),
        "only web and routes name actix",
    );
    assert_none(&files_naming(&["EncodingKey"], |file| file.starts_with("services/auth/")), "only auth signs tokens");
}

#[test]
fn services_stand_alone_and_libraries_in_layers() {
    let metadata = metadata();
    let members: BTreeMap<_, _> = metadata.workspace_packages().into_iter().map(|p| (p.name.to_string(), p)).collect();
    let services: Vec<_> = members.values().filter(|p| folder(p).starts_with("services/")).collect();
    assert_eq!(services.len(), 3, "api-gateway, auth, scraper-worker");

    let mut offenders = Vec::new();
    for package in members.values() {
        for name in built_from(&metadata, package) {
            if services.iter().any(|service| service.name.as_str() == name) {
                offenders.push(format!("{} depends on the service {name}", package.name));
            }
        }
    }
    let apart = ["rmu-artefacts", "rmu-catalogue", "rmu-messaging", "rmu-web"];
    for package in apart {
        for name in built_from(&metadata, members[package]) {
            if apart.contains(&name.as_str()) {
                offenders.push(format!("{package} depends on {name}"));
            }
        }
    }
    for (service, forbidden) in [
        ("rmu-scraper-worker", ["rmu-postgres", "rmu-catalogue", "diesel", "tokio-postgres"].as_slice()),
        ("rmu-auth", ["rmu-catalogue", "fantoccini"].as_slice()),
        ("rmu-api-gateway", ["fantoccini", "argon2", "lettre"].as_slice()),
    ] {
        let found = built_from(&metadata, members[service]);
        for name in forbidden.iter().filter(|name| found.contains(**name)) {
            offenders.push(format!("{service} is built from {name}"));
        }
    }
    assert_none(&offenders, "dependencies point the wrong way");
}

#[test]
fn every_crate_takes_versions_and_lints_from_the_workspace() {
    let mut offenders = Vec::new();
    for package in metadata().workspace_packages() {
        let text = fs::read_to_string(&package.manifest_path).expect("a readable manifest");
        if !text.contains("[lints]\nworkspace = true") {
            offenders.push(format!("{}: no [lints] workspace = true", folder(package)));
        }
        let versions = text.lines().filter(|line| line.contains("version = \"") || line.contains("= \"0."));
        offenders.extend(versions.map(|line| format!("{}: {line}", folder(package))));
    }
    assert_none(&offenders, "versions stand in the workspace table alone");
}

#[test]
fn files_stay_small_and_modules_have_one_shape() {
    let files = all_sources();
    let mut offenders: Vec<_> = files
        .iter()
        .filter(|(name, _)| name.ends_with("/mod.rs"))
        .map(|(name, _)| format!("{name}: foo.rs + foo/"))
        .collect();
    for (name, text) in &files {
        let lines = text.lines().count();
        if lines > 600 && !name.ends_with("schema.rs") {
            offenders.push(format!("{name}: {lines} lines"));
        }
    }
    assert_none(&offenders, "a file is hard to find one's way in");
    let large = files.iter().filter(|(_, text)| text.lines().count() > 400).count();
    assert!(large * 10 <= files.len(), "nine files in ten stay under 400 lines: {large} of {} do not", files.len());
}

#[test]
fn nothing_stands_at_the_top_that_the_map_does_not_show() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "Makefile",
        "README.md",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "LICENSE",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "crates",
        "services",
        "proto",
        "deploy",
        "docker",
        "target",
    ];
    let strangers: Vec<_> = fs::read_dir(root())
        .expect("a readable root")
        .map(|entry| entry.expect("a readable entry").file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()))
        .collect();
    assert_none(&strangers, "an entry at the top that ARCHITECTURE.md does not show");
}
