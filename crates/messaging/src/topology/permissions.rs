//! What each service's broker user may do: exactly what the topology needs of it, and nothing else.

use super::{
    AUTH_RPC, CONTROL_EXCHANGE, DEAD_EXCHANGE, EVENTS_EXCHANGE, EXCHANGES, Limits, RPC_EXCHANGE, SCRAPE_EXCHANGE,
    SCRAPE_PREVIEWS, SCRAPE_TASKS, Service, queues,
};

/// Rights over resources, as regular expressions over their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permissions {
    pub configure: String,
    pub write: String,
    pub read: String,
    pub topics: Vec<TopicPermissions>,
}

/// Rights over routing keys of a topic exchange. Without an entry, every key is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicPermissions {
    pub exchange: &'static str,
    pub write: &'static str,
    pub read: &'static str,
}

/// Nobody matches this.
const NOTHING: &str = "^$";
/// Where the broker looks up the right to publish to the default exchange.
const DEFAULT_EXCHANGE: &str = "amq.default";
const REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// The rights of `service`'s user.
///
/// Direct reply-to needs little: a caller reads its pseudo-queue, and whoever answers writes to the default
/// exchange. Only `auth` has the latter right, because with it one can write to any queue by name. A worker answers
/// by a key of the scrape exchange instead.
pub fn permissions(service: Service) -> Permissions {
    let own = owned_names(service);
    let own = own.iter().map(String::as_str);
    match service {
        // Declaring a queue with a dead-letter exchange wants the right to read the queue and to write to
        // that exchange; binding wants the right to write to the queue and to read the exchange.
        Service::Gateway => Permissions {
            configure: any_of(own.clone(), &["exclusive.gateway."]),
            write: any_of(own.clone().chain([RPC_EXCHANGE]), &["exclusive.gateway."]),
            read: any_of(own, &["exclusive.gateway.", REPLY_TO]),
            topics: Vec::new(),
        },
        Service::Auth => Permissions {
            configure: any_of(own.clone(), &["exclusive.auth."]),
            write: any_of(
                own.clone().chain([EVENTS_EXCHANGE, DEAD_EXCHANGE, DEFAULT_EXCHANGE]),
                &["exclusive.auth.", REPLY_TO],
            ),
            read: any_of(own, &["exclusive.auth."]),
            topics: vec![TopicPermissions { exchange: EVENTS_EXCHANGE, write: "^auth\\.account\\..+$", read: NOTHING }],
        },
        Service::Worker => Permissions {
            configure: any_of([].into_iter(), &["exclusive.worker."]),
            write: any_of([SCRAPE_EXCHANGE, EVENTS_EXCHANGE, DEAD_EXCHANGE].into_iter(), &["exclusive.worker."]),
            read: any_of([SCRAPE_TASKS, SCRAPE_PREVIEWS, CONTROL_EXCHANGE].into_iter(), &["exclusive.worker."]),
            topics: vec![
                TopicPermissions { exchange: SCRAPE_EXCHANGE, write: "^(result|answer\\..+)$", read: NOTHING },
                TopicPermissions {
                    exchange: EVENTS_EXCHANGE,
                    write: "^(worker\\.stats|scrape\\.progress\\..+)$",
                    read: NOTHING,
                },
            ],
        },
    }
}

fn owned_names(service: Service) -> Vec<String> {
    let exchanges = EXCHANGES.iter().filter(|exchange| exchange.owner == service).map(|exchange| exchange.name);
    let queues = queues(Limits::default());
    let queues = queues.iter().filter(|queue| queue.owner == service).map(|queue| queue.name);
    let mut names: Vec<String> = exchanges.chain(queues).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    debug_assert!(service != Service::Auth || names.contains(&AUTH_RPC.to_owned()));
    names
}

/// A regular expression for exactly these names and for everything that begins with one of `prefixes`.
fn any_of<'a>(names: impl Iterator<Item = &'a str>, prefixes: &[&str]) -> String {
    let escape = |name: &str| name.replace('.', "\\.");
    let alternatives: Vec<String> =
        names.map(escape).chain(prefixes.iter().map(|prefix| format!("{}.*", escape(prefix)))).collect();
    format!("^({})$", alternatives.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_configures_nothing_but_its_own_queues() {
        assert_eq!(permissions(Service::Worker).configure, "^(exclusive\\.worker\\..*)$");
    }

    #[test]
    fn only_auth_may_write_to_the_default_exchange() {
        for service in Service::ALL {
            assert_eq!(permissions(service).write.contains("amq\\.default"), service == Service::Auth, "{service:?}");
        }
    }

    #[test]
    fn nobody_but_gateway_and_auth_may_send_requests() {
        assert!(permissions(Service::Gateway).write.contains("auth\\.rpc"));
        assert!(!permissions(Service::Worker).write.contains("auth\\.rpc"));
    }
}
