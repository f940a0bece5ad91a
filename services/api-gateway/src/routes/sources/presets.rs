//! What an administrator starts a source from: the presets, and the schema of what a source may say.

use crate::{ApiError, auth::Admin};
use actix_web::get;
use rmu_extraction::{PRESETS, preset, source_schema};
use rmu_web::Data;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A source document for a common handbook system.
#[derive(Debug, Serialize, ToSchema)]
pub struct PresetBody {
    #[schema(example = "courseloop")]
    pub name: &'static str,
    /// Without `origins`; addresses to start from are relative to the first of them.
    #[schema(value_type = Object)]
    pub definition: Value,
}

/// A JSON Schema.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub struct SchemaBody(Value);

/// Source documents for the common handbook systems, to start from
#[utoipa::path(tag = "admin", responses((status = 200, description = "All of them.", body = Data<Vec<PresetBody>>)))]
#[get("/api/admin/sources/presets")]
pub(super) async fn list_presets(_admin: Admin) -> Result<Data<Vec<PresetBody>>, ApiError> {
    let presets = PRESETS.into_iter().filter_map(|name| Some(PresetBody { name, definition: preset(name)? }));
    Ok(Data::new(presets.collect()))
}

/// The JSON Schema of a source document
#[utoipa::path(tag = "admin", responses((status = 200, description = "As published in `proto/source.schema.json`.",
    body = Data<SchemaBody>)))]
#[get("/api/admin/sources/schema")]
pub(super) async fn show_schema(_admin: Admin) -> Result<Data<SchemaBody>, ApiError> {
    Ok(Data::new(SchemaBody(source_schema())))
}
