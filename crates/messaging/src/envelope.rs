//! A message with what travels around it: id, type, time, correlation, trace context.

use crate::{
    contracts::Contract,
    trace_context::{self, TraceHeaders},
};
use chrono::{DateTime, Utc};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// Nobody sends more than this in one message; what does is a mistake or an attack.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
const PERSISTENT: u8 = 2;
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// A message, not yet decoded or already encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Same id, same message: what a receiver goes by when it gets one twice.
    pub id: Uuid,
    /// The contract's name, such as `scrape.task.v1`.
    pub kind: String,
    pub timestamp: DateTime<Utc>,
    pub correlation_id: Option<String>,
    pub trace: TraceHeaders,
    /// The broker drops the message when it waited this long.
    pub expiration: Option<Duration>,
    /// Survives a restart of the broker.
    pub persistent: bool,
    /// Further headers, text only.
    pub headers: BTreeMap<String, String>,
    /// JSON.
    pub body: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("message is of type {found:?}, expected {expected:?}")]
    WrongType { found: String, expected: &'static str },
    #[error("payload does not fit type {kind:?}: {source}")]
    Payload { kind: &'static str, source: serde_json::Error },
}

impl Envelope {
    /// Wraps `message` under a new id, in the trace of the current span.
    pub fn of<M: Contract>(message: &M) -> Result<Self, serde_json::Error> {
        Ok(Self::from_parts(Uuid::now_v7(), M::TYPE, serde_json::to_vec(message)?, trace_context::current()))
    }

    /// Puts an envelope together again from a row of an outbox.
    pub fn from_parts(id: Uuid, kind: impl Into<String>, body: Vec<u8>, trace: TraceHeaders) -> Self {
        Self {
            id,
            kind: kind.into(),
            timestamp: Utc::now(),
            correlation_id: None,
            trace,
            expiration: None,
            persistent: true,
            headers: BTreeMap::new(),
            body,
        }
    }

    #[must_use]
    pub fn correlated_with(mut self, id: impl Into<String>) -> Self {
        self.correlation_id = Some(id.into());
        self
    }

    /// The payload, when the envelope says and holds an `M`.
    pub fn decode<M: Contract>(&self) -> Result<M, DecodeError> {
        if self.kind != M::TYPE {
            return Err(DecodeError::WrongType { found: self.kind.clone(), expected: M::TYPE });
        }
        serde_json::from_slice(&self.body).map_err(|source| DecodeError::Payload { kind: M::TYPE, source })
    }

    pub(crate) fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        let trace = [(TRACEPARENT, &self.trace.traceparent), (TRACESTATE, &self.trace.tracestate)];
        let trace = trace.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        let further = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in trace.chain(further) {
            headers.insert(short(name), AMQPValue::LongString(value.into()));
        }
        let mut properties = BasicProperties::default()
            .with_message_id(short(&self.id.to_string()))
            .with_type(short(&self.kind))
            .with_timestamp(u64::try_from(self.timestamp.timestamp()).unwrap_or_default())
            .with_content_type("application/json".into())
            .with_headers(headers);
        if self.persistent {
            properties = properties.with_delivery_mode(PERSISTENT);
        }
        if let Some(id) = &self.correlation_id {
            properties = properties.with_correlation_id(short(id));
        }
        if let Some(expiration) = self.expiration {
            properties = properties.with_expiration(short(&expiration.as_millis().to_string()));
        }
        properties
    }

    /// Never fails: what a stranger left out or misspelt is empty here and shows when decoding.
    pub(crate) fn received(properties: &BasicProperties, body: Vec<u8>) -> Self {
        let text = |value: &Option<ShortString>| value.as_ref().map(|text| text.as_str().to_owned());
        let mut headers: BTreeMap<String, String> = properties
            .headers()
            .iter()
            .flat_map(|table| table.inner())
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), header_text(value)?)))
            .collect();
        let trace = TraceHeaders { traceparent: headers.remove(TRACEPARENT), tracestate: headers.remove(TRACESTATE) };
        let seconds = properties.timestamp().and_then(|seconds| i64::try_from(seconds).ok());
        Self {
            id: text(properties.message_id()).and_then(|id| Uuid::try_parse(&id).ok()).unwrap_or_default(),
            kind: text(properties.kind()).unwrap_or_default(),
            timestamp: seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).unwrap_or_default(),
            correlation_id: text(properties.correlation_id()),
            trace,
            expiration: text(properties.expiration()).and_then(|ms| ms.parse().ok()).map(Duration::from_millis),
            persistent: properties.delivery_mode() == &Some(PERSISTENT),
            headers,
            body,
        }
    }
}

/// AMQP's short strings hold 255 bytes; longer ones are cut rather than refused, because nothing that names
/// itself so long is one of our messages.
pub(crate) fn short(text: &str) -> ShortString {
    let mut end = text.len().min(255);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    ShortString::from(&text[..end])
}

pub(crate) fn header_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into_owned()),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::{events::WorkerStatsV1, scrape::ScrapeTaskV1};

    #[test]
    fn properties_carry_everything_there_and_back() {
        let mut sent = Envelope::of(&ScrapeTaskV1::example()).unwrap().correlated_with("c-1");
        sent.expiration = Some(Duration::from_secs(2));
        sent.headers.insert("x-rmu-reason".into(), "because".into());
        sent.trace.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
        sent.timestamp = DateTime::from_timestamp(sent.timestamp.timestamp(), 0).unwrap();
        assert_eq!(Envelope::received(&sent.properties(), sent.body.clone()), sent);
    }

    #[test]
    fn decodes_only_what_it_says_it_is() {
        let envelope = Envelope::of(&ScrapeTaskV1::example()).unwrap();
        assert_eq!(envelope.decode::<ScrapeTaskV1>().unwrap(), ScrapeTaskV1::example());
        assert!(matches!(envelope.decode::<WorkerStatsV1>(), Err(DecodeError::WrongType { .. })));
        let broken = Envelope { body: b"{}".to_vec(), ..envelope };
        assert!(matches!(broken.decode::<ScrapeTaskV1>(), Err(DecodeError::Payload { .. })));
    }

    #[test]
    fn overlong_names_are_cut_at_a_character() {
        assert_eq!(short(&"ä".repeat(200)).as_str().len(), 254);
    }
}
