//! The content hash: two readings of a unit that say the same hash the same.

use rmu_domain::facts::UnitFacts;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 of the facts in canonical form, hexadecimal: object keys sorted, no white space, and lists whose order
/// on the page means nothing (offerings, requisites, contacts) sorted.
pub fn content_hash(facts: &UnitFacts) -> String {
    let mut value = serde_json::to_value(facts).unwrap_or_default();
    for unordered in ["offerings", "requisites", "contacts"] {
        if let Some(Value::Array(entries)) = value.get_mut(unordered) {
            entries.sort_by_cached_key(canonical);
        }
    }
    let digest = Sha256::digest(canonical(&value));
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// JSON with sorted keys, whatever order the map type of this build keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let parts: Vec<_> = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(entries) => {
            let parts: Vec<_> = entries.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        plain => plain.to_string(),
    }
}
