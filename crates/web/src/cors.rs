//! Which web pages may call the API from a browser.

use actix_cors::Cors;
use actix_web::http::header;
use rmu_config::{Reader, Url};

/// The origins allowed, exactly as browsers send them.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(Vec<String>);

impl AllowedOrigins {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        env.list_of(
            "CORS_ALLOWED_ORIGINS",
            "Origins of web pages that may call the API.",
            "origins (https://app.example.edu), comma-separated",
            parse_origin,
        )
        .in_production(|origins| match origins.iter().find(|origin| origin.starts_with("http://")) {
            Some(origin) => Err(format!("has {origin}, which is not https")),
            None => Ok(()),
        })
        .default("")
        .map(Self)
    }

    /// The middleware. Credentials are allowed: a web session is a cookie, and no origin is a wildcard.
    pub fn middleware(&self) -> Cors {
        let cors = Cors::default()
            .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
            .allowed_headers([header::ACCEPT, header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH])
            .allowed_header("idempotency-key")
            .allowed_header("x-csrf-token")
            .allowed_header("x-request-id")
            .allowed_header("traceparent")
            .expose_headers(["etag", "location", "retry-after", "x-request-id", "ratelimit", "ratelimit-policy"])
            .supports_credentials()
            .max_age(600);
        self.0.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
    }
}

/// A wildcard is refused in every environment: with credentials it would let any page act for its visitor.
fn parse_origin(text: &str) -> Result<String, &'static str> {
    let expected = "is not an origin such as https://app.example.edu";
    let url = Url::parse(text).map_err(|_| expected)?;
    let origin = url.origin().ascii_serialization();
    if !["http", "https"].contains(&url.scheme()) || origin != text.trim_end_matches('/') {
        return Err(expected);
    }
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(parse_origin("https://a.example:8443/").unwrap(), "https://a.example:8443");
        for wrong in ["*", "a.example", "https://a.example/path", "ftp://a.example", "null"] {
            assert!(parse_origin(wrong).is_err(), "{wrong}");
        }
    }
}
