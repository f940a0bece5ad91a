//! The OpenAPI document: what the routes say of themselves, completed by what is true of all of them.

use crate::{
    auth::Access,
    routes::{self, access_of},
};
use actix_web::App;
use rmu_web::{
    ErrorCode,
    problem::{FieldError, ProblemBody},
};
use utoipa::{
    Modify, OpenApi, PartialSchema, ToSchema,
    openapi::{
        Content, HttpMethod, PathItem, Ref, RefOr, ResponseBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

const SCHEME: &str = "accessToken";

/// Title and tags; the paths are collected from the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "RateMyUnit",
        description = "Search the units of universities, read what they are about and what earlier students \
                       thought of them, and rate them.\n\nSuccesses are `{\"success\": true, \"data\": …}`, errors \
                       RFC 9457 problems with a code from a closed set. Lists are paged by `cursor` and `limit`.",
        license(name = "MIT OR Apache-2.0")
    ),
    tags(
        (name = "units", description = "Search, and everything known of a unit."),
        (name = "reviews", description = "What students thought of a unit."),
        (name = "moderation", description = "What is done about reviews that should not stand as they are."),
        (name = "universities", description = "Universities, and how scores are made."),
        (name = "me", description = "What an account follows, keeps and is told."),
        (name = "auth", description = "Accounts and sessions."),
        (name = "admin", description = "Sources, scrapes and workers; for administrators."),
        (name = "health", description = "For load balancers and operators."),
    ),
    modifiers(&AccessTokens),
)]
pub struct Base;

struct AccessTokens;

impl Modify for AccessTokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
        components.schemas.insert(ProblemBody::name().into_owned(), ProblemBody::schema());
        components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());
        components.schemas.insert(ErrorCode::name().into_owned(), ErrorCode::schema());
    }
}

/// The whole document.
pub fn document() -> utoipa::openapi::OpenApi {
    let (_, document) =
        App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes::configure).split_for_parts();
    complete(document)
}

/// Adds to every operation who may call it and which problems it may answer.
pub fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let access = access_of(method_name(&method), path);
            add_problems(operation, access.unwrap_or(Access::Public));
        }
    }
    document
}

fn add_problems(operation: &mut Operation, access: Access) {
    let mut statuses = vec![("429", "Too many requests."), ("default", "Another problem.")];
    if access != Access::Public {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(SCHEME, [])]);
        statuses.push(("401", "No valid access token."));
    }
    if !matches!(access, Access::Public | Access::SignedIn) {
        statuses.push(("403", "Not allowed."));
    }
    for (status, description) in statuses {
        let content = Content::new(Some(Ref::from_schema_name(ProblemBody::name())));
        let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response.build()));
    }
}

/// The operations of a path with their methods.
pub fn operations(item: &mut PathItem) -> Vec<(HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Put, &mut item.put),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Delete, &mut item.delete),
        (HttpMethod::Patch, &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?))).collect()
}

pub fn method_name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Put => "PUT",
        HttpMethod::Post => "POST",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Patch => "PATCH",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_documented_and_declares_who_may_call_it() {
        let mut document = document();
        let mut documented = BTreeSet::new();
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                assert!(operation.summary.as_ref().is_some_and(|text| !text.is_empty()), "{path} has no summary");
                documented.insert((method_name(&method).to_owned(), path.clone()));
            }
        }
        let declared: BTreeSet<(String, String)> =
            routes::access_table().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
        assert_eq!(documented, declared, "routes (left) and the rows of their ACCESS (right) differ");
        assert_eq!(declared.len(), routes::access_table().count(), "a route is declared twice");
    }

    #[test]
    fn the_published_document_is_the_generated_one() {
        let published = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/openapi.json");
        let published = std::fs::read_to_string(published).unwrap();
        let generated = document().to_pretty_json().unwrap();
        assert!(published.trim_end() == generated, "proto/openapi.json is out of date: run `make contracts`");
    }

    #[test]
    fn references_lead_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        let text = document.to_string();
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name} is referred to and missing");
        }
    }
}
