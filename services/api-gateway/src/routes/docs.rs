//! The OpenAPI document and its pages.

use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::Next,
    web,
};
use rmu_web::{etag, security_headers::DOCUMENTATION_PAGES};
use utoipa_swagger_ui::{Config, SwaggerUi};

pub const OPENAPI_PATH: &str = "/api/openapi.json";
pub const PAGES_PATH: &str = "/api/docs";

/// The document as it is sent.
#[derive(Debug, Clone)]
pub struct Document(pub web::Bytes);

pub async fn openapi(request: HttpRequest, document: web::Data<Document>) -> HttpResponse {
    etag::respond(&request, "application/json", "public, max-age=60", document.0.to_vec())
}

/// The pages come out of the binary: no other server is asked for anything.
pub fn pages() -> SwaggerUi {
    SwaggerUi::new("/api/docs/{_:.*}").config(Config::from(OPENAPI_PATH).try_it_out_enabled(true))
}

/// `/api/docs` itself, since the pages' own links are relative.
pub async fn to_pages() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/api/docs/")).finish()
}

/// Lets the pages run their own scripts, which no other answer of ours may.
pub async fn allow_pages<B: MessageBody>(request: ServiceRequest, next: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let pages = request.path().starts_with(PAGES_PATH);
    let mut response = next.call(request).await?;
    if pages {
        let policy = HeaderValue::from_static(DOCUMENTATION_PAGES);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}
