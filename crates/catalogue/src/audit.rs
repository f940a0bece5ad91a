//! The audit log: who did what to what, and when. It is added to and never changed.
//!
//! An entry is written in the transaction of the action, by the use case that acts: there is no action without its
//! entry and no entry of what did not happen.

use crate::{
    CatalogueError,
    page::{PageLimit, by_time, cut, fingerprint, is_plausible_year},
    store::audit as store,
};
use chrono::{DateTime, Datelike, Utc};
pub use rmu_domain::audit::{AuditAction, SubjectKind};
use rmu_domain::{
    ParseError,
    account::Role,
    ids::{AccountId, AuditEntryId},
    slug::Slug,
};
use rmu_postgres::{AsyncPgConnection, Database};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Who acts, in which role, and with which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub account: AccountId,
    pub role: Role,
    /// As it stands in the answer's header and in the logs.
    pub request_id: Option<String>,
}

impl Actor {
    /// Somebody whose request is not known.
    pub fn new(account: AccountId, role: Role) -> Self {
        Self { account, role, request_id: None }
    }
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub kind: SubjectKind,
    /// An id or a slug; empty when there is only one of its kind.
    pub id: String,
}

impl Subject {
    pub fn of(kind: SubjectKind, id: impl Into<Uuid>) -> Self {
        Self { kind, id: id.into().to_string() }
    }

    pub fn named(kind: SubjectKind, slug: &Slug) -> Self {
        Self { kind, id: slug.as_str().to_owned() }
    }

    /// The only one of its kind, such as the queue.
    pub fn only(kind: SubjectKind) -> Self {
        Self { kind, id: String::new() }
    }
}

/// What else there is to say. Only numbers, flags, ids and words of ours can be said: what a person wrote has
/// no way in, so the log holds nothing that would have to be deleted from it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Details(Map<String, Value>);

impl Details {
    #[must_use]
    pub fn word(self, name: &'static str, word: &'static str) -> Self {
        self.with(name, word.into())
    }

    #[must_use]
    pub fn number(self, name: &'static str, number: impl Into<i64>) -> Self {
        self.with(name, number.into().into())
    }

    #[must_use]
    pub fn flag(self, name: &'static str, flag: bool) -> Self {
        self.with(name, flag.into())
    }

    #[must_use]
    pub fn id(self, name: &'static str, id: impl Into<Uuid>) -> Self {
        self.with(name, id.into().to_string().into())
    }

    #[must_use]
    pub fn slug(self, name: &'static str, slug: &Slug) -> Self {
        self.with(name, slug.as_str().into())
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    fn with(mut self, name: &'static str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// One thing that is being done.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    pub actor: &'a Actor,
    pub action: AuditAction,
    pub subject: Subject,
    pub details: Details,
}

impl<'a> Entry<'a> {
    /// Without further details.
    pub fn new(actor: &'a Actor, action: AuditAction, subject: Subject) -> Self {
        Self { actor, action, subject, details: Details::default() }
    }

    #[must_use]
    pub fn with(self, details: Details) -> Self {
        Self { details, ..self }
    }
}

/// Adds an entry. To be called in the transaction of what it tells of.
pub async fn record(connection: &mut AsyncPgConnection, entry: &Entry<'_>) -> Result<(), CatalogueError> {
    store::insert(connection, entry).await?;
    let Entry { actor, action, subject, .. } = entry;
    tracing::info!(
        account_id = %actor.account,
        action = action.as_str(),
        subject = subject.kind.as_str(),
        subject_id = subject.id,
        "an action was recorded"
    );
    Ok(())
}

/// Adds an entry for whoever acts by a request. What the service does by itself, or an operator with a command of
/// theirs, has no actor and no entry.
pub(crate) async fn record_by(
    connection: &mut AsyncPgConnection,
    by: Option<&Actor>,
    action: AuditAction,
    subject: Subject,
    details: Details,
) -> Result<(), CatalogueError> {
    match by {
        Some(actor) => record(connection, &Entry { actor, action, subject, details }).await,
        None => Ok(()),
    }
}

/// The same where a transaction has no other statement.
pub async fn record_alone(database: &Database, entry: &Entry<'_>) -> Result<(), CatalogueError> {
    record(&mut *database.connection().await?, entry).await
}

/// An entry as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEntry {
    pub id: AuditEntryId,
    pub actor: AccountId,
    pub role: Role,
    /// As it was written: a newer copy of the service may know more actions and kinds than this one, and no entry is
    /// left out for that.
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub details: Value,
    pub request_id: Option<String>,
    pub at: DateTime<Utc>,
}

/// Which entries; everything that is `None` is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub actor: Option<AccountId>,
    pub action: Option<AuditAction>,
    pub subject_kind: Option<SubjectKind>,
    /// Of a kind only.
    pub subject_id: Option<String>,
    /// From this moment on.
    pub from: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
}

/// A page of entries, the latest first, and where the next one begins.
pub async fn entries(
    database: &Database,
    filter: &AuditFilter,
    cursor: Option<&str>,
    limit: PageLimit,
) -> Result<(Vec<RecordedEntry>, Option<String>), CatalogueError> {
    if filter.subject_id.is_some() && filter.subject_kind.is_none() {
        return Err(CatalogueError::invalid("subjectId", &ParseError::new("needs `subjectKind` beside it")));
    }
    for (field, time) in [("from", filter.from), ("until", filter.until)] {
        if time.is_some_and(|time| !is_plausible_year(time.year())) {
            return Err(CatalogueError::invalid(field, &ParseError::new("must be a time of the years 2000 to 2200")));
        }
    }
    let mark = mark(filter);
    let after = by_time::place(cursor, mark)?;
    let mut connection = database.connection().await?;
    let mut entries = store::page(&mut connection, filter, after, limit).await?;
    let next = cut(&mut entries, limit, |last| by_time::cursor(mark, last.at, last.id.as_uuid()));
    Ok((entries, next))
}

fn mark(filter: &AuditFilter) -> u32 {
    let time = |time: Option<DateTime<Utc>>| time.map_or_else(String::new, |time| time.to_rfc3339());
    fingerprint(&[
        "audit",
        &filter.actor.map_or_else(String::new, |actor| actor.to_string()),
        filter.action.map_or("", AuditAction::as_str),
        filter.subject_kind.map_or("", SubjectKind::as_str),
        filter.subject_id.as_deref().unwrap_or_default(),
        &time(filter.from),
        &time(filter.until),
    ])
}
