//! The topology as a RabbitMQ definitions document, to be imported into a broker or read by people.

use super::{Argument, EXCHANGES, Limits, Service, permissions, queues};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A broker user of one of the services.
#[derive(Clone, Copy)]
pub struct User<'a> {
    pub service: Service,
    pub password: &'a str,
}

/// Everything of the virtual host `vhost`, with `users`, their salted password hashes and their rights.
/// Passwords themselves are not in it.
pub fn definitions(vhost: &str, limits: Limits, users: &[User<'_>]) -> Result<Value, getrandom::Error> {
    let mut document = without_users(vhost, limits, users.iter().map(|user| user.service));
    let users = users.iter().map(|user| {
        let mut salt = [0u8; 4];
        getrandom::fill(&mut salt)?;
        Ok(json!({
            "name": user.service.as_str(),
            "password_hash": password_hash(salt, user.password),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": [],
        }))
    });
    document["users"] = Value::Array(users.collect::<Result<_, getrandom::Error>>()?);
    Ok(document)
}

/// What is published: the same for every service, without users and their secrets. The users must exist
/// before it is imported.
pub fn published_definitions() -> Value {
    without_users("/", Limits::default(), Service::ALL.into_iter())
}

fn without_users(vhost: &str, limits: Limits, services: impl Iterator<Item = Service> + Clone) -> Value {
    let exchanges: Vec<Value> = EXCHANGES
        .iter()
        .map(|exchange| {
            json!({
                "name": exchange.name, "vhost": vhost, "type": exchange.kind.as_str(),
                "durable": true, "auto_delete": false, "internal": false, "arguments": {},
            })
        })
        .collect();
    let queues = queues(limits);
    let bindings: Vec<Value> = queues
        .iter()
        .flat_map(|queue| queue.bindings.iter().map(move |(exchange, key)| (queue.name, exchange, key)))
        .map(|(queue, exchange, key)| {
            json!({
                "source": exchange, "vhost": vhost, "destination": queue, "destination_type": "queue",
                "routing_key": key, "arguments": {},
            })
        })
        .collect();
    let queues: Vec<Value> = queues
        .iter()
        .map(|queue| {
            json!({
                "name": queue.name, "vhost": vhost, "durable": true, "auto_delete": false,
                "arguments": arguments(&queue.arguments),
            })
        })
        .collect();
    let rights: Vec<Value> = services
        .clone()
        .map(|service| {
            let rights = permissions(service);
            json!({
                "user": service.as_str(), "vhost": vhost,
                "configure": rights.configure, "write": rights.write, "read": rights.read,
            })
        })
        .collect();
    let topic_rights: Vec<Value> = services
        .flat_map(|service| permissions(service).topics.into_iter().map(move |topic| (service, topic)))
        .map(|(service, topic)| {
            json!({
                "user": service.as_str(), "vhost": vhost, "exchange": topic.exchange,
                "write": topic.write, "read": topic.read,
            })
        })
        .collect();
    json!({
        "vhosts": [{ "name": vhost }],
        "permissions": rights,
        "topic_permissions": topic_rights,
        "exchanges": exchanges,
        "queues": queues,
        "bindings": bindings,
    })
}

fn arguments(arguments: &[(&'static str, Argument)]) -> Value {
    arguments
        .iter()
        .map(|(name, value)| {
            let value = match value {
                Argument::Text(text) => json!(text),
                Argument::Number(number) => json!(number),
            };
            ((*name).to_owned(), value)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// RabbitMQ's own format: base64 of the salt and of SHA-256 over salt and password.
fn password_hash(salt: [u8; 4], password: &str) -> String {
    let digest = Sha256::new().chain_update(salt).chain_update(password.as_bytes()).finalize();
    let mut bytes = salt.to_vec();
    bytes.extend_from_slice(&digest);
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_passwords_as_the_broker_documents_it() {
        // The worked example of RabbitMQ's password guide.
        assert_eq!(
            password_hash([0x90, 0x8D, 0xC6, 0x0A], "test12"),
            "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
        );
    }

    #[test]
    fn holds_no_password_in_clear() {
        let users = [User { service: Service::Auth, password: "a very plain secret" }];
        let document = definitions("/", Limits::default(), &users).unwrap();
        assert!(!document.to_string().contains("a very plain secret"));
        assert_eq!(document["users"][0]["name"], "auth");
        assert_eq!(document["permissions"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn the_published_document_names_no_user_secret() {
        assert!(published_definitions().get("users").is_none());
    }
}
