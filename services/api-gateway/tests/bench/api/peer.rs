//! The same unit from a service of Fastify and pg, for scale.

use std::process::Stdio;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const SERVER: &str = include_str!("peer/server.mjs");
const PACKAGE: &str = include_str!("peer/package.json");

/// Ends when dropped.
pub(crate) struct Peer {
    url: String,
    _process: Child,
    _folder: TempDir,
}

impl Peer {
    /// `None`, and a word why, on a machine without Node.js or its packages.
    pub(crate) async fn start(database_url: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.mjs"), SERVER).unwrap();
        std::fs::write(folder.path().join("package.json"), PACKAGE).unwrap();
        let mut install = Command::new("npm");
        install.args(["install", "--silent", "--no-package-lock", "--no-audit", "--no-fund"]);
        let installed = install.current_dir(folder.path()).stdout(Stdio::null()).status().await;
        if !installed.is_ok_and(|status| status.success()) {
            eprintln!("no comparison with Fastify: `npm install` of its packages failed");
            return None;
        }
        let mut node = Command::new("node");
        node.arg("server.mjs").env("DATABASE_URL", database_url).env("NODE_ENV", "production");
        let mut process = node.current_dir(folder.path()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the peer prints its port");
        Some(Self { url: format!("http://127.0.0.1:{port}"), _process: process, _folder: folder })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}
