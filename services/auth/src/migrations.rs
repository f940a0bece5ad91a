//! The migrations of schema `auth`, embedded in the binary that needs them.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// The name of the schema, first in the role's `search_path`.
pub const SCHEMA: &str = "auth";

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
