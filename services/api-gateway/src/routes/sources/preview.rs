//! One page tried against the draft of a source, by a worker, while the administrator waits.

use crate::{ApiError, AppState, auth::Admin};
use actix_web::{post, web};
use rmu_catalogue::{CatalogueError, sources::get_source};
use rmu_config::Url;
use rmu_domain::unit_code::UnitCode;
use rmu_extraction::Source;
use rmu_messaging::{
    contracts::{
        auth::RpcErrorV1,
        preview::{
            PreviewFactV1, PreviewPieceV1, PreviewPlaceV1, PreviewRequestV1, PreviewRuleV1, PreviewV1, PreviewVerdictV1,
        },
        scrape::GapV1,
    },
    rpc::RpcError,
};
use rmu_web::{Data, ErrorCode, Json, Problem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Seconds after which a worker that is away or busy may be there.
const AGAIN_AFTER: u64 = 5;

/// A page, and the rules to read it by: either a draft or those of a source.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewRequestBody {
    /// An address of one of the source's origins.
    #[schema(example = "https://handbook.northfield.example/subject/2026/31251")]
    pub url: String,
    /// A source document that need not be stored.
    #[schema(value_type = Option<Object>)]
    pub definition: Option<Value>,
    /// The slug of a source, whose current rules are tried.
    pub source: Option<String>,
    /// Of a feed: the code of the entry to try, instead of its first.
    #[schema(example = "31251")]
    pub code: Option<String>,
}

/// How the page was read.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewBody {
    /// The page as it was finally loaded; `null` when none was.
    pub url: Option<String>,
    pub verdict: PreviewVerdictBody,
    /// Every fact; empty when no page was read.
    pub facts: Vec<PreviewFactBody>,
    /// What the page looked like.
    pub screenshot: Option<ScreenshotBody>,
    pub worker: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewVerdictBody {
    /// `unit`, `notFound`, `blocked`, `notAUnit`, `missingFacts`, or `failed`: the page could not be loaded.
    #[schema(example = "unit")]
    pub kind: &'static str,
    pub detail: Option<String>,
    /// Of `missingFacts`: which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Of `failed`: the kind of failure that a task would have had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "timeout")]
    pub failure: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewFactBody {
    #[schema(example = "creditPoints")]
    pub fact: String,
    /// As it would be stored; `null` when there is none.
    pub value: Option<Value>,
    /// Why there is none: `absent`, `empty` or `unparsed`.
    pub gap: Option<&'static str>,
    /// The rule that gave the value; a list may have several.
    pub rules: Vec<String>,
    /// What those found, and where.
    pub found: Vec<PreviewPieceBody>,
    /// Every rule that was tried, in order, with what it found.
    pub tried: Vec<PreviewRuleBody>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRuleBody {
    #[schema(example = "creditPoints[1]")]
    pub rule: String,
    /// The page of a `follow` step that it looks at; `null` for the unit's own.
    pub page: Option<String>,
    /// `value`, `absent`, `empty`, `unparsed`, or `noPage`: the page it looks at was not opened.
    #[schema(example = "value")]
    pub outcome: String,
    pub found: Vec<PreviewPieceBody>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewPieceBody {
    /// The text as it stands there, cut to a bound.
    pub raw: String,
    /// `element`, `attribute`, `json`, `xml`, `address` or `elsewhere`.
    #[schema(example = "element")]
    pub kind: &'static str,
    /// A CSS selector that matches the element alone, a JSON Pointer into the embedded document, or a path
    /// of elements from a feed's root.
    #[schema(example = "html > body > h1")]
    pub path: Option<String>,
    /// The attribute's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScreenshotBody {
    #[schema(example = "image/png")]
    pub media_type: String,
    /// The picture in base64.
    pub data: String,
}

/// Try one page against a draft of a source
///
/// A worker loads the page as it would for a scrape, in its host's turn, and says of each fact what was found, by which
/// rule and where. Nothing is stored. May take up to a minute.
#[utoipa::path(tag = "admin", request_body = PreviewRequestBody, responses(
    (status = 200, description = "What became of the page.", body = Data<PreviewBody>),
    (status = 404, description = "`not_found`: there is no such source."),
    (status = 422, description = "`invalid`: `errors` names the place of every mistake in the draft, or the address is \
        at none of its origins."),
    (status = 503, description = "`unavailable`: no worker answers in time."),
))]
#[post("/api/admin/sources/preview")]
pub(super) async fn try_page(
    state: web::Data<AppState>,
    _admin: Admin,
    asked: Json<PreviewRequestBody>,
) -> Result<Data<PreviewBody>, ApiError> {
    let PreviewRequestBody { url, definition, source, code } = asked.0;
    let definition = match (definition, source) {
        (Some(definition), None) => definition,
        (None, Some(slug)) => get_source(&state.database, &super::parse(&slug)?).await?.definition,
        _ => return Err(Problem::invalid("definition", "must be given, or else source").into()),
    };
    let draft = Source::parse(&definition).map_err(CatalogueError::BadSource)?;
    let url = Url::parse(&url).map_err(|error| Problem::invalid("url", format!("must be an address: {error}")))?;
    if !draft.allows(&url) {
        return Err(Problem::invalid("url", "must be an address at one of the source's origins").into());
    }
    if code.is_some() && !draft.is_feed(&url) {
        return Err(Problem::invalid("code", "is for a feed; a page is named by its address").into());
    }
    let code = code.map(|code| UnitCode::parse(&code)).transpose();
    let code = code.map_err(|error| CatalogueError::invalid("code", &error))?.map(String::from);
    // Known at once, where asking would take a minute to find out.
    if state.workers.current().is_empty() {
        return Err(no_worker("no worker was heard of lately"));
    }
    let request = PreviewRequestV1 { definition, url: url.into(), code };
    let answer = state.previews.call(&request).await.map_err(unanswered)?.map_err(refused)?;
    Ok(Data::new(answer.into()))
}

