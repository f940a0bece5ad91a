//! Every exchange, queue and binding, as data. What the services declare, what is imported into a broker and
//! what the published AsyncAPI file says are generated from here.

mod declare;
mod definitions;
mod permissions;

pub(crate) use declare::declare;
pub use definitions::{User, definitions, published_definitions};
pub use permissions::{Permissions, TopicPermissions, permissions};
use std::borrow::Cow;

/// The programs that meet over the broker. Each has a broker user of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    Gateway,
    Auth,
    Worker,
}

impl Service {
    pub const ALL: [Self; 3] = [Self::Gateway, Self::Auth, Self::Worker];

    /// The name of the service's broker user and the prefix of its exclusive queues.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Auth => "auth",
            Self::Worker => "worker",
        }
    }
}

/// The configurable sizes in queue arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `MAX_QUEUE_SIZE`: how many tasks may be alive. The broker's own limit is twice that, since a quorum
    /// queue's limit is not exact; the exact one is kept in the ledger.
    pub max_queue_size: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_queue_size: 10_000 }
    }
}

/// Where a message goes and whether somebody must be there to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub exchange: Cow<'static, str>,
    pub key: Cow<'static, str>,
    /// Published as mandatory: that no queue takes the message is an error. Broadcasts are not; nobody may
    /// be listening.
    pub must_arrive: bool,
}

impl Route {
    const fn to(exchange: &'static str, key: &'static str, must_arrive: bool) -> Self {
        Self { exchange: Cow::Borrowed(exchange), key: Cow::Borrowed(key), must_arrive }
    }

    /// A route known only at run time, such as that of a dead letter to be replayed. Somebody must be there.
    pub fn new(exchange: impl Into<Cow<'static, str>>, key: impl Into<Cow<'static, str>>) -> Self {
        Self { exchange: exchange.into(), key: key.into(), must_arrive: true }
    }
}

pub const SCRAPE_EXCHANGE: &str = "rmu.scrape";
pub const CONTROL_EXCHANGE: &str = "rmu.control";
pub const EVENTS_EXCHANGE: &str = "rmu.events";
pub const RPC_EXCHANGE: &str = "auth.rpc";
pub const DEAD_EXCHANGE: &str = "rmu.dead";

pub const SCRAPE_TASKS: &str = "scrape.tasks";
pub const SCRAPE_RESULTS: &str = "scrape.results";
pub const SCRAPE_PREVIEWS: &str = "scrape.previews";
pub const ACCOUNT_EVENTS: &str = "gateway.account-events";
pub const AUTH_RPC: &str = "auth.rpc";
pub const AUTH_DIGESTS: &str = "auth.digests";
pub const DEAD_LETTERS: &str = "dead-letters";

/// Tasks for the workers.
pub const TASK_ROUTE: Route = Route::to(SCRAPE_EXCHANGE, "task", true);
/// Outcomes for the gateway.
pub const RESULT_ROUTE: Route = Route::to(SCRAPE_EXCHANGE, "result", true);
/// A page to be tried by any worker while somebody waits. Not mandatory, for the reason given at [`AUTH_RPC_ROUTE`].
pub const PREVIEW_ROUTE: Route = Route::to(SCRAPE_EXCHANGE, "preview", false);
/// What keys of answers to previews begin with; the rest names who asked.
pub const PREVIEW_ANSWER_KEY: &str = "answer.";
/// Every worker, whoever is up.
pub const CONTROL_ROUTE: Route = Route::to(CONTROL_EXCHANGE, "", false);
/// A worker's statistics, for whoever listens.
pub const WORKER_STATS_ROUTE: Route = Route::to(EVENTS_EXCHANGE, "worker.stats", false);
/// Whatever could not be processed.
pub const DEAD_ROUTE: Route = Route::to(DEAD_EXCHANGE, "", true);
/// Requests to the auth service. Not mandatory: the client library writes a returned message, and with it
/// somebody's password, to the log. That nobody answers is noticed by the caller's own limit.
pub const AUTH_RPC_ROUTE: Route = Route::to(RPC_EXCHANGE, "request", false);

/// What an account is to be told by mail.
pub const DIGEST_ROUTE: Route = Route::to(RPC_EXCHANGE, "digest", true);

