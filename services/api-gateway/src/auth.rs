//! Who is calling: access tokens verified with the auth service's public keys, and what a route demands.

pub mod access;
pub mod keys;
pub mod token;

pub use crate::routes::caller::{Admin, Caller, Moderator, OptionalCaller, Student};
pub use access::{Access, RouteAccess};
