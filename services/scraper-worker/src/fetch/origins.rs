//! The origins a source may be contacted at, and no others.

use url::{Host, Url};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    all: Vec<Origin>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: Host,
    port: u16,
}

impl Origins {
    /// Parses origins as a source lists them; names the first that is none.
    pub fn parse(written: &[String]) -> Result<Self, String> {
        let all = written
            .iter()
            .map(|text| {
                Url::parse(text).ok().as_ref().and_then(origin_of).ok_or_else(|| format!("{text} is no origin"))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { all })
    }

    pub fn allow(&self, url: &Url) -> bool {
        origin_of(url).is_some_and(|origin| self.all.contains(&origin))
    }

    /// Hosts and ports, without brackets around numbers.
    pub fn hosts(&self) -> impl Iterator<Item = (String, u16)> {
        self.all.iter().map(|origin| (bare(&origin.host), origin.port))
    }
}

/// What limits are counted by: the host and, where it is an unusual one, the port.
pub fn host_key(url: &Url) -> String {
    match (url.host(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_string(),
        (None, _) => String::new(),
    }
}

fn origin_of(url: &Url) -> Option<Origin> {
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    Some(Origin { scheme: url.scheme().to_owned(), host: url.host()?.to_owned(), port: url.port_or_known_default()? })
}

fn bare(host: &Host) -> String {
    match host {
        Host::Ipv6(address) => address.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_scheme_host_and_port_is_allowed() {
        let origins = Origins::parse(&["https://handbook.example.edu".into(), "http://127.0.0.1:4000".into()]).unwrap();
        let allows = |url: &str| origins.allow(&Url::parse(url).unwrap());
        assert!(allows("https://handbook.example.edu/a?b#c"));
        assert!(allows("https://HANDBOOK.example.edu:443/"));
        assert!(allows("http://127.0.0.1:4000/x"));
        for other in [
            "http://handbook.example.edu/",
            "https://handbook.example.edu:8443/",
            "https://handbook.example.edu.evil.example/",
            "https://user@handbook.example.edu/",
            "http://127.0.0.1:4001/",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert!(!allows(other), "{other}");
        }
    }

    #[test]
    fn what_is_no_origin_is_named() {
        assert_eq!(Origins::parse(&["ftp://x.example".into()]).unwrap_err(), "ftp://x.example is no origin");
    }
}
