//! A small application behind the real edge, on a free port.

use actix_web::{App, HttpResponse, middleware::from_fn, web};
use rmu_web::{
    Edge, Json, Lifecycle, Problem, TrustedProxies,
    edge::edge,
    lifecycle::DrainSettings,
    server::{ListenSettings, http_server, serve_until_stopped},
};
use std::{io, num::NonZeroUsize, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinHandle};

pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) lifecycle: Lifecycle,
    /// Each permit lets one request to `/slow` finish.
    pub(crate) finish: Arc<Semaphore>,
    pub(crate) running: JoinHandle<io::Result<()>>,
}

pub(crate) fn start(grace: Duration, drain: Duration) -> TestServer {
    let lifecycle = Lifecycle::new(DrainSettings { ready_grace: grace, drain });
    let listener = ListenSettings::loopback().bind().unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let finish = Arc::new(Semaphore::new(0));
    let (state, gate) = (lifecycle.clone(), Arc::clone(&finish));
    let server = http_server(listener, NonZeroUsize::new(2), move || {
        let outermost = Edge { lifecycle: state.clone(), proxies: TrustedProxies::default(), https_only: false };
        App::new()
            .app_data(web::Data::new(outermost))
            .app_data(web::Data::new(Arc::clone(&gate)))
            .route("/quick", web::get().to(async || HttpResponse::Ok().body("quick")))
            .route("/slow", web::get().to(slow))
            .route("/items/{id}", web::get().to(async || Err::<HttpResponse, _>(Problem::not_found("item"))))
            .route("/echo", web::post().to(async |body: Json<Vec<u8>>| HttpResponse::Ok().json(body.0)))
            .wrap(from_fn(edge))
    })
    .unwrap();
    let life = lifecycle.clone();
    let running = tokio::spawn(async move { serve_until_stopped(server, &life).await });
    TestServer { url, lifecycle, finish, running }
}

async fn slow(gate: web::Data<Arc<Semaphore>>) -> HttpResponse {
    gate.acquire().await.unwrap().forget();
    HttpResponse::Ok().body("slow")
}

pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// One that keeps no connection.
pub(crate) fn forgetful_client() -> reqwest::Client {
    let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20));
    builder.pool_max_idle_per_host(0).build().unwrap()
}
