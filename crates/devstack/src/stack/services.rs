//! The environment of each of our own programs.

use super::{
    folder::Folder,
    handbooks::{HOSTS, HandbookPorts},
    part::Launch,
    secrets::Secrets,
    settings::Settings,
};
use crate::{database::Role, packages::Tools, redis::RedisUser, servers::Servers};
use std::path::Path;

/// The database of the demo.
pub const DATABASE: &str = "ratemyunit";
const MAIL_FROM: &str = "RateMyUnit <noreply@ratemyunit.example>";

/// Users of Redis: a worker sees the host limits and nothing else, nobody but the administrator may do harm.
pub fn redis_users(secrets: &Secrets) -> Vec<RedisUser> {
    const SERVICE: &str = "~rmu:* &rmu:* +@all -@admin -@dangerous";
    const WORKER: &str = "~rmu:host:* resetchannels +@all -@admin -@dangerous -@pubsub";
    vec![
        RedisUser { name: "admin", password: secrets.redis.clone(), rules: crate::redis::EVERYTHING },
        RedisUser { name: "gateway", password: secrets.redis_gateway.clone(), rules: SERVICE },
        RedisUser { name: "auth", password: secrets.redis_auth.clone(), rules: SERVICE },
        RedisUser { name: "worker", password: secrets.redis_worker.clone(), rules: WORKER },
    ]
}

/// Ports of everything that listens, chosen before the start so that a part that is started again keeps its own.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The public API.
    pub api: u16,
    /// Operations port of the gateway.
    pub gateway_ops: u16,
    /// Operations port of auth.
    pub auth_ops: u16,
    /// Operations ports of the workers.
    pub worker_ops: Vec<u16>,
    /// The hosts of the demo handbooks.
    pub handbooks: HandbookPorts,
}

impl Ports {
    /// Chooses ports. Those of the handbooks are kept over restarts when they can be: they are part of every
    /// page's address in the catalogue.
    pub fn choose(settings: &Settings, handbooks: Option<&[u16]>) -> anyhow::Result<Self> {
        // Of another number from before a site was added: then all are chosen anew.
        let kept = handbooks.and_then(|ports| HandbookPorts::try_from(ports).ok());
        let handbooks = match kept.filter(|ports| ports.iter().all(|port| crate::ports::is_free(*port))) {
            Some(kept) => kept,
            None => crate::ports::free()?,
        };
        let api = settings.api_port()?;
        let taken = |port: &u16| *port != api && !handbooks.contains(port);
        let mut free = crate::ports::free::<40>()?.into_iter().filter(taken);
        let mut next = || free.next().ok_or_else(|| anyhow::anyhow!("there are not enough free ports"));
        let (gateway_ops, auth_ops) = (next()?, next()?);
        let worker_ops = (0..settings.workers).map(|_| next()).collect::<anyhow::Result<_>>()?;
        Ok(Self { api, gateway_ops, auth_ops, worker_ops, handbooks })
    }

    /// The public API's URL.
    pub fn api_url(&self) -> String {
        local(self.api)
    }
}

/// The URL of a port on this machine.
pub fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Everything needed to say how a program is started.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Where the binaries are.
    pub binaries: &'a Path,
    /// `.local/`.
    pub folder: &'a Folder,
    /// The developer's choices.
    pub settings: &'a Settings,
    /// Passwords and the signing key.
    pub secrets: &'a Secrets,
    /// The running servers.
    pub servers: &'a Servers,
    /// The ports chosen.
    pub ports: &'a Ports,
    /// Installed programs.
    pub tools: &'a Tools,
}

