//! What handlers and background tasks share.

use crate::{
    Config,
    auth::keys::KeyStore,
    cache::ReadCache,
    routes::{health::HealthReport, scrapes::WatchPlaces},
    workers::WorkerRegistry,
};
use anyhow::Context;
use redis::{
    Client,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use rmu_artefacts::{ArtefactStore, Place};
use rmu_messaging::{Connection, ConnectionOptions, Declare, Publisher, Service, rpc};
use rmu_postgres::Database;
use rmu_web::{Lifecycle, rate_limit::RateLimiter};
use std::{sync::Arc, time::Duration};
use tokio::runtime::Handle;

/// Cheap to clone; `web::Data<AppState>` in handlers.
#[derive(Clone)]
pub struct AppState {
    pub config: Arc<Config>,
    pub database: Database,
    pub redis: ConnectionManager,
    /// Answers to reads.
    pub cache: ReadCache,
    pub broker: Connection,
    pub publisher: Publisher,
    pub auth: rpc::Client,
    /// Workers that try a page.
    pub previews: rpc::Client,
    pub keys: Arc<KeyStore>,
    pub limiter: RateLimiter,
    /// Pages and screenshots of failures, if they are kept.
    pub artefacts: Option<ArtefactStore>,
    pub workers: Arc<WorkerRegistry>,
    pub lifecycle: Lifecycle,
    pub health: Arc<HealthReport>,
    pub watch_places: WatchPlaces,
    /// The main runtime, on which all connections live.
    pub runtime: Handle,
}

impl AppState {
    /// Must be called on the main runtime, which owns all connections. Contacts nobody yet: the gateway starts
    /// while its neighbours are away and says so in its health.
    pub async fn new(config: Config, lifecycle: Lifecycle) -> anyhow::Result<Self> {
        let database = Database::new(config.database()?).await?;
        let redis = open_redis(config.redis_url.expose())?;
        let options = ConnectionOptions::new(config.amqp_url.expose(), "api-gateway")?
            .declare(Declare::Owned(Service::Gateway, config.topology_limits()));
        let broker = Connection::open(options)?;
        let auth = rpc::Client::new(broker.clone());
        let artefacts = open_artefacts(config.artefacts.as_ref())?;
        Ok(Self {
            cache: ReadCache::new(redis.clone(), &config.redis_prefix, config.read_cache),
            limiter: RateLimiter::new(redis.clone(), &config.redis_prefix),
            keys: Arc::new(KeyStore::new(auth.clone())),
            publisher: Publisher::new(broker.clone()),
            previews: rpc::Client::to(broker.clone(), &rpc::PREVIEWS),
            artefacts,
            workers: Arc::default(),
            health: Arc::default(),
            watch_places: WatchPlaces::default(),
            runtime: Handle::current(),
            config: Arc::new(config),
            database,
            redis,
            broker,
            auth,
            lifecycle,
        })
    }
}

fn open_artefacts(place: Option<&Place>) -> anyhow::Result<Option<ArtefactStore>> {
    match place {
        Some(place) => tracing::info!(%place, "pages and screenshots of failures are kept"),
        None => tracing::warn!("ARTEFACTS_URL is not set: pages and screenshots of failures are not kept"),
    }
    place.map(ArtefactStore::open).transpose().context("ARTEFACTS_URL cannot be used")
}

fn open_redis(url: &str) -> anyhow::Result<ConnectionManager> {
    // The library's own text may repeat the address, and with it the password.
    let client = Client::open(url).map_err(|_| anyhow::anyhow!("REDIS_URL cannot be used"))?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(Duration::from_secs(1)))
        .set_max_delay(Duration::from_secs(1))
        .set_number_of_retries(2);
    Ok(ConnectionManager::new_lazy_with_config(client, config)?)
}
