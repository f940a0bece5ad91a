//! The daily mail about unread notifications: who wants it, what is in it, and its way to whoever sends it.
//!
//! What a digest tells and that it was told are committed together, and it waits in an outbox until the broker has
//! it. It may be published twice; whoever takes it in knows it by account and day.

use crate::{CatalogueError, search::UniversityName, store::digests as store, units::Candidate};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use rmu_domain::{facts::FactName, ids::AccountId, notification::News};
use rmu_postgres::Database;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// At this hour of the day, in UTC, a digest ends: early in the morning where most readers are.
const HOUR: u32 = 20;
/// News made just before the hour may not be committed yet, so that nobody looks right at it.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);
/// A digest names so many and counts the others.
pub const MOST_ITEMS: u16 = 20;
/// So many accounts are looked at in one transaction.
const CHUNK: i64 = 50;

/// One mail to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    pub account: AccountId,
    pub day: NaiveDate,
    /// The newest first.
    pub items: Vec<DigestItem>,
    /// How many there are beside these.
    pub more: u32,
    pub unsubscribe_token: String,
}

/// A notification as a digest tells it. What a person wrote is not among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestItem {
    pub unit: Uuid,
    pub unit_code: String,
    pub unit_title: String,
    pub university: String,
    pub kind: String,
    pub facts: Vec<FactName>,
}

impl DigestItem {
    pub(crate) fn new(unit: Candidate, news: News) -> Self {
        let UniversityName { name: university, .. } = unit.university;
        let kind = news.kind().to_owned();
        let facts = match news {
            News::HandbookChange { facts, .. } => facts,
            _ => Vec::new(),
        };
        Self { unit: unit.id.as_uuid(), unit_code: unit.code, unit_title: unit.title, university, kind, facts }
    }
}

/// Whether the account wants a digest.
pub async fn is_wanted(database: &Database, account: AccountId) -> Result<bool, CatalogueError> {
    Ok(store::is_wanted(&mut *database.connection().await?, account).await?)
}

/// Says whether the account wants a digest. The first one tells what happens from now on.
pub async fn set_wanted(database: &Database, account: AccountId, wanted: bool) -> Result<(), CatalogueError> {
    Ok(store::set_wanted(&mut *database.connection().await?, account, wanted, &new_token(), Utc::now()).await?)
}

/// Ends the digests of whoever's mail the token stands in. Of an unknown token nothing is said.
pub async fn unsubscribe(database: &Database, token: &str) -> Result<(), CatalogueError> {
    Ok(store::unsubscribe(&mut *database.connection().await?, token).await?)
}

/// 244 random bits.
fn new_token() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The end of the last digest that can be made at `now`.
fn last_end(now: DateTime<Utc>) -> DateTime<Utc> {
    let looked = now - PATIENCE;
    let hour = NaiveTime::from_hms_opt(HOUR, 0, 0).unwrap_or(NaiveTime::MIN);
    let today = looked.date_naive().and_time(hour).and_utc();
    if today <= looked { today } else { today - TimeDelta::days(1) }
}

/// Looks at the next accounts whose digest is due and writes down what there is to tell; an empty digest is none.
/// False when no account is due. Several may do this at once.
pub async fn collect_next(database: &Database, now: DateTime<Utc>) -> Result<bool, CatalogueError> {
    let end = last_end(now);
    database
        .transaction(async |connection| {
            let due = store::lock_due(connection, end, CHUNK).await?;
            for subscriber in &due {
                let (items, all) = store::unread(connection, subscriber, end, MOST_ITEMS).await?;
                if all > 0 {
                    let more = all.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
                    let digest = Digest {
                        account: subscriber.account,
                        day: end.date_naive(),
                        items,
                        more,
                        unsubscribe_token: subscriber.unsubscribe_token.clone(),
                    };
                    store::insert(connection, &digest).await?;
                }
                store::set_told_up_to(connection, subscriber.account, end).await?;
            }
            Ok(!due.is_empty())
        })
        .await
}

/// Hands digests to `publish`, which says which of them, by account and day, the broker has confirmed; those are
/// forgotten. Says how many. Several may do this at once.
pub async fn dispatch<P, F>(database: &Database, limit: i64, publish: P) -> Result<usize, CatalogueError>
where
    P: Fn(Vec<Digest>) -> F + Send + Sync,
    F: Future<Output = Vec<(AccountId, NaiveDate)>> + Send,
{
    let publish = &publish;
    database
        .transaction(async |connection| {
            let waiting = store::lock_waiting(connection, limit).await?;
            if waiting.is_empty() {
                return Ok(0);
            }
            let sent = publish(waiting).await;
            for (account, day) in &sent {
                store::delete(connection, *account, *day).await?;
            }
            Ok(sent.len())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_ends_at_its_hour_and_is_made_a_little_later() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (now, end) in [
            ("2026-11-27T20:04:59Z", "2026-11-26T20:00:00Z"),
            ("2026-11-27T20:05:00Z", "2026-11-27T20:00:00Z"),
            ("2026-11-28T00:00:00Z", "2026-11-27T20:00:00Z"),
            ("2026-11-28T19:59:59Z", "2026-11-27T20:00:00Z"),
        ] {
            assert_eq!(last_end(at(now)), at(end), "at {now}");
        }
    }

    #[test]
    fn tokens_cannot_be_guessed_and_fit_into_a_link() {
        let (one, other) = (new_token(), new_token());
        assert!(one != other && one.len() == 64 && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
