//! One module a resource. Each has `configure`, which adds its handlers, and `ACCESS`, which says who may call
//! them; both are listed here and nowhere else.

pub mod admin_universities;
pub mod admin_users;
pub mod aliases;
pub(crate) mod app;
pub mod appeals;
pub mod audit;
pub mod auth;
pub mod browser_pool;
pub(crate) mod cached;
pub mod caller;
mod changes;
pub mod code_templates;
pub mod comparisons;
pub mod dead_letters;
pub mod digests;
pub mod docs;
pub mod error;
pub mod export;
pub mod health;
pub mod history;
pub mod kept_units;
pub mod me;
pub mod methodology;
pub mod moderation;
pub mod moderation_figures;
pub mod nicknames;
pub mod notifications;
pub mod openapi;
pub mod own_reviews;
pub(crate) mod parameters;
pub mod queue;
pub mod refresh_requests;
pub mod requisites;
pub mod review_reports;
pub mod review_requests;
pub mod review_votes;
pub mod reviews;
pub mod schedules;
pub mod scrapes;
pub mod session;
pub mod source_health;
pub mod sources;
pub mod stats;
pub mod takedowns;
pub mod units;
pub mod universities;

use crate::auth::{Access, RouteAccess};
use utoipa_actix_web::service_config::ServiceConfig;

/// Adds every route of the API. What is added here appears in the OpenAPI document by itself.
pub fn configure(services: &mut ServiceConfig<'_>) {
    health::configure(services);
    auth::configure(services);
    browser_pool::configure(services);
    admin_universities::configure(services);
    audit::configure(services);
    sources::configure(services);
    source_health::configure(services);
    schedules::configure(services);
    code_templates::configure(services);
    scrapes::configure(services);
    queue::configure(services);
    dead_letters::configure(services);
    refresh_requests::configure(services);
    // Before the units, one of whose paths has a parameter that would match theirs.
    comparisons::configure(services);
    review_requests::configure(services);
    units::configure(services);
    export::configure(services);
    requisites::configure(services);
    history::configure(services);
    reviews::configure(services);
    own_reviews::configure(services);
    review_votes::configure(services);
    review_reports::configure(services);
    kept_units::configure(services);
    notifications::configure(services);
    appeals::configure(services);
    moderation::configure(services);
    moderation_figures::configure(services);
    takedowns::configure(services);
    me::configure(services);
    digests::configure(services);
    admin_users::configure(services);
    stats::configure(services);
    universities::configure(services);
    methodology::configure(services);
    nicknames::configure(services);
    aliases::configure(services);
}

/// Who may call what. A route that is not listed fails the tests.
pub const ACCESS: &[&[RouteAccess]] = &[
    health::ACCESS,
    auth::ACCESS,
    browser_pool::ACCESS,
    admin_universities::ACCESS,
    audit::ACCESS,
    sources::ACCESS,
    source_health::ACCESS,
    schedules::ACCESS,
    code_templates::ACCESS,
    scrapes::ACCESS,
    queue::ACCESS,
    dead_letters::ACCESS,
    refresh_requests::ACCESS,
    comparisons::ACCESS,
    review_requests::ACCESS,
    units::ACCESS,
    export::ACCESS,
    requisites::ACCESS,
    history::ACCESS,
    reviews::ACCESS,
    own_reviews::ACCESS,
    review_votes::ACCESS,
    review_reports::ACCESS,
    kept_units::ACCESS,
    notifications::ACCESS,
    appeals::ACCESS,
    moderation::ACCESS,
    moderation_figures::ACCESS,
    takedowns::ACCESS,
    takedowns::handling::ACCESS,
    me::ACCESS,
    digests::ACCESS,
    admin_users::ACCESS,
    stats::ACCESS,
    universities::ACCESS,
    methodology::ACCESS,
    nicknames::ACCESS,
    aliases::ACCESS,
];

/// Every row.
pub fn access_table() -> impl Iterator<Item = RouteAccess> {
    ACCESS.iter().flat_map(|rows| rows.iter().copied())
}

/// Who may call `method` on `path`; `None` for what is not listed.
pub fn access_of(method: &str, path: &str) -> Option<Access> {
    access_table().find(|row| row.method == method && row.path == path).map(|row| row.access)
}
