//! Code templates: what they would give, before anything is scraped.

use crate::{
    ApiError,
    auth::{Access, Admin, RouteAccess},
};
use actix_web::post;
use rmu_domain::code_template::CodeTemplate;
use rmu_web::{Data, ErrorCode, Json, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub const ACCESS: &[RouteAccess] = &[RouteAccess::new("POST", "/api/admin/code-templates/preview", Access::Admin)];

pub fn configure(services: &mut ServiceConfig<'_>) {
    services.service(preview);
}

/// So many codes of either end are shown.
const SHOWN: u32 = 5;

/// Codes by the thousand: at most 100 000.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", deny_unknown_fields)]
pub enum CodeTemplateBody {
    /// From one code to another that differs in its last digits; zeros before a number are kept.
    Range {
        #[schema(example = "09000")]
        from: String,
        #[schema(example = "09999")]
        to: String,
    },
    List {
        codes: Vec<String>,
    },
    /// `#` is a digit, `@` a capital letter, `[1-3A]` one of these, anything else itself.
    Pattern {
        #[schema(example = "FIT[1-3]###")]
        pattern: String,
    },
}

impl CodeTemplateBody {
    /// The template, or every mistake in it, with its place below `path`.
    pub(super) fn parse(&self, path: &str) -> Result<CodeTemplate, Problem> {
        let parsed = match self {
            Self::Range { from, to } => CodeTemplate::range(from, to),
            Self::List { codes } => CodeTemplate::list(codes),
            Self::Pattern { pattern } => CodeTemplate::pattern(pattern),
        };
        parsed.map_err(|mistakes| {
            let problem = Problem::new(ErrorCode::Invalid, "The request has invalid values.");
            mistakes.into_iter().fold(problem, |problem, mistake| {
                problem.with_error(format!("{path}{}", mistake.place), mistake.reason)
            })
        })
    }
}

/// What a template gives.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodePreviewBody {
    count: u32,
    /// The first few, in order.
    #[schema(example = json!(["09000", "09001"]))]
    first: Vec<String>,
    /// The last few, in order.
    #[schema(example = json!(["09998", "09999"]))]
    last: Vec<String>,
}

/// What a template of codes would give
#[utoipa::path(tag = "admin", request_body = CodeTemplateBody, responses(
    (status = 200, description = "How many codes, and those at either end.", body = Data<CodePreviewBody>),
    (status = 422, description = "`invalid`: every mistake, with its place."),
))]
#[post("/api/admin/code-templates/preview")]
async fn preview(_admin: Admin, template: Json<CodeTemplateBody>) -> Result<Data<CodePreviewBody>, ApiError> {
    let template = template.0.parse("")?;
    let count = template.count();
    let shown = |numbers: std::ops::Range<u32>| template.codes(numbers).map(String::from).collect();
    let (first, last) = (shown(0..count.min(SHOWN)), shown(count.saturating_sub(SHOWN)..count));
    Ok(Data::new(CodePreviewBody { count, first, last }))
}
