//! Makes digests when they are due and hands them to the auth service. Every copy does; none is made by two, and
//! one that is published twice is mailed once.

use crate::AppState;
use chrono::{NaiveDate, Utc};
use futures_util::future::join_all;
use rmu_catalogue::{
    CatalogueError,
    digests::{Digest, DigestItem, collect_next, dispatch},
};
use rmu_domain::ids::AccountId;
use rmu_messaging::{
    Envelope, Publisher,
    contracts::{
        Contract,
        digest::{DigestItemV1, DigestV1},
    },
    topology::DIGEST_ROUTE,
    trace_context,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A digest is exact to the day.
const PERIOD: Duration = Duration::from_secs(5);
const BATCH: i64 = 50;

/// Makes and sends digests until `stop`.
pub(super) async fn run(state: AppState, stop: CancellationToken) {
    loop {
        if let Err(error) = round(&state, &stop).await {
            metrics::counter!("rmu_digest_failures_total").increment(1);
            tracing::warn!(%error, "digests could not be made or sent; they stay due");
        }
        tokio::select! {
            () = tokio::time::sleep(PERIOD) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn round(state: &AppState, stop: &CancellationToken) -> Result<(), CatalogueError> {
    while !stop.is_cancelled() && collect_next(&state.database, Utc::now()).await? {}
    let publisher = &state.publisher;
    let publish = |digests: Vec<Digest>| async move {
        let sent = digests.into_iter().map(|digest| send(publisher, digest));
        join_all(sent).await.into_iter().flatten().collect()
    };
    // What the broker does not take waits for the next round.
    while !stop.is_cancelled() && dispatch(&state.database, BATCH, publish).await? > 0 {}
    Ok(())
}

/// The digest's account and day if the broker has confirmed it.
async fn send(publisher: &Publisher, digest: Digest) -> Option<(AccountId, NaiveDate)> {
    let key = (digest.account, digest.day);
    // The same for every publishing of one digest.
    let id = Uuid::new_v5(&digest.account.as_uuid(), digest.day.to_string().as_bytes());
    let published = match serde_json::to_vec(&message(digest)) {
        Ok(body) => {
            let envelope = Envelope::from_parts(id, DigestV1::TYPE, body, trace_context::current());
            publisher.send(&DIGEST_ROUTE, &envelope).await
        }
        Err(error) => Err(error.into()),
    };
    if let Err(error) = &published {
        tracing::warn!(%error, "a digest was not published, stays due");
    }
    published.is_ok().then_some(key)
}

fn message(digest: Digest) -> DigestV1 {
    DigestV1 {
        account_id: digest.account.as_uuid(),
        day: digest.day,
        items: digest.items.into_iter().map(item).collect(),
        more: digest.more,
        unsubscribe_token: digest.unsubscribe_token,
    }
}

fn item(item: DigestItem) -> DigestItemV1 {
    DigestItemV1 {
        unit_id: item.unit,
        unit_code: item.unit_code,
        unit_title: item.unit_title,
        university: item.university,
        kind: item.kind,
        facts: item.facts.into_iter().map(|fact| fact.as_str().to_owned()).collect(),
    }
}
