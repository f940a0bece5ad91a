//! What accounts are to be told by mail, as the gateway says it: one mail an account and day, to an address that is
//! known here alone.

use crate::{
    AuthContext, AuthError,
    mail::texts,
    store::{
        accounts, digests,
        mail_outbox::{self, NewMail},
    },
};
use rmu_messaging::{Connection, Consumer, Outcome, contracts::digest::DigestV1, topology::AUTH_DIGESTS};
use rmu_postgres::DatabaseError;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const AT_ONCE: u16 = 4;
const HANDLER_LIMIT: Duration = Duration::from_secs(30);
/// More would be no digest.
const MOST_ITEMS: usize = 20;

/// Takes digests in until `stop`.
pub(crate) async fn run(context: AuthContext, connection: Connection, stop: CancellationToken) {
    let handle = move |digest: DigestV1, _| {
        let context = context.clone();
        async move { take_in(&context, digest).await }
    };
    Consumer::new(&connection, AUTH_DIGESTS, AT_ONCE).handler_limit(HANDLER_LIMIT).run(handle, stop).await;
}

async fn take_in(context: &AuthContext, digest: DigestV1) -> Outcome {
    match write(context, digest).await {
        Ok(outcome) => {
            metrics::counter!("rmu_digests_total", "outcome" => outcome).increment(1);
            context.mail_waiting.notify_one();
            Outcome::Ack
        }
        Err(AuthError::Database(
            error @ (DatabaseError::Unavailable(_) | DatabaseError::Timeout(_) | DatabaseError::Conflict(_)),
        )) => Outcome::retry(error),
        Err(error) => Outcome::dead(error),
    }
}

/// Writes the mail, unless the account has one of that day, or nobody who could read it.
async fn write(context: &AuthContext, mut digest: DigestV1) -> Result<&'static str, AuthError> {
    let surplus = digest.items.len().saturating_sub(MOST_ITEMS);
    digest.items.truncate(MOST_ITEMS);
    digest.more = digest.more.saturating_add(u32::try_from(surplus).unwrap_or(u32::MAX));
    if digest.items.is_empty() {
        return Ok("empty");
    }
    let (subject, body, unsubscribe) = texts::digest(&context.mail.public_url, &digest);
    let (subject, body, unsubscribe, digest) = (&subject, &body, &unsubscribe, &digest);
    let work = context.database.transaction(async |connection| -> Result<&'static str, AuthError> {
        let account = accounts::lock(connection, digest.account_id).await?;
        let Some(account) = account.filter(|account| account.is_verified() && !account.is_banned()) else {
            return Ok("nobody");
        };
        if !digests::insert(connection, account.id, digest.day).await? {
            return Ok("repeated");
        }
        let mail = NewMail {
            id: Uuid::now_v7(),
            recipient: &account.email,
            subject,
            body,
            unsubscribe_url: Some(unsubscribe),
        };
        mail_outbox::insert(connection, &mail).await?;
        Ok("written")
    });
    work.await
}
