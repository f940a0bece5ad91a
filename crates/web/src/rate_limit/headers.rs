//! What a client is told: the draft's `RateLimit` and `RateLimit-Policy`, and the older `X-RateLimit-*`.

use super::Decision;
use crate::{ErrorCode, Problem};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// Up, so that whoever waits as told is not refused again.
fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn all(decision: &Decision) -> [(&'static str, String); 5] {
    let Decision { limit, remaining, reset, retry_after, .. } = decision;
    let wait = if decision.admitted { seconds_up(*reset) } else { seconds_up(*retry_after) };
    [
        ("ratelimit-policy", format!("\"{}\";q={};w={}", limit.name, limit.burst, limit.period.as_secs())),
        ("ratelimit", format!("\"{}\";r={remaining};t={wait}", limit.name)),
        ("x-ratelimit-limit", limit.burst.to_string()),
        ("x-ratelimit-remaining", remaining.to_string()),
        ("x-ratelimit-reset", wait.to_string()),
    ]
}

pub(super) fn apply(decision: &Decision, headers: &mut HeaderMap) {
    for (name, value) in all(decision) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

pub(super) fn refusal(decision: &Decision) -> Problem {
    let seconds = seconds_up(decision.retry_after);
    let detail = format!("Too many requests. The next is possible in {seconds} seconds.");
    let problem = Problem::new(ErrorCode::RateLimited, detail).with_retry_after(seconds);
    all(decision).into_iter().fold(problem, |problem, (name, value)| match HeaderValue::from_str(&value) {
        Ok(value) => problem.with_header(HeaderName::from_static(name), value),
        Err(_) => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate_limit::Limit;
    use actix_web::ResponseError;

    #[test]
    fn both_forms_and_when_to_return() {
        let limit = Limit::per_minute("general", 100);
        let refused = Decision {
            limit,
            admitted: false,
            remaining: 0,
            reset: Duration::from_secs(60),
            retry_after: Duration::from_millis(1200),
        };
        let response = refused.into_problem().error_response();
        let header = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(header("retry-after"), "2");
        assert_eq!(header("ratelimit-policy"), "\"general\";q=100;w=60");
        assert_eq!(header("ratelimit"), "\"general\";r=0;t=2");
        assert_eq!(header("x-ratelimit-limit"), "100");
    }
}
