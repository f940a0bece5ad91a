//! Whether this is production. It is unless said otherwise: what is unsafe must be asked for.

/// `APP_ENV`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AppEnvironment {
    Development,
    #[default]
    Production,
}

impl AppEnvironment {
    pub fn is_production(self) -> bool {
        self == Self::Production
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}