fn no_worker(cause: impl std::fmt::Display) -> ApiError {
    Problem::unavailable("scraper worker", cause).with_retry_after(AGAIN_AFTER).into()
}

fn unanswered(error: RpcError) -> ApiError {
    match error {
        RpcError::Malformed(error) => Problem::internal(error).into(),
        other => no_worker(other),
    }
}

fn refused(error: RpcErrorV1) -> ApiError {
    match error {
        RpcErrorV1::Busy { retry_after_seconds } => {
            Problem::new(ErrorCode::Unavailable, "The workers have no time for this page at this moment.")
                .with_retry_after(retry_after_seconds)
                .into()
        }
        other => other.into(),
    }
}

impl From<PreviewV1> for PreviewBody {
    fn from(preview: PreviewV1) -> Self {
        Self {
            url: preview.url,
            verdict: preview.verdict.into(),
            facts: preview.facts.into_iter().map(PreviewFactBody::from).collect(),
            screenshot: preview
                .screenshot
                .map(|picture| ScreenshotBody { media_type: picture.media_type, data: picture.data }),
            worker: preview.worker,
        }
    }
}

impl From<PreviewVerdictV1> for PreviewVerdictBody {
    fn from(verdict: PreviewVerdictV1) -> Self {
        let body = |kind, detail| Self { kind, detail, missing: Vec::new(), failure: None };
        match verdict {
            PreviewVerdictV1::Unit => body("unit", None),
            PreviewVerdictV1::NotFound { detail } => body("notFound", Some(detail)),
            PreviewVerdictV1::Blocked { detail } => body("blocked", Some(detail)),
            PreviewVerdictV1::NotAUnit { detail } => body("notAUnit", Some(detail)),
            PreviewVerdictV1::MissingFacts { missing, detail } => {
                Self { missing, ..body("missingFacts", Some(detail)) }
            }
            PreviewVerdictV1::Failed(failure) => {
                Self { failure: Some(failure.failure), ..body("failed", Some(failure.detail)) }
            }
        }
    }
}

impl From<PreviewFactV1> for PreviewFactBody {
    fn from(fact: PreviewFactV1) -> Self {
        let tried: Vec<PreviewRuleBody> = fact.rules.into_iter().map(PreviewRuleBody::from).collect();
        let gave: Vec<&PreviewRuleBody> = tried.iter().filter(|rule| rule.outcome == "value").collect();
        Self {
            fact: fact.fact,
            value: fact.value,
            gap: fact.gap.map(|gap| match gap {
                GapV1::Absent => "absent",
                GapV1::Empty => "empty",
                GapV1::Unparsed { .. } => "unparsed",
            }),
            rules: gave.iter().map(|rule| rule.rule.clone()).collect(),
            found: gave.iter().flat_map(|rule| rule.found.iter().cloned()).collect(),
            tried,
        }
    }
}

impl From<PreviewRuleV1> for PreviewRuleBody {
    fn from(rule: PreviewRuleV1) -> Self {
        let found = rule.found.into_iter().map(PreviewPieceBody::from).collect();
        Self { rule: rule.rule, page: rule.page, outcome: rule.outcome, found }
    }
}

impl From<PreviewPieceV1> for PreviewPieceBody {
    fn from(PreviewPieceV1 { place, raw }: PreviewPieceV1) -> Self {
        let (kind, path, attribute) = match place {
            PreviewPlaceV1::Element { path } => ("element", Some(path), None),
            PreviewPlaceV1::Attribute { path, name } => ("attribute", Some(path), Some(name)),
            PreviewPlaceV1::Json { pointer } => ("json", Some(pointer), None),
            PreviewPlaceV1::Xml { path } => ("xml", Some(path), None),
            PreviewPlaceV1::Address => ("address", None, None),
            PreviewPlaceV1::Elsewhere => ("elsewhere", None, None),
        };
        Self { raw, kind, path, attribute }
    }
}
