//! Free ports on the loopback interface.

use std::net::{Ipv4Addr, TcpListener};

/// Ports are taken from below the range that the kernel uses for outgoing connections, so that
/// a port found free now is not handed to somebody's client before the server has bound it.
const FIRST: u16 = 15_000;
const COUNT: u16 = 16_000;
const ATTEMPTS: usize = 1_000;

/// Finds `N` different ports that nobody listens on.
pub fn free<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    for _ in 0..ATTEMPTS {
        if held.len() == N {
            break;
        }
        let port = FIRST + crate::random::below(COUNT)?;
        // Listeners are kept until all are found, so that the ports differ.
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push((port, listener));
        }
    }
    let ports: Vec<u16> = held.iter().map(|(port, _)| *port).collect();
    ports.try_into().map_err(|_| anyhow::anyhow!("no free ports were found on 127.0.0.1"))
}

/// The port of before, or a free one. Somebody else may have taken it meanwhile; the server then says so itself.
pub fn kept_or_free(kept: Option<u16>) -> anyhow::Result<u16> {
    match kept {
        Some(port) => Ok(port),
        None => free::<1>().map(|[port]| port),
    }
}

/// Whether `port` can be bound on the loopback interface at this moment.
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_differ_and_can_be_bound() {
        let ports = free::<20>().unwrap();
        let mut unique = ports.to_vec();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), 20);
    }

    #[test]
    fn a_bound_port_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
