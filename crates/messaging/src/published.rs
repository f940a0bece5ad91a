//! The published contracts: what stands in `proto/` about messages, made from the types and the topology.

mod asyncapi;
pub mod compatibility;

use crate::{
    contracts::{
        Contract,
        accounts::{
            AccountFiguresV1, AccountRecordV1, AccountsV1, BanAccountV1, ChangeRoleV1, CountAccountsV1,
            DeleteAccountV1, EndSessionsV1, GetAccountV1, ListAccountsV1, RenameV1, SessionsEndedV1, UnbanAccountV1,
        },
        auth::{
            AcceptedV1, AccountV1, JwksV1, KeysV1, LoginV1, LogoutV1, MeV1, RefreshV1, RegisterV1, RpcAnswerV1,
            TokensV1, VerifyEmailV1,
        },
        control::WorkerControlV1,
        digest::DigestV1,
        events::{AccountChangedV1, WorkerStatsV1},
        preview::{PreviewRequestV1, PreviewV1},
        scrape::{ScrapeResultV1, ScrapeTaskV1},
    },
    rpc::{ANSWER_TYPE, PREVIEW_ANSWER_TYPE},
    topology::published_definitions,
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// A message type with its JSON Schema (draft 7), which holds the example.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishedMessage {
    pub kind: &'static str,
    pub schema: Value,
}

impl PublishedMessage {
    /// Where its schema stands, below `proto/`.
    pub fn path(&self) -> String {
        format!("messages/{}.schema.json", self.kind)
    }
}

/// Every message type.
pub fn messages() -> Vec<PublishedMessage> {
    vec![
        message::<ScrapeTaskV1>(),
        message::<ScrapeResultV1>(),
        message::<PreviewRequestV1>(),
        message::<PreviewV1>(),
        message::<WorkerControlV1>(),
        message::<WorkerStatsV1>(),
        message::<AccountChangedV1>(),
        message::<RegisterV1>(),
        message::<VerifyEmailV1>(),
        message::<LoginV1>(),
        message::<RefreshV1>(),
        message::<LogoutV1>(),
        message::<MeV1>(),
        message::<JwksV1>(),
        message::<AcceptedV1>(),
        message::<AccountV1>(),
        message::<TokensV1>(),
        message::<KeysV1>(),
        message::<ListAccountsV1>(),
        message::<AccountsV1>(),
        message::<GetAccountV1>(),
        message::<AccountRecordV1>(),
        message::<BanAccountV1>(),
        message::<UnbanAccountV1>(),
        message::<ChangeRoleV1>(),
        message::<EndSessionsV1>(),
        message::<SessionsEndedV1>(),
        message::<RenameV1>(),
        message::<DeleteAccountV1>(),
        message::<CountAccountsV1>(),
        message::<AccountFiguresV1>(),
        message::<DigestV1>(),
        described::<RpcAnswerV1<Value>>(ANSWER_TYPE, &RpcAnswerV1::Ok(json!({}))),
        described::<RpcAnswerV1<PreviewV1>>(PREVIEW_ANSWER_TYPE, &RpcAnswerV1::Ok(PreviewV1::example())),
    ]
}

fn message<M: Contract>() -> PublishedMessage {
    described::<M>(M::TYPE, &M::example())
}

fn described<T: JsonSchema + serde::Serialize>(kind: &'static str, example: &T) -> PublishedMessage {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("title".to_owned(), json!(kind));
        // An example that cannot be written shows as `null` and fails the test below.
        schema.insert("examples".to_owned(), json!([serde_json::to_value(example).unwrap_or_default()]));
    }
    PublishedMessage { kind, schema }
}

/// Every file about messages as path below `proto/` and content.
pub fn published_contracts() -> Vec<(String, String)> {
    let messages = messages();
    let mut files = vec![
        ("asyncapi.json".to_owned(), pretty(&asyncapi::document(&messages))),
        ("rabbitmq-definitions.json".to_owned(), pretty(&published_definitions())),
    ];
    files.extend(messages.iter().map(|message| (message.path(), pretty(&message.schema))));
    files
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, path::Path};

    fn proto() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto")
    }

    #[test]
    fn the_committed_files_are_the_generated_ones() {
        for (path, content) in published_contracts() {
            let committed = std::fs::read_to_string(proto().join(&path)).unwrap_or_default();
            assert!(committed == content, "proto/{path} is out of date: run `make contracts`");
        }
    }

    #[test]
    fn no_committed_schema_has_lost_its_message() {
        let known: BTreeSet<String> = messages().iter().map(PublishedMessage::path).collect();
        for entry in std::fs::read_dir(proto().join("messages")).unwrap() {
            let path = format!("messages/{}", entry.unwrap().file_name().into_string().unwrap());
            assert!(known.contains(&path), "proto/{path} belongs to no message");
        }
    }

    #[test]
    fn nothing_published_has_changed_incompatibly() {
        for message in messages() {
            let committed = std::fs::read_to_string(proto().join(message.path())).unwrap();
            let committed: Value = serde_json::from_str(&committed).unwrap();
            let breaks = compatibility::breaks(&committed, &message.schema);
            assert!(breaks.is_empty(), "{}: {breaks:#?}", message.kind);
        }
    }

    #[test]
    fn every_example_fits_its_schema() {
        for message in messages() {
            let validator = jsonschema::validator_for(&message.schema).unwrap();
            let example = &message.schema["examples"][0];
            assert!(validator.is_valid(example), "{}: {example}", message.kind);
        }
    }

    #[test]
    fn types_are_unique() {
        let kinds: BTreeSet<_> = messages().iter().map(|message| message.kind).collect();
        assert_eq!(kinds.len(), messages().len());
    }
}
