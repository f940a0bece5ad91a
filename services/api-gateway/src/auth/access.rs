//! Who may call a route, as data: each module of `routes` declares its own rows, the OpenAPI document shows them
//! and a test calls every one of them as everybody.

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody, without a token.
    Public,
    /// Whoever has an account: extractor [`super::Caller`].
    SignedIn,
    /// Whoever has an account with a verified address: extractor [`super::Student`].
    Student,
    /// Moderators and admins: extractor [`super::Moderator`].
    Moderator,
    /// Admins: extractor [`super::Admin`].
    Admin,
}

/// One row: method, path as in OpenAPI, and who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteAccess {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
}

impl RouteAccess {
    pub const fn new(method: &'static str, path: &'static str, access: Access) -> Self {
        Self { method, path, access }
    }
}