/// Something changed about an account: `change` is `verified`, `renamed`, …
pub fn account_event_route(change: &str) -> Route {
    Route { must_arrive: true, ..Route::new(EVENTS_EXCHANGE, format!("auth.account.{change}")) }
}

/// Progress of a job, for whoever watches it.
pub fn scrape_progress_route(job_id: uuid::Uuid) -> Route {
    Route { must_arrive: false, ..Route::new(EVENTS_EXCHANGE, format!("scrape.progress.{job_id}")) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeKind {
    Topic,
    Fanout,
    Direct,
}

impl ExchangeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Fanout => "fanout",
            Self::Direct => "direct",
        }
    }
}

/// A durable exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    pub name: &'static str,
    pub kind: ExchangeKind,
    /// Who declares it; nobody else has the right to.
    pub owner: Service,
    pub description: &'static str,
}

/// The exchanges. `rmu.scrape` is a topic exchange, though it is used like a direct one, because only for
/// topic exchanges the broker checks the routing key: a worker may send results there, and no tasks.
pub const EXCHANGES: [Exchange; 5] = [
    Exchange {
        name: SCRAPE_EXCHANGE,
        kind: ExchangeKind::Topic,
        owner: Service::Gateway,
        description: "Tasks to the workers and results to the gateway.",
    },
    Exchange {
        name: CONTROL_EXCHANGE,
        kind: ExchangeKind::Fanout,
        owner: Service::Gateway,
        description: "Commands to every worker.",
    },
    Exchange {
        name: EVENTS_EXCHANGE,
        kind: ExchangeKind::Topic,
        owner: Service::Gateway,
        description: "What happened, for whoever wants to know.",
    },
    Exchange {
        name: DEAD_EXCHANGE,
        kind: ExchangeKind::Fanout,
        owner: Service::Gateway,
        description: "Whatever could not be processed.",
    },
    Exchange {
        name: RPC_EXCHANGE,
        kind: ExchangeKind::Direct,
        owner: Service::Auth,
        description: "Requests to the auth service, and what it is to mail.",
    },
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    Text(&'static str),
    Number(i64),
}

/// A durable queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub name: &'static str,
    /// Who declares it; nobody else has the right to.
    pub owner: Service,
    pub arguments: Vec<(&'static str, Argument)>,
    /// Exchange and routing key.
    pub bindings: Vec<(&'static str, &'static str)>,
    pub description: &'static str,
}

/// After this many deliveries a task is dead: it kills whoever touches it, or was with somebody who was killed often.
const TASK_DELIVERY_LIMIT: i64 = 5;
/// Results and events wait for a database that is down, so that they may be tried for long: with the
/// consumer's pause of up to two seconds this is about half an hour.
const PATIENT_DELIVERY_LIMIT: i64 = 1000;
/// Dead letters have nowhere else to go. Brokers from 4.0 limit deliveries by default and then drop the
/// message; those before 4.0 do not know «unlimited», so that it is a number nobody reaches.
const ENDLESS_DELIVERY_LIMIT: i64 = 1_000_000_000;
const MAX_DEAD_LETTERS: i64 = 100_000;
const MAX_ACCOUNT_EVENTS: i64 = 100_000;
const MAX_DIGESTS: i64 = 100_000;
/// More requests than this cannot be answered within their time to live anyway.
const MAX_RPC_REQUESTS: i64 = 1000;

/// Administrators who wait at once; each waits for a minute at most.
const MAX_PREVIEWS: i64 = 16;
const PREVIEW_TTL_MS: i64 = 60_000;

/// The durable queues.
pub fn queues(limits: Limits) -> Vec<Queue> {
    let tasks = i64::from(limits.max_queue_size) * 2;
    vec![
        Queue {
            name: SCRAPE_TASKS,
            owner: Service::Gateway,
            arguments: quorum(TASK_DELIVERY_LIMIT, tasks, true),
            bindings: vec![(SCRAPE_EXCHANGE, "task")],
            description: "One page or one discovery step each.",
        },
        Queue {
            name: SCRAPE_RESULTS,
            owner: Service::Gateway,
            arguments: quorum(PATIENT_DELIVERY_LIMIT, tasks, true),
            bindings: vec![(SCRAPE_EXCHANGE, "result")],
            description: "Outcomes of tasks.",
        },
        Queue {
            name: SCRAPE_PREVIEWS,
            owner: Service::Gateway,
            arguments: vec![
                ("x-queue-type", Argument::Text("classic")),
                ("x-max-length", Argument::Number(MAX_PREVIEWS)),
                ("x-message-ttl", Argument::Number(PREVIEW_TTL_MS)),
                ("x-overflow", Argument::Text("reject-publish")),
            ],
            bindings: vec![(SCRAPE_EXCHANGE, "preview")],
            description: "Pages to be tried against a draft of a source while an administrator waits.",
        },
        Queue {
            name: ACCOUNT_EVENTS,
            owner: Service::Gateway,
            arguments: quorum(PATIENT_DELIVERY_LIMIT, MAX_ACCOUNT_EVENTS, true),
            bindings: vec![(EVENTS_EXCHANGE, "auth.account.#")],
            description: "Changes of accounts that the gateway shows or acts on.",
        },
        Queue {
            name: DEAD_LETTERS,
            owner: Service::Gateway,
            arguments: quorum(ENDLESS_DELIVERY_LIMIT, MAX_DEAD_LETTERS, false),
            bindings: vec![(DEAD_EXCHANGE, "")],
            description: "Whatever could not be processed, with the reason or x-death.",
        },
        Queue {
            name: AUTH_RPC,
            owner: Service::Auth,
            arguments: vec![
                ("x-queue-type", Argument::Text("classic")),
                ("x-max-length", Argument::Number(MAX_RPC_REQUESTS)),
                ("x-overflow", Argument::Text("reject-publish")),
            ],
            bindings: vec![(RPC_EXCHANGE, "request")],
            description: "Requests to the auth service; each expires when its caller gives up.",
        },
        Queue {
            name: AUTH_DIGESTS,
            owner: Service::Auth,
            arguments: quorum(PATIENT_DELIVERY_LIMIT, MAX_DIGESTS, true),
            bindings: vec![(RPC_EXCHANGE, "digest")],
            description: "What accounts are to be told by mail, a message an account and day.",
        },
    ]
}

/// A quorum queue refuses what it has no room for. Dead lettering at least once works only with that.
fn quorum(delivery_limit: i64, max_length: i64, dead_letters: bool) -> Vec<(&'static str, Argument)> {
    let mut arguments = vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-delivery-limit", Argument::Number(delivery_limit)),
        ("x-max-length", Argument::Number(max_length)),
        ("x-overflow", Argument::Text("reject-publish")),
    ];
    if dead_letters {
        arguments.push(("x-dead-letter-exchange", Argument::Text(DEAD_EXCHANGE)));
        arguments.push(("x-dead-letter-strategy", Argument::Text("at-least-once")));
    }
    arguments
}

