//! Which network addresses may be contacted at all.
//!
//! A source is written by an administrator, but its site's names are resolved by strangers. An address inside
//! our own network is refused, wherever it came from.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

const LOOKUP_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Development only: the demo sites run on this machine.
    pub allow_loopback: bool,
}

impl AddressPolicy {
    pub fn allows(self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) if address.is_loopback() => self.allow_loopback,
            IpAddr::V6(address) if address.is_loopback() => self.allow_loopback,
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(inner) => self.allows(IpAddr::V4(inner)),
                None => is_public_v6(address),
            },
        }
    }

    /// Looks a host up; all of its addresses must be allowed, for one of them will be used.
    pub async fn resolve(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = tokio::time::timeout(LOOKUP_LIMIT, tokio::net::lookup_host((host, port)))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, format!("looking up {host} took too long")))??
            .collect();
        if found.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address")));
        }
        match found.iter().find(|address| !self.allows(address.ip())) {
            Some(address) => Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("{host} has the address {}, which is not public", address.ip()),
            )),
            None => Ok(found),
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_unspecified()
        || a == 0
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        // Carrier networks, protocol assignments, benchmarks, reserved.
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Global unicast is 2000::/3; the rest is local, multicast or reserved. Documentation lies inside.
    (a & 0xe000) == 0x2000 && !(a == 0x2001 && b == 0x0db8)
}

/// The IPv4 address in an IPv6 one that is only a way of writing or reaching it.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRODUCTION: AddressPolicy = AddressPolicy { allow_loopback: false };
    const DEVELOPMENT: AddressPolicy = AddressPolicy { allow_loopback: true };

    #[test]
    fn public_addresses_are_allowed() {
        for address in ["1.1.1.1", "138.25.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(PRODUCTION.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn our_own_networks_are_not() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:0a00:0001::",
            "2001:db8::1",
        ] {
            assert!(!DEVELOPMENT.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn this_machine_only_in_development() {
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(!PRODUCTION.allows(address.parse().unwrap()), "{address}");
            assert!(DEVELOPMENT.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused() {
        let error = PRODUCTION.resolve("localhost", 80).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(!DEVELOPMENT.resolve("localhost", 80).await.unwrap().is_empty());
    }
}
