//! The middleware around the routes, and what answers when no route does.

use super::{
    changes::tell_cache,
    docs,
    openapi::{Base, complete},
};
use crate::{AppState, routes};
use actix_web::{
    App, Error, HttpRequest, HttpResponse, ResponseError,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::{Compress, from_fn},
    web,
};
use rmu_web::{Edge, ErrorCode, Problem, edge::edge, ops::Readiness, rate_limit::general};
use utoipa::OpenApi;
use utoipa_actix_web::AppExt;

/// The application of one worker thread.
pub(crate) fn build(
    state: &AppState,
    readiness: Readiness,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let outermost = Edge {
        lifecycle: state.lifecycle.clone(),
        proxies: state.config.proxies.clone(),
        https_only: state.config.app_environment.is_production(),
    };
    let (app, mut document) =
        App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes::configure).split_for_parts();
    document.servers = Some(vec![utoipa::openapi::Server::new(state.config.public_url.as_str().trim_end_matches('/'))]);
    let document = serde_json::to_vec(&complete(document)).unwrap_or_default();

    // The last wrapped is the first met.
    app.app_data(web::Data::new(outermost))
        .app_data(web::Data::new(state.limiter.clone()))
        .app_data(web::Data::new(state.config.limits.general))
        .app_data(web::Data::new(readiness))
        .app_data(web::Data::new(docs::Document(document.into())))
        .app_data(web::Data::new(state.clone()))
        .route(docs::OPENAPI_PATH, web::get().to(docs::openapi))
        .route(docs::PAGES_PATH, web::get().to(docs::to_pages))
        .service(docs::pages())
        .default_service(web::to(no_route))
        .wrap(from_fn(tell_cache))
        .wrap(from_fn(docs::allow_pages))
        .wrap(Compress::default())
        .wrap(from_fn(general))
        .wrap(state.config.origins.middleware())
        .wrap(from_fn(edge))
}

/// 405 with what is allowed when the path exists, else 404.
async fn no_route(request: HttpRequest) -> HttpResponse {
    let Some(pattern) = request.match_pattern() else {
        return Problem::not_found("resource").error_response();
    };
    let allowed: Vec<&str> = routes::access_table().filter(|row| row.path == pattern).map(|row| row.method).collect();
    if allowed.is_empty() {
        return Problem::not_found("resource").error_response();
    }
    let allowed = allowed.join(", ");
    let problem = Problem::new(ErrorCode::MethodNotAllowed, format!("Allowed here: {allowed}."));
    match HeaderValue::from_str(&allowed) {
        Ok(value) => problem.with_header(header::ALLOW, value).error_response(),
        Err(_) => problem.error_response(),
    }
}