/// How many messages an exclusive queue holds for a reader that is slow; the oldest go first.
pub(crate) const EXCLUSIVE_MAX_LENGTH: i64 = 10_000;

/// The name of a reader's own queue: the prefix is what its user has the right to.
pub(crate) fn exclusive_queue_name(service: Service) -> String {
    format!("exclusive.{}.{}", service.as_str(), uuid::Uuid::new_v4())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_binding_names_an_exchange_that_exists() {
        for queue in queues(Limits::default()) {
            for (exchange, _) in queue.bindings {
                assert!(EXCHANGES.iter().any(|known| known.name == exchange), "{} ← {exchange}", queue.name);
            }
        }
    }

    #[test]
    fn every_queue_is_bounded_and_refuses_rather_than_drops() {
        for queue in queues(Limits::default()) {
            let has = |name, value: &Argument| queue.arguments.contains(&(name, value.clone()));
            assert!(queue.arguments.iter().any(|(name, _)| *name == "x-max-length"), "{}", queue.name);
            assert!(has("x-overflow", &Argument::Text("reject-publish")), "{}", queue.name);
        }
    }

    #[test]
    fn the_task_queue_holds_twice_the_ledgers_limit() {
        let tasks = queues(Limits { max_queue_size: 7 }).remove(0);
        assert_eq!(tasks.name, SCRAPE_TASKS);
        assert!(tasks.arguments.contains(&("x-max-length", Argument::Number(14))));
    }
}
