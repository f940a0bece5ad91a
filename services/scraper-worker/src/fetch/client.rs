//! The plain HTTP client: allowed origins only, at every hop; bounded in time and size.

use super::{Origins, address::AddressPolicy, retry_after};
use chrono::Utc;
use reqwest::{
    Client, RequestBuilder, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use std::{net::SocketAddr, time::Duration};
use url::{Host, Url};

/// The name site owners address us by in robots.txt.
pub const PRODUCT: &str = "RateMyUnitBot";

const MOST_HOPS: usize = 5;
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const READ_LIMIT: Duration = Duration::from_secs(10);

/// Who we say we are, plainly and with somebody to write to.
pub fn user_agent(contact: &str) -> String {
    format!("{PRODUCT}/{} (+{contact})", env!("CARGO_PKG_VERSION"))
}

#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    addresses: AddressPolicy,
    most_bytes: usize,
}

#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where the redirects ended.
    pub url: Url,
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    pub retry_after: Option<Duration>,
    pub validators: Validators,
}

/// What a server calls a state of a document, for asking whether it is still in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    pub etag: Option<String>,
    pub last_modified: Option<String>,
}

impl Validators {
    fn ask(&self, mut request: RequestBuilder) -> RequestBuilder {
        for (name, value) in [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Unreachable(String),
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// An address that is not the source's, or not a public one.
    #[error("{0} may not be contacted")]
    NotAllowed(String),
    #[error("more than {MOST_HOPS} redirects")]
    TooManyRedirects,
}

impl Fetcher {
    pub fn new(user_agent: &str, addresses: AddressPolicy, most_bytes: usize) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(user_agent)
            // Redirects are followed by hand, so that each hop is checked.
            .redirect(Policy::none())
            .dns_resolver(CheckedResolver(addresses))
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(READ_LIMIT)
            .pool_max_idle_per_host(1)
            .build()?;
        Ok(Self { client, addresses, most_bytes })
    }

    /// Gets `url` and what it redirects to, all within `limit`.
    pub async fn get(&self, url: &Url, origins: &Origins, limit: Duration) -> Result<Fetched, FetchError> {
        self.get_unless(url, origins, limit, None).await
    }

    /// Gets `url` unless it still leads to the same as `known`; then the answer has status 304 and no body.
    pub async fn get_unless(
        &self,
        url: &Url,
        origins: &Origins,
        limit: Duration,
        known: Option<&Fetched>,
    ) -> Result<Fetched, FetchError> {
        let whole = self.follow(url, origins, Extent::Whole(self.most_bytes), known);
        tokio::time::timeout(limit, whole).await.map_err(|_| FetchError::TimedOut(limit))?
    }

    /// The same, but of a body longer than `bytes` only the start, which is all that is asked for.
    pub async fn get_start(
        &self,
        url: &Url,
        origins: &Origins,
        limit: Duration,
        bytes: usize,
    ) -> Result<Fetched, FetchError> {
        let start = self.follow(url, origins, Extent::Start(bytes), None);
        tokio::time::timeout(limit, start).await.map_err(|_| FetchError::TimedOut(limit))?
    }

    async fn follow(
        &self,
        url: &Url,
        origins: &Origins,
        extent: Extent,
        known: Option<&Fetched>,
    ) -> Result<Fetched, FetchError> {
        let mut url = url.clone();
        for _ in 0..=MOST_HOPS {
            self.check(&url, origins)?;
            let mut request = self.client.get(url.clone());
            // What one address calls a state may be another state elsewhere: a redirect may lead to a new place.
            if let Some(Fetched { validators, .. }) = known.filter(|known| known.url == url) {
                request = validators.ask(request);
            }
            let response = request.send().await.map_err(|error| unreachable(&error))?;
            let Some(next) = redirect(&url, &response) else { return read(url, response, extent).await };
            url = next;
        }
        Err(FetchError::TooManyRedirects)
    }

    /// Numbers are checked here, since they are never looked up; names by the resolver.
    fn check(&self, url: &Url, origins: &Origins) -> Result<(), FetchError> {
        let is_allowed_number = match url.host() {
            Some(Host::Ipv4(address)) => self.addresses.allows(address.into()),
            Some(Host::Ipv6(address)) => self.addresses.allows(address.into()),
            _ => true,
        };
        if is_allowed_number && origins.allow(url) { Ok(()) } else { Err(FetchError::NotAllowed(url.to_string())) }
    }
}

/// How much of a body is wanted.
#[derive(Debug, Clone, Copy)]
enum Extent {
    /// All of it, or an error if there is more.
    Whole(usize),
    /// At least this, and then no more than came along.
    Start(usize),
}

/// Chunks come decompressed, so that the limit holds for what a small answer unfolds to.
async fn read(url: Url, mut response: Response, extent: Extent) -> Result<Fetched, FetchError> {
    let status = response.status().as_u16();
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header(RETRY_AFTER).and_then(|written| retry_after::parse(written, Utc::now()));
    let content_type = header(CONTENT_TYPE).map(str::to_owned);
    let validators =
        Validators { etag: header(ETAG).map(str::to_owned), last_modified: header(LAST_MODIFIED).map(str::to_owned) };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        body.extend_from_slice(&chunk);
        match extent {
            Extent::Whole(most) if body.len() > most => return Err(FetchError::TooLarge(most)),
            Extent::Start(enough) if body.len() > enough => break,
            Extent::Whole(_) | Extent::Start(_) => {}
        }
    }
    Ok(Fetched { url, status, content_type, body, retry_after, validators })
}

fn redirect(from: &Url, response: &Response) -> Option<Url> {
    if !response.status().is_redirection() {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    from.join(location).ok()
}

fn unreachable(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::TimedOut(READ_LIMIT);
    }
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    FetchError::Unreachable(reason)
}

/// Resolves names to addresses that may be contacted, so that a name cannot lead inside.
struct CheckedResolver(AddressPolicy);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = addresses.resolve(name.as_str(), 0).await?;
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}
