//! A private RabbitMQ: own node name, ports, data, Erlang name server and cookie.

use crate::{packages::Tools, process::Process, ready, record::Record};
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

const START_LIMIT: Duration = Duration::from_secs(90);
const STOP_LIMIT: Duration = Duration::from_secs(30);
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// What an AMQP 0-9-1 client says first.
const PROTOCOL_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";

/// The administrator that every private broker has.
pub const ADMINISTRATOR: &str = "admin";

/// How to run the broker.
#[derive(Debug, Clone)]
pub struct RabbitmqOptions<'a> {
    /// Folder for data, configuration and the Erlang cookie; made when missing.
    pub dir: &'a Path,
    /// Log file.
    pub log: &'a Path,
    /// Password of [`ADMINISTRATOR`]; only the first start of a folder sets it.
    pub password: &'a str,
    /// Where its processes are recorded.
    pub record: &'a Record,
    /// The ports of a broker that is started again; any free ones without them.
    pub ports: Option<Ports>,
}

/// A running broker and its name server.
#[derive(Debug)]
pub struct Rabbitmq {
    epmd: Process,
    process: Process,
    ports: Ports,
    password: String,
    http: reqwest::Client,
}

/// Where a broker and its name server listen.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    amqp: u16,
    management: u16,
    prometheus: u16,
    distribution: u16,
    epmd: u16,
}

impl Rabbitmq {
    /// Starts the broker and waits until it speaks AMQP and its management interface answers.
    pub async fn start(tools: &Tools, options: &RabbitmqOptions<'_>) -> anyhow::Result<Self> {
        fs::create_dir_all(options.dir)?;
        let dir = options.dir.canonicalize()?;
        let ports = match options.ports {
            Some(ports) => ports,
            None => {
                let [amqp, management, prometheus, distribution, epmd] = crate::ports::free()?;
                Ports { amqp, management, prometheus, distribution, epmd }
            }
        };
        crate::env_file::write_private(&dir.join("rabbitmq.conf"), config(ports, options.password).as_bytes())?;
        fs::write(dir.join("enabled_plugins"), "[rabbitmq_management,rabbitmq_prometheus].\n")?;
        let http = reqwest::Client::builder().timeout(REQUEST_LIMIT).no_proxy().build()?;

        // In the foreground and of our own: the one that Erlang would start for itself outlives the broker.
        let mut command = Command::new(&tools.epmd);
        command.args(["-port", &ports.epmd.to_string(), "-address", "127.0.0.1"]);
        let epmd = options.record.spawn("epmd", &mut command, options.log)?;
        ready::wait(&epmd, START_LIMIT, || async { Ok(TcpStream::connect(("127.0.0.1", ports.epmd)).await?) }).await?;

        let mut command = broker_command(tools, &dir, ports)?;
        let process = options.record.spawn("RabbitMQ", &mut command, options.log)?;
        let broker = Self { epmd, process, ports, password: options.password.to_owned(), http };
        ready::wait(&broker.process, START_LIMIT, || broker.check()).await?;
        Ok(broker)
    }

    /// The administrator's URL of the default vhost.
    pub fn url(&self) -> String {
        self.url_of(ADMINISTRATOR, &self.password)
    }

    /// The URL of the default vhost for a user.
    pub fn url_of(&self, user: &str, password: &str) -> String {
        format!("amqp://{user}:{password}@127.0.0.1:{}/%2f", self.ports.amqp)
    }

    /// The management interface's URL with the administrator's credentials.
    pub fn management_url(&self) -> String {
        format!("http://{ADMINISTRATOR}:{}@127.0.0.1:{}", self.password, self.ports.management)
    }

    /// Imports definitions (users, permissions, exchanges, queues …); what exists already is left or updated.
    pub async fn import_definitions(&self, definitions: &serde_json::Value) -> anyhow::Result<()> {
        let url = format!("{}/api/definitions", self.management_url());
        let response = self.http.post(url).json(definitions).send().await?;
        let status = response.status();
        if !status.is_success() {
            bail!("RabbitMQ refused the definitions ({status}): {}", response.text().await?);
        }
        Ok(())
    }

    /// Where it listens.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The broker's process. Its name server ends with it.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// All processes, for the record.
    pub fn processes(&self) -> [&Process; 2] {
        [&self.epmd, &self.process]
    }

    /// Stops the broker in order, then its name server.
    pub async fn stop(self) -> bool {
        let polite = self.process.stop(Signal::SIGTERM, STOP_LIMIT).await;
        self.epmd.stop(Signal::SIGTERM, Duration::from_secs(2)).await;
        polite
    }

    /// Ends what is left of both at once, and waits until their ports are free again.
    pub async fn kill(&self) {
        for process in self.processes() {
            process.kill_group();
        }
        for process in self.processes() {
            // The kernel needs no longer; the limit only guards against a process that is stuck in it.
            let _ = tokio::time::timeout(Duration::from_secs(5), process.wait()).await;
        }
    }

    async fn check(&self) -> anyhow::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.ports.amqp)).await?;
        connection.write_all(PROTOCOL_HEADER).await?;
        // A frame of type "method" on channel 0: the broker's `connection.start`.
        let mut answer = [0; 3];
        connection.read_exact(&mut answer).await?;
        if answer != [1, 0, 0] {
            bail!("RabbitMQ did not answer as AMQP 0-9-1 demands: {answer:?}");
        }
        let response = self.http.get(format!("{}/api/overview", self.management_url())).send().await?;
        response.error_for_status().context("the management interface does not answer yet")?;
        Ok(())
    }
}

fn config(ports: Ports, password: &str) -> String {
    let Ports { amqp, management, prometheus, .. } = ports;
    format!(
        "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
         management.tcp.ip = 127.0.0.1\n\
         management.tcp.port = {management}\n\
         prometheus.tcp.ip = 127.0.0.1\n\
         prometheus.tcp.port = {prometheus}\n\
         default_user = {ADMINISTRATOR}\n\
         default_pass = {password}\n\
         loopback_users = none\n\
         disk_free_limit.absolute = 50MB\n\
         log.console.level = info\n"
    )
}

fn broker_command(tools: &Tools, dir: &Path, ports: Ports) -> anyhow::Result<Command> {
    let mut command = Command::new(&tools.rabbitmq_server);
    command
        .current_dir(dir)
        // Not a variable of the caller: RABBITMQ_… ones would change whose node this is.
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", dir)
        .env("RABBITMQ_NODENAME", node_name(dir)?)
        .env("RABBITMQ_NODE_PORT", ports.amqp.to_string())
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", dir.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", dir.join("log"))
        .env("RABBITMQ_LOGS", "-")
        .env("RABBITMQ_CONFIG_FILE", dir.join("rabbitmq.conf"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", dir.join("enabled_plugins"))
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}")
        .env("ERL_EPMD_PORT", ports.epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1");
    Ok(command)
}

/// The node's name is part of its data's place, so it is kept; it is random, so that two never meet.
fn node_name(dir: &Path) -> anyhow::Result<String> {
    let file: PathBuf = dir.join("node-name");
    if let Ok(name) = fs::read_to_string(&file) {
        return Ok(name.trim().to_owned());
    }
    let name = format!("rmu-{}@localhost", crate::random::hex(6)?);
    fs::write(file, &name)?;
    Ok(name)
}
