//! Web sessions: the refresh token in a cookie that no script sees, and a CSRF token bound to it.
//!
//! The CSRF token is derived from the refresh token, so nothing has to be stored: who can name it has been given
//! it by us, and a cookie planted by somebody else does not fit it.

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time::Duration},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rmu_web::{ErrorCode, Problem};
use sha2::{Digest, Sha256};

pub const REFRESH_COOKIE: &str = "__Host-rmu_refresh";
/// For the site's own scripts to read and send back; see [`CSRF_HEADER`].
pub const CSRF_COOKIE: &str = "__Host-rmu_csrf";
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The CSRF token of the session that `refresh_token` belongs to.
pub fn csrf_token(refresh_token: &str) -> String {
    let digest = Sha256::new().chain_update("rmu csrf v1\0").chain_update(refresh_token).finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

/// Both cookies of a session.
pub fn cookies(refresh_token: &str, seconds: u64) -> [Cookie<'static>; 2] {
    let age = Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    [
        cookie(REFRESH_COOKIE, refresh_token.to_owned(), age, true),
        cookie(CSRF_COOKIE, csrf_token(refresh_token), age, false),
    ]
}

/// What makes a browser forget both.
pub fn removal() -> [Cookie<'static>; 2] {
    [
        cookie(REFRESH_COOKIE, String::new(), Duration::ZERO, true),
        cookie(CSRF_COOKIE, String::new(), Duration::ZERO, false),
    ]
}

fn cookie(name: &'static str, value: String, age: Duration, http_only: bool) -> Cookie<'static> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(http_only)
        .same_site(SameSite::Strict)
        .max_age(age)
        .finish()
}

/// The refresh token of the request's cookie, if the request also proves that our own page sent it.
pub fn refresh_token_of(request: &HttpRequest) -> Result<Option<String>, Problem> {
    let Some(cookie) = request.cookie(REFRESH_COOKIE) else { return Ok(None) };
    let sent = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Digests are compared, so the time it takes says nothing about the token.
    if Sha256::digest(sent) != Sha256::digest(csrf_token(cookie.value())) {
        return Err(Problem::new(
            ErrorCode::BadCsrfToken,
            "A request with the session's cookie needs X-CSRF-Token with the token given at login.",
        ));
    }
    Ok(Some(cookie.value().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let [refresh, csrf] = cookies("secret", 60);
        let text = refresh.to_string();
        for part in ["__Host-rmu_refresh=secret", "HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age=60"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Domain"), "{text}");
        assert!(!csrf.to_string().contains("HttpOnly") && !csrf.to_string().contains("secret"));
    }

    #[test]
    fn the_cookie_alone_is_not_enough() {
        let with = |csrf: &str| {
            TestRequest::default()
                .cookie(Cookie::new(REFRESH_COOKIE, "secret"))
                .insert_header((CSRF_HEADER, csrf))
                .to_http_request()
        };
        assert_eq!(refresh_token_of(&with(&csrf_token("secret"))).unwrap().as_deref(), Some("secret"));
        for wrong in ["", "x", &csrf_token("another session")] {
            assert_eq!(refresh_token_of(&with(wrong)).unwrap_err().code(), ErrorCode::BadCsrfToken);
        }
        assert_eq!(refresh_token_of(&TestRequest::default().to_http_request()).unwrap(), None);
    }
}
