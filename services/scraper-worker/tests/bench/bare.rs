//! What the worker is measured beside: one browser, driven without pool, limits, manners or messages.

use super::Host;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::json;
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

const CLICK_ALL: &str = "document.querySelectorAll(arguments[0]).forEach(element => element.click())";
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub(crate) struct Bare {
    client: Client,
    driver: Child,
    _folder: tempfile::TempDir,
}

impl Bare {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut driver = Command::new("/usr/bin/chromedriver")
            .args(["--port=0", "--log-level=SEVERE"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port: u16 = loop {
            let line = lines.next_line().await.unwrap().expect("the driver says its port");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        let options = json!({ "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] });
        let capabilities = json!({ "goog:chromeOptions": options, "pageLoadStrategy": "eager" });
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        builder.capabilities(capabilities.as_object().unwrap().clone());
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await.unwrap();
        Self { client, driver, _folder: folder }
    }

    /// Opens, waits, clicks as the source says, and takes the page.
    pub(crate) async fn read(&self, host: &Host, number: usize) {
        self.client.goto(host.url(number)).await.unwrap();
        let page = &host.source.definition["page"];
        let ready: Vec<_> =
            page["ready"].as_array().unwrap().iter().map(|selector| selector.as_str().unwrap()).collect();
        self.until_any(&ready.join(",")).await;
        for step in page["steps"].as_array().into_iter().flatten() {
            let selector = step["selector"].as_str().unwrap();
            if step["kind"] == "clickAll" {
                self.client.execute(CLICK_ALL, vec![json!(selector)]).await.unwrap();
            } else {
                self.until_any(&[selector, step["unless"].as_str().unwrap_or(selector)].join(",")).await;
            }
        }
        assert!(self.client.source().await.unwrap().len() > 100);
    }

    async fn until_any(&self, selectors: &str) {
        self.client.wait().every(LOOK_EVERY).for_element(Locator::Css(selectors)).await.unwrap();
    }

    pub(crate) async fn stop(mut self) {
        self.client.close().await.unwrap();
        self.driver.kill().await.unwrap();
    }
}
