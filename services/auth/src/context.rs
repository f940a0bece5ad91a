//! What every use case works with.

use crate::{passwords::PasswordHasherPool, settings::MailSettings, tokens::TokenSigner};
use rmu_postgres::Database;
use std::sync::Arc;
use tokio::sync::Notify;

/// Clones share everything.
#[derive(Clone)]
pub struct AuthContext {
    pub(crate) database: Database,
    pub(crate) passwords: PasswordHasherPool,
    pub(crate) signer: Arc<TokenSigner>,
    pub(crate) mail: Arc<MailSettings>,
    /// Told when there is mail to send, so that it leaves at once and not at the next look.
    pub(crate) mail_waiting: Arc<Notify>,
    /// The same for events.
    pub(crate) events_waiting: Arc<Notify>,
}

impl AuthContext {
    pub fn new(database: Database, passwords: PasswordHasherPool, signer: TokenSigner, mail: MailSettings) -> Self {
        Self {
            database,
            passwords,
            signer: Arc::new(signer),
            mail: Arc::new(mail),
            mail_waiting: Arc::default(),
            events_waiting: Arc::default(),
        }
    }
}
