//! The AsyncAPI 3 document: channels from the topology, operations from who says what to whom.

use super::PublishedMessage;
use crate::{
    contracts::{
        Contract,
        accounts::{
            BanAccountV1, ChangeRoleV1, CountAccountsV1, DeleteAccountV1, EndSessionsV1, GetAccountV1, ListAccountsV1,
            RenameV1, UnbanAccountV1,
        },
        auth::{JwksV1, LoginV1, LogoutV1, MeV1, RefreshV1, RegisterV1, VerifyEmailV1},
        control::WorkerControlV1,
        digest::DigestV1,
        events::{AccountChangedV1, WorkerStatsV1},
        preview::PreviewRequestV1,
        scrape::{ScrapeResultV1, ScrapeTaskV1},
    },
    rpc::{ANSWER_TYPE, PREVIEW_ANSWER_TYPE},
    topology::{
        AUTH_RPC_ROUTE, CONTROL_ROUTE, DIGEST_ROUTE, EVENTS_EXCHANGE, EXCHANGES, Limits, PREVIEW_ANSWER_KEY,
        PREVIEW_ROUTE, RESULT_ROUTE, Route, Service, TASK_ROUTE, WORKER_STATS_ROUTE, queues,
    },
};
use serde_json::{Map, Value, json};

/// Messages that take the same way.
struct Flow {
    name: &'static str,
    route: Route,
    from: Service,
    to: Service,
    kinds: &'static [&'static str],
    /// The channel of its answers, for requests.
    answers: Option<&'static str>,
}

fn flows() -> Vec<Flow> {
    use Service::{Auth, Gateway, Worker};
    const REQUESTS: &[&str] = &[
        RegisterV1::TYPE,
        VerifyEmailV1::TYPE,
        LoginV1::TYPE,
        RefreshV1::TYPE,
        LogoutV1::TYPE,
        MeV1::TYPE,
        JwksV1::TYPE,
        ListAccountsV1::TYPE,
        GetAccountV1::TYPE,
        BanAccountV1::TYPE,
        UnbanAccountV1::TYPE,
        ChangeRoleV1::TYPE,
        EndSessionsV1::TYPE,
        RenameV1::TYPE,
        DeleteAccountV1::TYPE,
        CountAccountsV1::TYPE,
    ];
    let flow = |name, route, from, to, kinds| Flow { name, route, from, to, kinds, answers: None };
    vec![
        flow("scrapeTasks", TASK_ROUTE, Gateway, Worker, &[ScrapeTaskV1::TYPE]),
        flow("scrapeResults", RESULT_ROUTE, Worker, Gateway, &[ScrapeResultV1::TYPE]),
        flow("workerControl", CONTROL_ROUTE, Gateway, Worker, &[WorkerControlV1::TYPE]),
        flow("workerStats", WORKER_STATS_ROUTE, Worker, Gateway, &[WorkerStatsV1::TYPE]),
        flow(
            "accountEvents",
            Route::new(EVENTS_EXCHANGE, "auth.account.{change}"),
            Auth,
            Gateway,
            &[AccountChangedV1::TYPE],
        ),
        flow("digests", DIGEST_ROUTE, Gateway, Auth, &[DigestV1::TYPE]),
        Flow { answers: Some("authAnswers"), ..flow("authRequests", AUTH_RPC_ROUTE, Gateway, Auth, REQUESTS) },
        Flow {
            answers: Some("previewAnswers"),
            ..flow("previewRequests", PREVIEW_ROUTE, Gateway, Worker, &[PreviewRequestV1::TYPE])
        },
    ]
}

pub(super) fn document(messages: &[PublishedMessage]) -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    for flow in flows() {
        channels.insert(flow.name.to_owned(), channel(&flow));
        operations.insert(format!("{}.send.{}", flow.from.as_str(), flow.name), operation(&flow, "send"));
        operations.insert(format!("{}.receive.{}", flow.to.as_str(), flow.name), operation(&flow, "receive"));
    }
    channels.insert(
        "authAnswers".to_owned(),
        json!({
            "address": null,
            "description": "Direct reply-to: the request names where its answer goes.",
            "messages": { ANSWER_TYPE: { "$ref": format!("#/components/messages/{ANSWER_TYPE}") } },
        }),
    );
    channels.insert(
        "previewAnswers".to_owned(),
        json!({
            "address": null,
            "description": format!("By the exchange `{}`, under the key that the request names, which begins with \
                                    `{PREVIEW_ANSWER_KEY}`.", PREVIEW_ROUTE.exchange),
            "messages": { PREVIEW_ANSWER_TYPE: { "$ref": format!("#/components/messages/{PREVIEW_ANSWER_TYPE}") } },
        }),
    );
    for queue in queues(Limits::default()) {
        channels.insert(
            format!("queue.{}", queue.name),
            json!({
                "address": queue.name,
                "description": queue.description,
                "bindings": { "amqp": {
                    "is": "queue",
                    "queue": { "name": queue.name, "durable": true, "exclusive": false, "autoDelete": false },
                    "bindingVersion": "0.3.0",
                } },
            }),
        );
    }
    let components: Map<String, Value> =
        messages.iter().map(|message| (message.kind.to_owned(), described(message))).collect();
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "RateMyUnit messages",
            "version": "1.0.0",
            "description": "What the services say to each other over RabbitMQ. The AMQP property `type` names \
                            the message, `message_id` identifies it, and the headers `traceparent` and \
                            `tracestate` carry the W3C trace context. Unknown fields are ignored.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": components },
    })
}

fn channel(flow: &Flow) -> Value {
    let exchange = EXCHANGES.iter().find(|exchange| exchange.name == flow.route.exchange);
    let messages: Map<String, Value> = flow
        .kinds
        .iter()
        .map(|kind| ((*kind).to_owned(), json!({ "$ref": format!("#/components/messages/{kind}") })))
        .collect();
    let mut channel = json!({
        "address": flow.route.key,
        "description": exchange.map(|exchange| exchange.description),
        "messages": messages,
        "bindings": { "amqp": {
            "is": "routingKey",
            "exchange": {
                "name": flow.route.exchange,
                "type": exchange.map(|exchange| exchange.kind.as_str()),
                "durable": true,
                "autoDelete": false,
            },
            "bindingVersion": "0.3.0",
        } },
    });
    if flow.route.key.contains("{change}") {
        channel["parameters"] = json!({ "change": { "description": "What changed, such as `renamed`." } });
    }
    channel
}

fn operation(flow: &Flow, action: &str) -> Value {
    let service = if action == "send" { flow.from } else { flow.to };
    let mut operation = json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{}", flow.name) },
        "tags": [{ "name": service.as_str() }],
        "bindings": { "amqp": { "mandatory": flow.route.must_arrive, "deliveryMode": 2, "bindingVersion": "0.3.0" } },
    });
    if let Some(answers) = flow.answers {
        operation["bindings"]["amqp"]["deliveryMode"] = json!(1);
        operation["reply"] = json!({
            "address": { "location": "$message.header#/reply_to" },
            "channel": { "$ref": format!("#/channels/{answers}") },
        });
    }
    operation
}

fn described(message: &PublishedMessage) -> Value {
    json!({
        "name": message.kind,
        "contentType": "application/json",
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": { "$ref": format!("./{}", message.path()) },
        },
        "examples": [{ "name": "example", "payload": message.schema["examples"][0] }],
    })
}
