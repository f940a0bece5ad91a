//! After a write that succeeded, and before its answer, the cache is told that something changed.

use crate::{AppState, cache::Scope};
use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};

/// Writes that change nothing which is cached, by how their paths begin or end.
const BESIDE_THE_CATALOGUE: [&str; 9] = [
    "/api/auth/",
    "/api/me/",
    "/api/notifications",
    "/api/digest/",
    "/api/takedowns",
    "/api/admin/users/",
    "/api/admin/scrapes",
    "/api/admin/queue",
    "/api/admin/dead-letters",
];
const READING: [&str; 7] =
    ["/preview", "/eligibility", "/follow", "/bookmark", "/refresh-requests", "/claim", "/appeal"];
/// Writes whose handlers tell themselves, and more exactly, what changed.
const TOLD: [&str; 2] = ["/api/reviews", "/api/reviews/{id}/vote"];

/// Of whatever is not known to change less, it is believed that it changes everything.
pub(crate) async fn tell_cache(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let writes = !request.method().is_safe();
    let response = next.call(request).await?;
    // Also after an answer of 5xx: what was committed is so even if nobody could say it.
    if writes && !response.status().is_client_error() {
        let state = response.request().app_data::<web::Data<AppState>>().cloned();
        let pattern = response.request().match_pattern();
        if let (Some(state), Some(pattern)) = (state, pattern)
            && changes_everything(&pattern)
        {
            state.cache.changed(&[Scope::Everything]).await;
        }
    }
    Ok(response)
}

fn changes_everything(pattern: &str) -> bool {
    !BESIDE_THE_CATALOGUE.iter().any(|path| pattern.starts_with(path))
        && !READING.iter().any(|end| pattern.ends_with(end))
        && !TOLD.contains(&pattern)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::access_table;

    #[test]
    fn what_is_not_known_changes_everything() {
        for (pattern, everything) in [
            ("/api/reviews", false),
            ("/api/reviews/{id}", true),
            ("/api/reviews/{id}/vote", false),
            ("/api/admin/units/{unit}/aliases", true),
            ("/api/auth/login", false),
            ("/api/me/digest", false),
            ("/api/admin/users/{id}/ban", false),
            ("/api/admin/sources/preview", false),
            ("/api/takedowns", false),
            ("/api/moderation/cases/{id}/claim", false),
            ("/api/moderation/cases/{id}/decisions", true),
            ("/api/anything/new", true),
        ] {
            assert_eq!(changes_everything(pattern), everything, "{pattern}");
        }
        for told in TOLD {
            assert!(access_table().any(|row| row.path == told), "{told} is no route any more");
        }
    }
}
