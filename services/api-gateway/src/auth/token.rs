//! What an access token must be to be believed.

use super::keys::KeyStore;
use crate::routes::caller::Caller;
use crate::{ApiError, config::TokenSettings};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use rmu_domain::{
    account::{Nickname, Role},
    ids::{AccountId, UniversityId},
};
use rmu_web::Problem;
use serde::Deserialize;
use uuid::Uuid;

/// Longer than any of ours by far.
const MAX_LENGTH: usize = 4096;
/// RFC 9068: the type of an access token, so that no other token of the same issuer passes for one.
const TYPES: [&str; 2] = ["at+jwt", "application/at+jwt"];
const LEEWAY_SECONDS: u64 = 5;

#[derive(Debug, Deserialize)]
struct Claims {
    sub: Uuid,
    role: String,
    email_verified: bool,
    university_id: Option<Uuid>,
    nickname: String,
}

/// Whose token it is. The refusal is the same whatever is wrong: an attacker learns nothing from it.
pub async fn verify(token: &str, settings: &TokenSettings, keys: &KeyStore) -> Result<Caller, ApiError> {
    if token.len() > MAX_LENGTH {
        return Err(refused("too long"));
    }
    let header = decode_header(token).map_err(refused)?;
    let kid = check_header(&header)?;
    let Some(key) = keys.find(kid).await? else { return Err(refused("unknown key")) };
    let claims = decode::<Claims>(token, &key, &validation(settings)).map_err(refused)?.claims;
    caller(&claims)
}

fn check_header(header: &Header) -> Result<&str, ApiError> {
    if header.alg != Algorithm::EdDSA {
        return Err(refused("algorithm"));
    }
    if !header.typ.as_deref().is_some_and(|typ| TYPES.iter().any(|known| known.eq_ignore_ascii_case(typ))) {
        return Err(refused("type"));
    }
    header.kid.as_deref().filter(|kid| !kid.is_empty() && kid.len() <= 200).ok_or_else(|| refused("no key id"))
}

fn validation(settings: &TokenSettings) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&settings.issuer]);
    validation.set_audience(&[&settings.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS;
    validation
}

fn caller(claims: &Claims) -> Result<Caller, ApiError> {
    Ok(Caller {
        account: AccountId::from(claims.sub),
        role: Role::parse(&claims.role).map_err(refused)?,
        email_verified: claims.email_verified,
        university: claims.university_id.map(UniversityId::from),
        nickname: Nickname::parse(&claims.nickname).map_err(refused)?,
    })
}

fn refused(cause: impl std::fmt::Display) -> ApiError {
    tracing::debug!(%cause, "access token refused");
    Problem::unauthenticated("The access token is not valid. Refresh it or sign in again.").into()
}
