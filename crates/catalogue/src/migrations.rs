//! The migrations of schema `catalogue`, embedded in the binary that needs them.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The name of the schema, first in the role's `search_path`.
pub const SCHEMA: &str = "catalogue";

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
