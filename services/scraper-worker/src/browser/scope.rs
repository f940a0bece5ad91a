//! Which hosts a browser can reach at all.

use std::{collections::BTreeSet, net::IpAddr};

/// A host and port that a browser may contact, with the address it was found to have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// As in an address: a name, or a number without brackets.
    pub host: String,
    pub port: u16,
    pub address: IpAddr,
}

/// All that a browser may reach. A browser is started for one scope and used for no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pins: BTreeSet<Pin>,
}

/// What tells scopes apart: hosts and ports. Addresses do not: a site's may change from one look to the next, and a browser
/// keeps what it was started with until it is replaced.
pub(super) type ScopeKey = BTreeSet<(String, u16)>;

impl Scope {
    pub fn new(pins: impl IntoIterator<Item = Pin>) -> Self {
        Self { pins: pins.into_iter().collect() }
    }

    pub(super) fn key(&self) -> ScopeKey {
        self.pins.iter().map(|pin| (pin.host.clone(), pin.port)).collect()
    }

    /// Chromium's `--host-resolver-rules`: each host to the address that was checked, everything else to
    /// nowhere. A page can so neither load from strangers nor reach into our network by a name that changes.
    pub(super) fn resolver_rules(&self) -> String {
        let mut rules: Vec<String> = self
            .pins
            .iter()
            .map(|pin| match pin.address {
                IpAddr::V4(address) => format!("MAP {}:{port} {address}:{port}", pin.host, port = pin.port),
                IpAddr::V6(address) => format!("MAP {}:{port} [{address}]:{port}", pin.host, port = pin.port),
            })
            .collect();
        rules.push("MAP * ~NOTFOUND".to_owned());
        rules.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pinned_hosts_resolve() {
        let pin = |host: &str, address: &str| Pin { host: host.into(), port: 443, address: address.parse().unwrap() };
        let scope = Scope::new([pin("b.example", "2001:db8::1"), pin("a.example", "192.0.2.1")]);
        assert_eq!(
            scope.resolver_rules(),
            "MAP a.example:443 192.0.2.1:443, MAP b.example:443 [2001:db8::1]:443, MAP * ~NOTFOUND"
        );
    }
}
