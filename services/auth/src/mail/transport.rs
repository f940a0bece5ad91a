//! SMTP.

use super::SendError;
use crate::{settings::MailSettings, store::mail_outbox::ClaimedMail};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Body, Mailbox,
        header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp::Error as SmtpError,
};
use std::time::Duration;
use tokio::time::timeout;

/// A command of the conversation may take this long …
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// … and a whole mail this long.
const SEND_LIMIT: Duration = Duration::from_secs(25);

/// A pooled connection to the mail server.
pub(crate) struct Transport {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Transport {
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, SmtpError> {
        let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.smtp_url.expose())?
            .timeout(Some(COMMAND_LIMIT))
            .build();
        Ok(Self { smtp, from: settings.from.clone() })
    }

    pub(crate) async fn send(&self, mail: &ClaimedMail) -> Result<(), SendError> {
        let message = self.message(mail).map_err(|detail| SendError { detail, permanent: true })?;
        match timeout(SEND_LIMIT, self.smtp.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(SendError { permanent: error.is_permanent(), detail: describe(&error) }),
            Err(_) => Err(SendError { permanent: false, detail: "the mail server took too long".to_owned() }),
        }
    }

    fn message(&self, mail: &ClaimedMail) -> Result<Message, String> {
        let body = as_it_is(&mail.body)?;
        let to = mail.recipient.parse::<Mailbox>().map_err(|error| error.to_string())?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&mail.subject)
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            // Nobody's out-of-office reply is wanted.
            .header(AutoSubmitted)
            .header(ContentType::TEXT_PLAIN);
        if let Some(url) = &mail.unsubscribe_url {
            message = message.header(ListUnsubscribe(format!("<{url}>"))).header(ListUnsubscribePost);
        }
        message.body(body).map_err(|error| error.to_string())
    }
}

/// Our texts are ASCII, and a link that is not broken up survives the simplest of mail programs; the library
/// would encode every text with a line of more than 76 characters. The standard allows 998. Where a handbook's title
/// is not ASCII the library encodes the text.
fn as_it_is(text: &str) -> Result<Body, String> {
    if text.contains('\0') || text.lines().any(|line| line.len() > 998) {
        return Err("the text is not in lines of bearable length".to_owned());
    }
    if !text.is_ascii() {
        return Ok(Body::new(text.to_owned()));
    }
    let lines = text.lines().collect::<Vec<_>>().join("\r\n") + "\r\n";
    Ok(Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit))
}

fn describe(error: &SmtpError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

/// Where mails of this kind are ended (RFC 2369) …
#[derive(Clone)]
struct ListUnsubscribe(String);

/// … and that one POST does it (RFC 8058).
#[derive(Clone)]
struct ListUnsubscribePost;

macro_rules! headers {
    ($($header:ident $name:literal: $value:expr, $parsed:expr;)+) => {$(
        impl Header for $header {
            fn name() -> HeaderName {
                HeaderName::new_from_ascii_str($name)
            }

            fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                let parsed: fn(&str) -> Self = $parsed;
                Ok(parsed(text))
            }

            fn display(&self) -> HeaderValue {
                let value: fn(&Self) -> String = $value;
                HeaderValue::new(Self::name(), value(self))
            }
        }
    )+};
}

headers! {
    AutoSubmitted "Auto-Submitted": |_| "auto-generated".to_owned(), |_| AutoSubmitted;
    ListUnsubscribe "List-Unsubscribe":
        |header: &ListUnsubscribe| header.0.clone(), |text: &str| ListUnsubscribe(text.to_owned());
    ListUnsubscribePost "List-Unsubscribe-Post": |_| "List-Unsubscribe=One-Click".to_owned(), |_| ListUnsubscribePost;
}
