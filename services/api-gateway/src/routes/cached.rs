//! Reads that are answered from the cache where it has them.

use crate::{
    ApiError, AppState,
    cache::{Computed, Scope},
    routes::{parameters, parameters::refused, units::the_one},
};
use actix_web::{HttpRequest, HttpResponse};
use rmu_catalogue::units::UnitKey;
use rmu_domain::ids::UnitId;
use rmu_web::{Data, Problem, answer_read};
use serde::Serialize;
use std::future::Future;

/// Answers with what `compute` gives, now or a moment ago. `asked` tells one question of a kind from another.
pub(crate) async fn cached<T: Serialize>(
    request: &HttpRequest,
    state: &AppState,
    kind: &'static str,
    scopes: &[Scope],
    asked: &str,
    compute: impl Future<Output = Result<Data<T>, ApiError>>,
) -> Result<HttpResponse, ApiError> {
    let compute = async { Ok(compute.await?.into_bytes()?.into()) };
    Ok(answer_read(request, state.cache.read(kind, scopes, asked, compute).await?))
}

/// The same about one unit, which `compute` names: another than the one asked for if that goes on as it. Such an answer
/// is not kept, since it changes with a unit that nobody asked for.
pub(crate) async fn cached_of_unit<T: Serialize>(
    request: &HttpRequest,
    state: &AppState,
    kind: &'static str,
    unit: UnitId,
    asked: &str,
    compute: impl Future<Output = Result<(UnitId, Data<T>), ApiError>>,
) -> Result<HttpResponse, ApiError> {
    let compute = async {
        let (found, answer) = compute.await?;
        Ok(Computed { bytes: answer.into_bytes()?, is_kept: found == unit })
    };
    Ok(answer_read(request, state.cache.read(kind, &[Scope::Unit(unit)], asked, compute).await?))
}

/// The unit that a path asks for: an id as it stands, whether there is such a unit or not; what a code means is looked up.
pub(crate) async fn asked_unit(state: &AppState, key: &str, university: Option<&str>) -> Result<UnitId, ApiError> {
    match UnitKey::parse(key) {
        Ok(UnitKey::Id(unit)) if university.is_none() => Ok(unit),
        _ => unit_id(state, key, university).await,
    }
}

/// The id of the one unit that a path means; like `one_unit` where nothing else is wanted of it.
pub(crate) async fn unit_id(state: &AppState, key: &str, university: Option<&str>) -> Result<UnitId, ApiError> {
    let parsed = UnitKey::parse(key).map_err(refused("unit"))?;
    let slug = parameters::slug("university", university)?;
    let asked = format!("{key} {}", university.unwrap_or_default());
    let compute = async { Ok(the_one(state, &parsed, slug.as_ref()).await?.id.to_string().into_bytes().into()) };
    let id = state.cache.read("unit-id", &[], &asked, compute).await?;
    let id = std::str::from_utf8(&id).ok().and_then(|id| id.parse().ok());
    id.ok_or_else(|| Problem::internal("the cache holds an id that is none").into())
}
