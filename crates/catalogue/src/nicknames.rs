//! What students call a unit: initials that follow from its title, and what administrators add to them.

use crate::{
    CatalogueError,
    audit::{self, Actor, AuditAction, Details, Entry, Subject, SubjectKind},
    search::words,
    store::nicknames as store,
};
use rmu_domain::{ParseError, ids::UnitId, text::parse_text};
use rmu_postgres::{AsyncPgConnection, Database};
use std::collections::BTreeMap;

/// More would make a unit the answer to everything.
pub const MOST_NICKNAMES: usize = 20;

/// A name of 2 to 40 characters with at least two letters or digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitNickname {
    nickname: String,
    /// Letters and digits in lower case without accents, as a query is compared with it.
    folded: String,
}

impl UnitNickname {
    pub fn parse(raw: &str) -> Result<Self, ParseError> {
        let nickname = parse_text(raw, 2, 40)?;
        let folded = words::words(&nickname).concat();
        if !(2..=40).contains(&folded.chars().count()) {
            return Err(ParseError::new("must have 2 to 40 letters or digits"));
        }
        Ok(Self { nickname, folded })
    }
}

/// Names by which a unit is found besides its code and title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nicknames {
    /// From the title; they change with it.
    pub derived: Vec<String>,
    /// As administrators wrote them.
    pub given: Vec<String>,
}

pub async fn nicknames(database: &Database, unit: UnitId) -> Result<Nicknames, CatalogueError> {
    let mut connection = database.connection().await?;
    let title = store::title(&mut connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
    read(&mut connection, unit, &title).await
}

/// Makes `nicknames` the given ones, in place of those before. Spellings of one name count once.
pub async fn set_nicknames(
    database: &Database,
    actor: &Actor,
    unit: UnitId,
    nicknames: &[UnitNickname],
) -> Result<Nicknames, CatalogueError> {
    if nicknames.len() > MOST_NICKNAMES {
        let error = ParseError::new(format!("must be at most {MOST_NICKNAMES} names"));
        return Err(CatalogueError::invalid("nicknames", &error));
    }
    let by_folded: BTreeMap<&str, &str> =
        nicknames.iter().rev().map(|name| (name.folded.as_str(), name.nickname.as_str())).collect();
    database
        .transaction(async |connection| {
            // Whoever reads a new version of the unit holds the same lock and then writes what stands here.
            let title = store::lock(connection, unit).await?.ok_or(CatalogueError::NotFound { what: "unit" })?;
            store::replace(connection, unit, &by_folded).await?;
            store::index(connection, unit, words::abbreviations(&title)).await?;
            let given = i64::try_from(by_folded.len()).unwrap_or(i64::MAX);
            let subject = Subject::of(SubjectKind::Unit, unit);
            let details = Details::default().number("nicknames", given);
            audit::record(connection, &Entry::new(actor, AuditAction::NicknameEdited, subject).with(details)).await?;
            read(connection, unit, &title).await
        })
        .await
}

async fn read(connection: &mut AsyncPgConnection, unit: UnitId, title: &str) -> Result<Nicknames, CatalogueError> {
    Ok(Nicknames { derived: words::abbreviations(title), given: store::given(connection, unit).await? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_has_something_to_find_it_by() {
        assert_eq!(UnitNickname::parse(" D.S.A. ").unwrap().folded, "dsa");
        assert_eq!(UnitNickname::parse("Café 101").unwrap().folded, "cafe101");
        for wrong in ["", "x", "--", "a-", &"a".repeat(41), "a\0b"] {
            assert!(UnitNickname::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
