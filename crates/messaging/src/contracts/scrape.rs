//! Tasks for the workers and their outcomes.

use super::{Contract, unit_facts::UnitFactsV1};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One page to read, or one step of discovery to take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeTaskV1 {
    pub task_id: Uuid,
    pub job_id: Uuid,
    /// 1 for the first attempt. A result names the attempt it belongs to.
    pub attempt: u32,
    pub source: SourceSnapshotV1,
    pub target: TargetV1,
    /// Content hash of the version the catalogue holds; a page that hashes the same is answered `unchanged`.
    pub known_hash: Option<String>,
    /// Keep the page and a screenshot whatever is read: what was read of it before is in doubt.
    #[serde(default)]
    pub keep_page: bool,
    /// The worker gives up after this and answers a failure; a task found expired is answered, not run.
    pub deadline: DateTime<Utc>,
}

/// The source as it was when the task was sent, so that a worker needs no database to read a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceSnapshotV1 {
    pub source_id: Uuid,
    pub slug: String,
    pub version: u32,
    /// The source document (see the published schema of sources).
    pub definition: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TargetV1 {
    /// Read a sitemap, an index of sitemaps or a listing and answer with what it names.
    Discovery { url: String },
    /// Read one unit's page.
    Unit { url: String, code: Option<String>, year: Option<u16> },
    /// Read these entries of a feed, wherever they stand in it by now.
    FeedPart { url: String, entries: Vec<FeedEntryV1> },
}

/// An entry of a feed by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedEntryV1 {
    pub code: String,
    pub year: Option<u16>,
    /// Content hash of the version the catalogue holds; only in a task.
    pub known_hash: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeResultV1 {
    pub task_id: Uuid,
    pub job_id: Uuid,
    pub attempt: u32,
    pub source_id: Uuid,
    pub source_version: u32,
    pub worker: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    pub outcome: OutcomeV1,
    /// What was kept of an attempt that somebody may want to look into.
    pub artefacts: Option<ArtefactsV1>,
}

/// Names of what was kept, of this task and attempt alone: `{task}.{attempt}.page.html.gz`,
/// `{task}.{attempt}.screenshot.png`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtefactsV1 {
    /// The rendered source, compressed with gzip.
    pub page: Option<String>,
    /// The browser's window, as PNG.
    pub screenshot: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum OutcomeV1 {
    /// A unit was read.
    Unit {
        facts: Box<UnitFactsV1>,
        /// Facts without a value, by name, and why.
        gaps: BTreeMap<String, GapV1>,
        /// Where each fact came from, by name.
        origins: BTreeMap<String, OriginV1>,
        /// The page as it was finally loaded.
        url: String,
        fetched_at: DateTime<Utc>,
        /// SHA-256 of the facts in canonical form, hexadecimal.
        content_hash: String,
    },
    /// Discovery found these; each becomes a task.
    Children {
        targets: Vec<TargetV1>,
    },
    /// The page is as the catalogue already has it.
    Unchanged {
        content_hash: String,
    },
    /// A part of a feed was read: what became of each of its entries.
    Entries {
        /// The feed.
        url: String,
        fetched_at: DateTime<Utc>,
        entries: Vec<EntryOutcomeV1>,
    },
    /// The site says there is no such unit, in whatever way it says that.
    NotFound {
        detail: String,
    },
    Failed(FailureV1),
}

/// What became of one entry of a feed. Each says what the outcome of the same name says of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EntryOutcomeV1 {
    Unit {
        facts: Box<UnitFactsV1>,
        gaps: BTreeMap<String, GapV1>,
        origins: BTreeMap<String, OriginV1>,
        content_hash: String,
    },
    Unchanged {
        code: String,
        year: Option<u16>,
        content_hash: String,
    },
    /// The feed marks it as gone, or has it no more.
    NotFound {
        code: String,
        year: Option<u16>,
        detail: String,
    },
    /// It could not be read; the others could.
    Failed {
        code: String,
        year: Option<u16>,
        /// One of the domain's failure kinds.
        failure: String,
        detail: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureV1 {
    /// One of the domain's failure kinds, such as `timeout` or `missing_fact`.
    pub failure: String,
    /// For an administrator; never shown to the public.
    pub detail: String,
    /// What the site asked for by `Retry-After`.
    pub retry_after_seconds: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GapV1 {
    Absent,
    Empty,
    Unparsed { raw: String },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OriginV1 {
    pub rule: String,
    pub url: String,
}

impl Contract for ScrapeTaskV1 {
    const TYPE: &'static str = "scrape.task.v1";

    fn example() -> Self {
        Self {
            task_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001),
            job_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002),
            attempt: 1,
            source: SourceSnapshotV1 {
                source_id: Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0003),
                slug: "northfield-handbook".into(),
                version: 1,
                definition: serde_json::json!({ "hosts": ["handbook.northfield.example"] }),
            },
            target: TargetV1::Unit {
                url: "https://handbook.northfield.example/subject/2026/31251".into(),
                code: Some("31251".into()),
                year: Some(2026),
            },
            known_hash: None,
            keep_page: false,
            deadline: example_time(120),
        }
    }
}

impl Contract for ScrapeResultV1 {
    const TYPE: &'static str = "scrape.result.v1";

    fn example() -> Self {
        let task = ScrapeTaskV1::example();
        let url = "https://handbook.northfield.example/subject/2026/31251".to_owned();
        Self {
            task_id: task.task_id,
            job_id: task.job_id,
            attempt: task.attempt,
            source_id: task.source.source_id,
            source_version: task.source.version,
            worker: "worker-1".into(),
            started_at: example_time(0),
            finished_at: example_time(1),
            outcome: OutcomeV1::Unit {
                facts: Box::new(UnitFactsV1::example()),
                gaps: BTreeMap::from([("school".to_owned(), GapV1::Absent)]),
                origins: BTreeMap::from([("title".to_owned(), OriginV1 { rule: "title[0]".into(), url: url.clone() })]),
                url,
                fetched_at: example_time(1),
                content_hash: "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9".into(),
            },
            artefacts: None,
        }
    }
}

/// A fixed moment for examples, `seconds` after the start of 2026.
pub(crate) fn example_time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + seconds, 0).unwrap_or_default()
}
