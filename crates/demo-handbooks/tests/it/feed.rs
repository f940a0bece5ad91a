//! Site E: what its feeds hold, and how they are served.

use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_ENCODING, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
};
use rmu_demo_handbooks::{Running, ServeConfig, Site, serve};
use roxmltree::Document;
use serde_json::json;
use std::collections::BTreeMap;

const ORIGIN: &str = "http://127.0.0.1:4005";

/// How often each code is entered over all feeds, and which are marked as gone.
fn entered(site: &Site) -> (BTreeMap<String, usize>, Vec<String>) {
    let (mut alive, mut gone) = (BTreeMap::new(), Vec::new());
    for path in site.feed_paths() {
        let xml = site.feed_xml(&path, ORIGIN).unwrap();
        assert!(xml.len() < 8 << 20, "{path} has {} bytes", xml.len());
        let document = Document::parse(&xml).unwrap();
        assert!(document.descendants().count() < 160_000, "{path} is too much for a reader");
        for course in document.descendants().filter(|node| node.tag_name().name() == "course") {
            let code = course.children().rfind(|node| node.tag_name().name() == "identifier").unwrap();
            let code = code.text().unwrap().to_owned();
            match course.attribute("recstatus") {
                Some(_) => gone.push(code),
                None => *alive.entry(code).or_insert(0) += 1,
            }
        }
    }
    (alive, gone)
}

#[test]
fn every_unit_is_entered_some_of_them_twice_and_dead_codes_are_marked() {
    for units in [0, 3, 300, 1500] {
        let site = Site::feed(1, units);
        let (alive, gone) = entered(&site);
        let mut codes: Vec<&str> = site.codes(2026).collect();
        codes.sort_unstable();
        assert_eq!(alive.keys().map(String::as_str).collect::<Vec<_>>(), codes);
        assert_eq!(gone, site.dead_codes());
        let twice = alive.values().filter(|times| **times == 2).count();
        assert!(alive.values().all(|times| *times <= 2) && (units < 300 || twice > 3), "{twice} twice");
    }
    assert_eq!(Site::feed(1, 20_000).feed_paths().len(), 29);
    assert_eq!(Site::feed(1, 10).feed_xml("/feeds/xcri-2.xml", ORIGIN), None);
    assert_eq!(Site::legacy(1, 10).feed_xml("/feeds/xcri-1.xml", ORIGIN), None);
}

#[test]
fn entries_are_written_by_several_hands() {
    let site = Site::feed(1, 300);
    let xml = site.feed_xml("/feeds/xcri-1.xml", ORIGIN).unwrap();
    for sign in
        ["<![CDATA[", "&lt;p&gt;", "<x:course xmlns:x=", "&#x", "<!-- checked -->", "<credit:value>", " value=\""]
    {
        assert!(xml.matches(sign).count() > 5, "{sign}");
    }
}

struct Reader {
    sites: Running,
    client: Client,
}

impl Reader {
    async fn start() -> Self {
        let sites = serve(ServeConfig { units: 30, ..ServeConfig::default() }).await.unwrap();
        Self { sites, client: Client::builder().gzip(false).build().unwrap() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sites.addresses.harbourview)
    }

    async fn with(&self, headers: &[(&str, &str)]) -> Response {
        let mut request = self.client.get(self.url("/feeds/xcri-1.xml"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// The feed under a fault, with its validator.
    async fn under(&self, fault: &str) -> (String, String) {
        let told = self.client.post(self.url("/_faults")).json(&json!({"feed": fault})).send().await.unwrap();
        assert_eq!(told.status(), StatusCode::OK, "{fault}");
        let answer = self.with(&[]).await;
        let tag = answer.headers()[ETAG].to_str().unwrap().to_owned();
        (tag, answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_feed_that_is_known_is_not_sent_again_and_may_be_compressed() {
    let reader = Reader::start().await;
    let whole = reader.with(&[]).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let header = |name| whole.headers()[name].to_str().unwrap().to_owned();
    let (tag, modified) = (header(ETAG), header(LAST_MODIFIED));
    let length = whole.bytes().await.unwrap().len();
    for known in [(IF_NONE_MATCH, tag.as_str()), (IF_MODIFIED_SINCE, modified.as_str())] {
        let again = reader.with(&[(known.0.as_str(), known.1)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known:?}");
        assert!(again.bytes().await.unwrap().is_empty());
    }
    assert_eq!(reader.with(&[(IF_NONE_MATCH.as_str(), "\"another\"")]).await.status(), StatusCode::OK);
    let packed = reader.with(&[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
    assert!(packed.bytes().await.unwrap().len() * 3 < length);
    reader.sites.stop().await;
}

#[tokio::test]
async fn a_feed_can_be_told_to_be_wrong_in_each_way() {
    let reader = Reader::start().await;
    let (tag, whole) = reader.under("normal").await;
    assert!(Document::parse(&whole).is_ok());
    for fault in ["malformed", "doctype"] {
        let (other, wrong) = reader.under(fault).await;
        assert!(Document::parse(&wrong).is_err() && other != tag, "{fault}");
    }
    let (_, doctype) = reader.under("doctype").await;
    assert!(doctype.contains("<!ENTITY l9 \"&l8;&l8;") && doctype.contains("&l9;"));
    assert!(reader.under("huge").await.1.len() > 10 << 20);
    let (_, bad) = reader.under("badEntries").await;
    assert!(Document::parse(&bad).is_ok() && bad.contains("<hv:caption>"));
    let faults = json!({"redesigned": true});
    reader.client.post(reader.url("/_faults")).json(&faults).send().await.unwrap();
    assert!(!reader.with(&[]).await.text().await.unwrap().contains("dc:title"));
    reader.client.delete(reader.url("/_faults")).send().await.unwrap();
    assert_eq!(reader.with(&[]).await.text().await.unwrap(), whole);
    reader.sites.stop().await;
}
