//! Notifications from the database (`LISTEN`), on a connection of their own.

use crate::{Database, DatabaseError, pool};
use diesel_async::AsyncPgConnection;
use futures_util::{StreamExt, future::Either, pin_mut};
use std::{sync::Arc, time::Duration};

/// A connection that listens on one channel. Notifications are hints: whoever waits looks at the tables
/// anyway every so often, since a notification sent while the connection was broken is gone.
pub struct Listener {
    connection: AsyncPgConnection,
}

impl Database {
    /// Listens on `channel`, which must be a plain lower-case name.
    pub async fn listen(&self, channel: &str) -> Result<Listener, DatabaseError> {
        if !channel.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            return Err(DatabaseError::Config("a channel's name must be lower-case letters".to_owned()));
        }
        let mut connection = pool::establish_on(self.runtime.clone(), Arc::clone(&self.target))
            .await
            .map_err(|error| DatabaseError::Unavailable(error.to_string()))?;
        pool::batch(&mut connection, &format!("LISTEN {channel}")).await?;
        Ok(Listener { connection })
    }
}

impl Listener {
    /// Waits for a notification, at most `limit`; several that came together count as one. An error means that
    /// the connection is gone and a new listener is needed.
    pub async fn wait(&mut self, limit: Duration) -> Result<(), DatabaseError> {
        let notifications = self.connection.notifications_stream();
        pin_mut!(notifications);
        let timer = tokio::time::sleep(limit);
        pin_mut!(timer);
        match futures_util::future::select(notifications.next(), timer).await {
            Either::Right(_) => return Ok(()),
            Either::Left((Some(Ok(_)), _)) => {}
            Either::Left((Some(Err(error)), _)) => return Err(error.into()),
            Either::Left((None, _)) => return Err(DatabaseError::Unavailable("listener was closed".to_owned())),
        }
        while let Some(Some(waiting)) = futures_util::FutureExt::now_or_never(notifications.next()) {
            waiting?;
        }
        Ok(())
    }
}
