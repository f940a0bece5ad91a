//! Messages that the mail sink has stored.

use rmu_devstack::mailbox;
use std::time::Duration;

/// Address of the sink as `host:port`.
pub fn smtp_address() -> String {
    crate::servers::variable("RMU_TEST_SMTP_ADDR")
}

/// The sink as `SMTP_URL` wants it.
pub fn smtp_url() -> String {
    format!("smtp://{}", smtp_address())
}

/// Waits for a message to `recipient` and returns its text as it was sent (headers, still encoded).
pub async fn message_to(recipient: &str, limit: Duration) -> String {
    crate::wait::value(limit, || async { messages_to(recipient).pop() }).await
}

/// All messages to `recipient` so far, oldest first.
pub fn messages_to(recipient: &str) -> Vec<String> {
    let dir = crate::servers::variable("RMU_TEST_MAIL_DIR");
    mailbox::messages_to(dir.as_ref(), recipient)
}

pub use rmu_devstack::mailbox::token_in;
