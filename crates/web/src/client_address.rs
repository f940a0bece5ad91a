//! Who is calling, seen through the proxies that are trusted and no others.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, dev::ServiceRequest};
use ipnet::IpNet;
use rmu_config::Reader;
use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        env.list_of(
            "TRUSTED_PROXIES",
            "Proxies whose X-Forwarded-For is believed; without any, the peer's address counts.",
            "addresses or networks (10.0.0.0/8), comma-separated",
            |text| {
                let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
                net.map_err(|_| "is neither an address nor a network such as 10.0.0.0/8")
            },
        )
        .default("")
        .map(Self)
    }

    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Walks the chain from the near end: each trusted hop vouches for the one before it, and the first that is
    /// not trusted is the client. What stands further left anybody may have written.
    pub fn client(&self, peer: IpAddr, forwarded_for: impl DoubleEndedIterator<Item = IpAddr>) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded_for.rev() {
            if !self.trusts(client) {
                break;
            }
            client = hop.to_canonical();
        }
        client
    }

    pub(crate) fn client_of(&self, request: &ServiceRequest) -> ClientAddress {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
        let mut hops = Vec::new();
        for value in request.headers().get_all("x-forwarded-for") {
            for part in value.to_str().unwrap_or_default().split(',') {
                match part.trim().parse() {
                    Ok(address) => hops.push(address),
                    // What cannot be read cannot vouch for what stands left of it.
                    Err(_) => hops.clear(),
                }
            }
        }
        ClientAddress(self.client(peer, hops.into_iter()))
    }
}

/// The client's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What limits count: an IPv6 client has a whole /64 to choose from, so that is one client.
    pub fn subject(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let segments = address.segments();
                Ipv6Addr::new(segments[0], segments[1], segments[2], segments[3], 0, 0, 0, 0).to_string()
            }
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().copied();
        let peer = || request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip());
        ready(Ok(known.unwrap_or_else(|| Self(peer()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies(trusted.iter().map(|net| net.parse().unwrap()).collect());
        let hops: Vec<IpAddr> = forwarded.iter().map(|hop| hop.parse().unwrap()).collect();
        proxies.client(peer.parse().unwrap(), hops.into_iter()).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(client(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["9.9.9.9", "1.2.3.4", "10.0.0.2"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "5.5.5.5", &["1.2.3.4"]), "5.5.5.5");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let one = ClientAddress("2001:db8:1:2:aaaa::1".parse().unwrap()).subject();
        assert_eq!(one, ClientAddress("2001:db8:1:2:bbbb::2".parse().unwrap()).subject());
        assert_ne!(one, ClientAddress("2001:db8:1:3::1".parse().unwrap()).subject());
    }
}