impl Context<'_> {
    /// `api-gateway`, `serve` or another of its commands.
    pub fn gateway(&self, command: &str) -> Launch {
        let (postgres, rabbitmq) = (&self.servers.postgres, &self.servers.rabbitmq);
        let environment = vec![
            ("DATABASE_URL", postgres.url_of(Role::Gateway.name(), &self.secrets.postgres_gateway, DATABASE)),
            ("AMQP_URL", rabbitmq.url_of("gateway", &self.secrets.rabbitmq_gateway)),
            ("REDIS_URL", self.redis_url("gateway")),
            ("PORT", self.ports.api.to_string()),
            ("PUBLIC_URL", self.ports.api_url()),
            ("RATE_LIMIT_PER_MINUTE", "6000".to_owned()),
            ("ARTEFACTS_URL", self.artefacts_url()),
        ];
        self.launch("api-gateway", "gateway", command, self.ports.gateway_ops, environment)
    }

    /// `auth`, `serve` or another of its commands.
    pub fn auth(&self, command: &str) -> Launch {
        let (postgres, rabbitmq) = (&self.servers.postgres, &self.servers.rabbitmq);
        let environment = vec![
            ("DATABASE_URL", postgres.url_of(Role::Auth.name(), &self.secrets.postgres_auth, DATABASE)),
            ("AMQP_URL", rabbitmq.url_of("auth", &self.secrets.rabbitmq_auth)),
            ("REDIS_URL", self.redis_url("auth")),
            ("JWT_SIGNING_KEY", self.secrets.jwt_signing_key.clone()),
            ("SMTP_URL", format!("smtp://{}", self.servers.sink.address())),
            ("MAIL_FROM", MAIL_FROM.to_owned()),
            ("PUBLIC_URL", self.ports.api_url()),
        ];
        self.launch("auth", "auth", command, self.ports.auth_ops, environment)
    }

    /// The worker of a number, counted from 0.
    pub fn worker(&self, number: usize, ops_port: u16) -> anyhow::Result<Launch> {
        let name = format!("worker-{}", number + 1);
        let state = self.folder.short(&name)?;
        let environment = vec![
            ("AMQP_URL", self.servers.rabbitmq.url_of("worker", &self.secrets.rabbitmq_worker)),
            ("REDIS_URL", self.redis_url("worker")),
            ("CHROMIUM_PATH", self.tools.chromium.display().to_string()),
            ("CHROMEDRIVER_PATH", self.tools.chromedriver.display().to_string()),
            ("WORKER_NAME", name.clone()),
            ("WORKER_STATE_DIR", state.display().to_string()),
            ("CRAWLER_CONTACT", "demo@ratemyunit.example".to_owned()),
            ("ARTEFACTS_URL", self.artefacts_url()),
        ];
        Ok(self.launch("scraper-worker", &name, "serve", ops_port, environment))
    }

    /// The demo handbooks.
    pub fn handbooks(&self) -> Launch {
        let ports = HOSTS.iter().zip(&self.ports.handbooks).map(|(host, port)| (host.port_argument, port.to_string()));
        let arguments = std::iter::once(("--units", self.settings.demo_units.to_string())).chain(ports);
        let [first, ..] = self.ports.handbooks;
        Launch {
            name: "demo-handbooks".to_owned(),
            program: self.binaries.join("demo-handbooks"),
            arguments: arguments.flat_map(|(name, value)| [name.to_owned(), value]).collect(),
            environment: Vec::new(),
            log: self.folder.log("demo-handbooks"),
            ready_url: format!("{}/_source.json", local(first)),
        }
    }

    fn launch(
        &self,
        binary: &str,
        name: &str,
        command: &str,
        ops_port: u16,
        own: Vec<(&'static str, String)>,
    ) -> Launch {
        let mut environment = vec![
            ("APP_ENV", "development".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("OPS_BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("OPS_PORT", ops_port.to_string()),
            ("READY_GRACE_SECONDS", "0".to_owned()),
            ("DRAIN_SECONDS", "15".to_owned()),
        ];
        environment.extend(own);
        // Last, so that the developer's wish wins.
        environment.extend(self.settings.handed_on.iter().cloned());
        Launch {
            name: name.to_owned(),
            program: self.binaries.join(binary),
            arguments: vec![command.to_owned()],
            environment,
            log: self.folder.log(name),
            ready_url: format!("{}/health/ready", local(ops_port)),
        }
    }

    /// A directory of the stack's own, which gateway and workers share.
    fn artefacts_url(&self) -> String {
        // Only a path that is not absolute has no URL, and without one nothing is kept.
        reqwest::Url::from_directory_path(self.folder.join("artefacts")).map(String::from).unwrap_or_default()
    }

    fn redis_url(&self, name: &str) -> String {
        self.servers.redis_url(name)
    }
}
