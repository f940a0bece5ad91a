//! Runs an actix application until its lifecycle ends. HTTP/1 only; a proxy speaks HTTP/2 outside.

use crate::Lifecycle;
use actix_http::Request;
use actix_service::IntoServiceFactory;
/// A running server and what stops it, for whoever puts a service together without naming its library.
pub use actix_web::dev::{Server, ServerHandle};
use actix_web::{
    Error, HttpServer,
    body::MessageBody,
    dev::{AppConfig, Response, Service, ServiceFactory},
    http::KeepAlive,
};
use rmu_config::Reader;
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr, TcpListener},
    num::NonZeroUsize,
    time::Duration,
};

/// Longer than the idle limit of load balancers (60 s): they close first, so a request never meets a connection
/// that was just closed here.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// The head of a request must be here by then.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// Open connections per thread.
const MAX_CONNECTIONS: usize = 4096;
/// How long connections that are not done when all requests are may take to close.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Where a service listens.
#[derive(Debug, Clone, Copy)]
pub struct ListenSettings {
    pub address: SocketAddr,
}

impl ListenSettings {
    /// `BIND_ADDRESS` and `PORT`.
    pub fn read(env: &mut Reader<'_>) -> Option<Self> {
        let ip = env.ip("BIND_ADDRESS", "Where the public API listens.").default("0.0.0.0");
        let port = env.port("PORT", "Port of the public API; 0 takes any free one.").default("3000");
        Some(Self { address: SocketAddr::new(ip?, port?) })
    }

    /// `OPS_BIND_ADDRESS` and `OPS_PORT`.
    pub fn read_ops(env: &mut Reader<'_>, default_port: &str) -> Option<Self> {
        let ip = env.ip("OPS_BIND_ADDRESS", "Where the private operations port listens.").default("0.0.0.0");
        let port = env
            .port("OPS_PORT", "Private port with /health/live, /health/ready and /metrics; 0 takes any free one.")
            .default(default_port);
        Some(Self { address: SocketAddr::new(ip?, port?) })
    }

    pub fn loopback() -> Self {
        Self { address: SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0) }
    }

    /// Binds now, so that a port that is taken is known before anything else starts.
    pub fn bind(&self) -> io::Result<TcpListener> {
        TcpListener::bind(self.address)
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {}: {error}", self.address)))
    }
}

/// The server for `factory`'s application on `listener`, one thread per core (or `workers`).
pub fn http_server<F, I, S, B>(listener: TcpListener, workers: Option<NonZeroUsize>, factory: F) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let server = HttpServer::new(factory)
        .workers(workers.unwrap_or(cores).get())
        .disable_signals()
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .client_request_timeout(HEAD_LIMIT)
        .client_disconnect_timeout(Duration::from_secs(2))
        .max_connections(MAX_CONNECTIONS)
        .shutdown_timeout(CLOSE_LIMIT.as_secs())
        .listen(listener)?
        .run();
    Ok(server)
}

/// Serves until `lifecycle` was asked to stop and everything in flight is done, or it is forced. Afterwards the
/// port is closed.
pub async fn serve_until_stopped(server: Server, lifecycle: &Lifecycle) -> io::Result<()> {
    let handle = server.handle();
    let running = tokio::spawn(server);
    let ended_by_itself = {
        let mut running = std::pin::pin!(running);
        tokio::select! {
            ended = &mut running => Some(ended),
            () = lifecycle.drain() => {
                let graceful = !lifecycle.forced().is_cancelled();
                tokio::select! {
                    () = handle.stop(graceful) => {}
                    () = lifecycle.forced().cancelled(), if graceful => handle.stop(false).await,
                }
                None
            }
        }
    };
    lifecycle.stopped();
    match ended_by_itself {
        None => Ok(()),
        Some(Ok(Ok(()))) => Err(io::Error::other("the server ended by itself")),
        Some(Ok(Err(error))) => Err(error),
        Some(Err(error)) => Err(io::Error::other(error)),
    }
}
