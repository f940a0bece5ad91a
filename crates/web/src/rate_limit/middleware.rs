//! The general limit around every route, and stricter ones inside single routes.

use super::{Decision, Limit, RateLimiter, headers};
use crate::{ClientAddress, Problem};
use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

/// The limit of a route of its own, remembered so that the answer's headers tell of it.
#[derive(Debug, Clone, Copy)]
struct Stricter(Decision);

/// The general limit, for `App::wrap(from_fn(general))`; wants `web::Data<RateLimiter>` and `web::Data<Limit>`.
/// Health checks are not counted: whoever probes must not be able to use up its own probes.
pub async fn general<B: MessageBody + 'static>(
    limiter: web::Data<RateLimiter>,
    limit: web::Data<Limit>,
    address: ClientAddress,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.path() == "/health" || request.path().starts_with("/health/") {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let decision = limiter.check(**limit, &address.subject()).await;
    if !decision.admitted {
        return Ok(request.into_response(decision.into_problem().error_response()));
    }
    let mut response = next.call(request).await?.map_into_boxed_body();
    let stricter = response.request().extensions().get::<Stricter>().copied();
    if !response.headers().contains_key("ratelimit") {
        headers::apply(&stricter.map_or(decision, |Stricter(decision)| decision), response.headers_mut());
    }
    Ok(response)
}

/// A limit of one route, on top of the general one. `subject` is an address, an account, or both.
pub async fn enforce(limiter: &RateLimiter, limit: Limit, subject: &str, request: &HttpRequest) -> Result<(), Problem> {
    let decision = limiter.check(limit, subject).await;
    if !decision.admitted {
        return Err(decision.into_problem());
    }
    request.extensions_mut().insert(Stricter(decision));
    Ok(())
}
