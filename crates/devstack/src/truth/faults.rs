//! The faults that a handbook is told to have while its truth is compared.

use crate::stack::api::Api;
use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};

/// So many per cent of all pages, listings and sitemaps are answered with a fault. All of them pass when asked
/// again, and half of them look like a good page to whoever goes by the status: error pages, halves and mangled
/// pages come with 200. What hangs, loops or floods costs time and gives no facts, which other tests look at.
pub fn mixed(per_cent: u8) -> Value {
    let share = |tenths: u8| per_cent.saturating_mul(tenths) / 10;
    json!({
        "errorShare": share(2),
        "errorPageShare": share(2),
        "truncateShare": share(2),
        "spoil": {"malformed": share(1), "offSite": share(1), "huge": share(1), "download": share(1)},
    })
}

/// Replaces the faults of a site.
pub async fn switch(handbook: &str, faults: &Value) -> anyhow::Result<()> {
    let answer = Api::new(handbook)?.call(Method::POST, "/_faults", Some(faults)).await?;
    anyhow::ensure!(answer.status.is_success(), "{handbook} refuses the faults {faults}: {}", answer.status);
    Ok(())
}

/// How many documents a site was asked for, and how many of them it answered with a fault.
pub async fn injected(handbook: &str) -> anyhow::Result<(u64, u64)> {
    let told = Api::new(handbook)?.call(Method::GET, "/_stats", None).await?.body;
    let number = |name: &str| told[name].as_u64().with_context(|| format!("{handbook} does not say how many {name}"));
    Ok((number("documents")?, number("faulty")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let faults = mixed(10);
        let plain = ["errorShare", "errorPageShare", "truncateShare"].map(|name| faults[name].as_u64().unwrap());
        let spoiled = faults["spoil"].as_object().unwrap().values().map(|share| share.as_u64().unwrap());
        assert_eq!(plain.into_iter().sum::<u64>() + spoiled.sum::<u64>(), 10);
    }
}
