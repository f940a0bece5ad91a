//! Starts all sites on loopback, one listener a host.

use super::{
    eastmoor, harbourview,
    host::{Host, receive},
    northfield, southmere, westhaven,
};
use crate::{
    Site,
    faults::{FaultSwitch, Faults},
};
use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::from_fn,
    web::{Data, ServiceConfig},
};
use serde::Serialize;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
};

/// What to serve and where; port 0 is any free one.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    pub seed: u64,
    pub units: u32,
    pub northfield_port: u16,
    pub requisites_port: u16,
    pub eastmoor_port: u16,
    pub westhaven_port: u16,
    pub southmere_port: u16,
    pub harbourview_port: u16,
    pub northfield_faults: Faults,
    pub eastmoor_faults: Faults,
    pub westhaven_faults: Faults,
    pub southmere_faults: Faults,
    pub harbourview_faults: Faults,
    /// The gap between requests that the sites' own source documents ask of a crawler.
    pub min_gap_ms: u64,
}

impl Default for ServeConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            units: 300,
            northfield_port: 0,
            requisites_port: 0,
            eastmoor_port: 0,
            westhaven_port: 0,
            southmere_port: 0,
            harbourview_port: 0,
            northfield_faults: Faults::default(),
            eastmoor_faults: Faults::default(),
            westhaven_faults: Faults::default(),
            southmere_faults: Faults::default(),
            harbourview_faults: Faults::default(),
            min_gap_ms: 20,
        }
    }
}

/// Origins (`http://127.0.0.1:4001`) of the hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    pub northfield: String,
    pub northfield_requisites: String,
    pub eastmoor: String,
    pub westhaven: String,
    pub southmere: String,
    pub harbourview: String,
}

/// The sites being served; they end with [`Running::stop`] or with the process.
pub struct Running {
    pub addresses: Addresses,
    handles: Vec<ServerHandle>,
}

impl Running {
    /// Stops at once; pages that hang are given up.
    pub async fn stop(self) {
        for handle in self.handles {
            handle.stop(false).await;
        }
    }
}

/// Binds all listeners, then serves them in the background of the current tokio runtime.
pub async fn serve(config: ServeConfig) -> io::Result<Running> {
    let bind = |port: u16| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let origin = |listener: &TcpListener| Ok::<_, io::Error>(format!("http://{}", listener.local_addr()?));
    let northfield = bind(config.northfield_port)?;
    let requisites = bind(config.requisites_port)?;
    let eastmoor = bind(config.eastmoor_port)?;
    let westhaven = bind(config.westhaven_port)?;
    let southmere = bind(config.southmere_port)?;
    let harbourview = bind(config.harbourview_port)?;
    let addresses = Addresses {
        northfield: origin(&northfield)?,
        northfield_requisites: origin(&requisites)?,
        eastmoor: origin(&eastmoor)?,
        westhaven: origin(&westhaven)?,
        southmere: origin(&southmere)?,
        harbourview: origin(&harbourview)?,
    };
    let (seed, units) = (config.seed, config.units);
    let site_a = Site::courseloop(seed, units).with_requisites_origin(&addresses.northfield_requisites);
    let site_a = Arc::new(site_a);
    let faults_a = Arc::new(FaultSwitch::new(config.northfield_faults));
    let origins_a = vec![addresses.northfield.clone(), addresses.northfield_requisites.clone()];
    let host = |site: &Arc<Site>, faults: &Arc<FaultSwitch>, origin: &str, origins: &[String]| Host {
        site: site.clone(),
        faults: faults.clone(),
        statistics: crate::statistics::Statistics::default(),
        origin: origin.to_owned(),
        origins: origins.to_vec(),
        min_gap_ms: config.min_gap_ms,
    };
    let alone = |site: Site, faults: Faults, origin: &String| {
        host(&Arc::new(site), &Arc::new(FaultSwitch::new(faults)), origin, std::slice::from_ref(origin))
    };
    let site_b = alone(Site::legacy(seed, units), config.eastmoor_faults, &addresses.eastmoor);
    let site_c = alone(Site::elements(seed, units), config.westhaven_faults, &addresses.westhaven);
    let site_d = alone(Site::search_first(seed, units), config.southmere_faults, &addresses.southmere);
    let site_e = alone(Site::feed(seed, units), config.harbourview_faults, &addresses.harbourview);
    let handles = vec![
        start(northfield, host(&site_a, &faults_a, &addresses.northfield, &origins_a), northfield::handbook)?,
        start(
            requisites,
            host(&site_a, &faults_a, &addresses.northfield_requisites, &origins_a),
            northfield::requisites,
        )?,
        start(eastmoor, site_b, eastmoor::handbook)?,
        start(westhaven, site_c, westhaven::handbook)?,
        start(southmere, site_d, southmere::handbook)?,
        start(harbourview, site_e, harbourview::handbook)?,
    ];
    Ok(Running { addresses, handles })
}

fn start(listener: TcpListener, host: Host, routes: fn(&mut ServiceConfig)) -> io::Result<ServerHandle> {
    let host = Data::new(host);
    let server = HttpServer::new(move || App::new().app_data(host.clone()).wrap(from_fn(receive)).configure(routes))
        .workers(2)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(handle)
}
