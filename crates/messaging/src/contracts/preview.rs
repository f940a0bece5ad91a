//! One page tried against the draft of a source: asked by the gateway, answered by a worker, kept by nobody.

use super::{
    Contract,
    auth::Request,
    scrape::{FailureV1, GapV1},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Load this page as a task would, read it by this draft, and say how each fact came about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRequestV1 {
    /// The source document (see the published schema of sources).
    pub definition: Value,
    pub url: String,
    /// Of a feed: the code of the entry to read; else its first.
    pub code: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewV1 {
    pub worker: String,
    /// The page as it was finally loaded; `null` when none was.
    pub url: Option<String>,
    pub verdict: PreviewVerdictV1,
    /// Every fact in turn; empty when no page was read.
    pub facts: Vec<PreviewFactV1>,
    pub screenshot: Option<ScreenshotV1>,
}

/// What the page was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PreviewVerdictV1 {
    Unit,
    NotFound {
        detail: String,
    },
    Blocked {
        detail: String,
    },
    NotAUnit {
        detail: String,
    },
    MissingFacts {
        missing: Vec<String>,
        detail: String,
    },
    /// The page could not be loaded, as a task would have failed.
    Failed(FailureV1),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewFactV1 {
    pub fact: String,
    /// As it stands among a unit's facts; `null` when there is none.
    pub value: Option<Value>,
    /// Why there is no value.
    pub gap: Option<GapV1>,
    /// The rules that were tried, in order.
    pub rules: Vec<PreviewRuleV1>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRuleV1 {
    /// By its place in the source: `creditPoints[1]`.
    pub rule: String,
    /// The page of a `follow` step that it looks at.
    pub page: Option<String>,
    /// `value`, `absent`, `empty`, `unparsed` or `noPage`.
    pub outcome: String,
    /// What stands at its place, the first few, cut to a bound.
    pub found: Vec<PreviewPieceV1>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewPieceV1 {
    pub place: PreviewPlaceV1,
    pub raw: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PreviewPlaceV1 {
    /// A selector that matches this element alone.
    Element {
        path: String,
    },
    Attribute {
        path: String,
        name: String,
    },
    /// A JSON Pointer into the embedded document.
    Json {
        pointer: String,
    },
    /// An element of a feed, by its path from the root.
    Xml {
        path: String,
    },
    /// The page's own address.
    Address,
    Elsewhere,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScreenshotV1 {
    /// `image/png`
    pub media_type: String,
    /// The picture in base64.
    pub data: String,
}

impl Contract for PreviewRequestV1 {
    const TYPE: &'static str = "scrape.preview-request.v1";

    fn example() -> Self {
        Self {
            definition: json!({ "origins": ["https://handbook.northfield.example"] }),
            url: "https://handbook.northfield.example/subject/2026/31251".into(),
            code: None,
        }
    }
}

impl Request for PreviewRequestV1 {
    type Answer = PreviewV1;
}

impl Contract for PreviewV1 {
    const TYPE: &'static str = "scrape.preview.v1";

    fn example() -> Self {
        let place = PreviewPlaceV1::Element { path: "html > body > h1".into() };
        Self {
            worker: "worker-1".into(),
            url: Some(PreviewRequestV1::example().url),
            verdict: PreviewVerdictV1::Unit,
            facts: vec![PreviewFactV1 {
                fact: "title".into(),
                value: Some(json!("Data Structures and Algorithms")),
                gap: None,
                rules: vec![PreviewRuleV1 {
                    rule: "title[0]".into(),
                    page: None,
                    outcome: "value".into(),
                    found: vec![PreviewPieceV1 { place, raw: "31251 Data Structures and Algorithms".into() }],
                }],
            }],
            screenshot: Some(ScreenshotV1 { media_type: "image/png".into(), data: "iVBORw0KGgo=".into() }),
        }
    }
}
