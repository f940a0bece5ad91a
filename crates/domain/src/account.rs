//! What several services must agree on about accounts: addresses, roles, nicknames, passwords.

use crate::{ParseError, text::parse_text};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Student,
    Moderator,
    Admin,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        match raw {
            "student" => Ok(Self::Student),
            "moderator" => Ok(Self::Moderator),
            "admin" => Ok(Self::Admin),
            _ => Err(ParseError::new("must be student, moderator or admin")),
        }
    }
}

/// What becomes of somebody's reviews when their account is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewsLeft {
    /// They stay and are nobody's.
    Anonymise,
    Remove,
}

impl ReviewsLeft {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymise => "anonymise",
            Self::Remove => "remove",
        }
    }

    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        match raw {
            "anonymise" => Ok(Self::Anonymise),
            "remove" => Ok(Self::Remove),
            _ => Err(ParseError::new("must be anonymise or remove")),
        }
    }
}

/// An e-mail address, in lower case: universities' mail servers do not tell cases apart, and nobody shall
/// register twice by holding shift.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let error = || ParseError::new("must be an e-mail address such as ada@student.example.edu");
        let address = raw.trim().to_lowercase();
        let (local, domain) = address.rsplit_once('@').ok_or_else(error)?;
        let local_ok = (1..=64).contains(&local.len())
            && local.bytes().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        if !local_ok || !is_host_name(domain) || !domain.contains('.') || address.len() > 254 {
            return Err(error());
        }
        Ok(Self(address))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether the address belongs to `domain` or one of its sub-domains.
    pub fn belongs_to(&self, domain: &str) -> bool {
        let own = self.domain();
        own == domain || own.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'))
    }
}

fn is_host_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

impl TryFrom<String> for EmailAddress {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl std::fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name under which somebody writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nickname(String);

impl Nickname {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let name = parse_text(raw, 2, 40)?;
        if name.contains(['\n', '\r', '\t', '<', '>', '@']) {
            return Err(ParseError::new("must be one line without < > @"));
        }
        Ok(Self(name))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Nickname {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl From<Nickname> for String {
    fn from(name: Nickname) -> Self {
        name.0
    }
}

/// A password as typed. Never shown, compared or stored as it is.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

impl Password {
    /// Length is what counts; rules about kinds of characters only make people predictable.
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let length = raw.chars().count();
        if !(10..=128).contains(&length) || raw.len() > 512 {
            return Err(ParseError::new("must have 10 to 128 characters"));
        }
        if raw.contains('\0') {
            return Err(ParseError::new("must not contain NUL"));
        }
        let mut distinct: Vec<char> = raw.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 5 {
            return Err(ParseError::new("must have at least 5 different characters"));
        }
        Ok(Self(raw.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Password {
    type Error = ParseError;

    fn try_from(raw: String) -> Result<Self, ParseError> {
        Self::parse(&raw)
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_compare_without_case() {
        let address = EmailAddress::parse(" Ada.L@Student.Northfield.example ").unwrap();
        assert_eq!(address.as_str(), "ada.l@student.northfield.example");
        assert!(address.belongs_to("northfield.example"));
        assert!(!address.belongs_to("field.example"));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for wrong in
            ["", "a", "@b.c", "a@", "a@b", "a b@c.d", "a@b..c", "a@-b.c", "a@b.c\r\nBcc: x@y.z", "ä@b.c", "a@b.c\0"]
        {
            assert!(EmailAddress::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let password = Password::parse("correct horse").unwrap();
        assert_eq!(format!("{password:?}"), "Password(…)");
        assert!(Password::parse("aaaaaaaaaaaa").is_err());
        assert!(Password::parse("short").is_err());
    }
}
