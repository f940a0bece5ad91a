//! Sends what the mail outbox holds: one loop a copy of the service, retried with growing pauses.

pub(crate) mod texts;
mod transport;

pub(crate) use transport::Transport;

use crate::{
    AuthContext,
    store::mail_outbox::{self, ClaimedMail},
};
use chrono::{TimeDelta, Utc};
use rmu_domain::retry::retry_delay;
use rmu_postgres::DatabaseError;
use std::time::Duration;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_secs(2);
const BATCH: i64 = 10;
/// Longer than a batch can take to send.
const LEASE: TimeDelta = TimeDelta::seconds(300);
/// With pauses of up to five minutes this is about a day, after which the link in it is dead anyway.
const MAX_ATTEMPTS: u32 = 300;

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct SendError {
    pub(crate) detail: String,
    /// The server will never take it, such as for an address that does not exist.
    pub(crate) permanent: bool,
}

/// Sends what is written until `stop`.
pub(crate) async fn run(context: AuthContext, transport: Transport, stop: CancellationToken) {
    loop {
        match send_due(&context, &transport, &stop).await {
            // There may be more.
            Ok(sent) if sent == BATCH && !stop.is_cancelled() => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "mail could not be read or marked"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timeout(LOOK_EVERY, context.mail_waiting.notified()) => {}
        }
    }
}

async fn send_due(
    context: &AuthContext,
    transport: &Transport,
    stop: &CancellationToken,
) -> Result<i64, DatabaseError> {
    let claimed = mail_outbox::claim(&mut *context.database.connection().await?, BATCH, Utc::now() + LEASE).await?;
    let mut sent = 0;
    for mail in claimed {
        if stop.is_cancelled() {
            // Due at once for another copy, and not only when the lease ends.
            let mut connection = context.database.connection().await?;
            mail_outbox::postpone(&mut connection, mail.id, Utc::now(), "the service stopped").await?;
            continue;
        }
        send(context, transport, &mail).await?;
        sent += 1;
    }
    Ok(sent)
}

/// A crash between sending and marking sends it twice, under one message id. That is better than never.
async fn send(context: &AuthContext, transport: &Transport, mail: &ClaimedMail) -> Result<(), DatabaseError> {
    let result = transport.send(mail).await;
    let attempts = u32::try_from(mail.attempts).unwrap_or(u32::MAX);
    let outcome = match &result {
        Ok(()) => "sent",
        Err(error) if error.permanent || attempts >= MAX_ATTEMPTS => "given_up",
        Err(_) => "postponed",
    };
    metrics::counter!("rmu_mail_total", "outcome" => outcome).increment(1);
    let mut connection = context.database.connection().await?;
    match result {
        Ok(()) => mail_outbox::finish(&mut connection, mail.id, None).await,
        Err(error) if outcome == "given_up" => {
            tracing::error!(mail_id = %mail.id, attempts, %error, "mail is given up");
            mail_outbox::finish(&mut connection, mail.id, Some(&error.detail)).await
        }
        Err(error) => {
            tracing::warn!(mail_id = %mail.id, attempts, %error, "mail was not sent and is tried again");
            let until = Utc::now() + retry_delay(attempts, rand::random(), None);
            mail_outbox::postpone(&mut connection, mail.id, until, &error.detail).await
        }
    }
}
