//! Starting and stopping the whole.

use super::{
    build, first_scrape,
    folder::Folder,
    part::{Launch, Part},
    prepare,
    secrets::Secrets,
    seed::{self, Seeds},
    services::{Context, Ports, redis_users},
    settings::Settings,
    state::{Phase, State},
    summary,
};
use crate::{
    env_file,
    packages::Tools,
    progress::{self, step},
    record::{self, Record},
    servers::{SMALL_BUFFERS, ServerOptions, Servers},
};
use std::path::{Path, PathBuf};
use tokio::task::JoinSet;

/// A stack on its way up, running, or on its way down: whatever has been started so far is in it.
#[derive(Debug)]
pub struct Stack {
    /// The checkout.
    pub root: PathBuf,
    /// `.local/`.
    pub folder: Folder,
    /// The developer's choices.
    pub settings: Settings,
    /// Passwords and key.
    pub secrets: Secrets,
    /// What has been done for this checkout before.
    pub seeds: Seeds,
    /// Processes.
    pub record: Record,
    /// Ports of what listens.
    pub ports: Ports,
    /// The servers, once they run.
    pub servers: Option<Servers>,
    /// Our own programs, once they run.
    pub parts: Vec<Part>,
}

impl Stack {
    /// Reads what there is from before and makes what is missing; starts nothing.
    pub fn open(root: &Path, folder: Folder) -> anyhow::Result<Self> {
        Self::open_with(root, folder, Settings::from_environment()?)
    }

    /// The same, with choices of one's own.
    pub fn open_with(root: &Path, folder: Folder, settings: Settings) -> anyhow::Result<Self> {
        let secrets = Secrets::load_or_make(&folder.join("secrets.json"))?;
        let mut seeds = Seeds::load(&folder)?;
        let ended = record::end_all(&folder.processes())?;
        if ended > 0 {
            progress::line(&format!("  ended {ended} processes that a killed run had left"));
        }
        let ports = choose_ports(&settings, &mut seeds, &folder)?;
        let record = Record::create(&folder.processes())?;
        let root = root.to_owned();
        Ok(Self { root, folder, settings, secrets, seeds, record, ports, servers: None, parts: Vec::new() })
    }

    /// Starts everything up to an API that answers, and writes `.local/stack.env`.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let tools = Tools::ensure().await?;
        let options = ServerOptions {
            dir: self.folder.path().to_owned(),
            logs: self.folder.join("logs"),
            postgres_password: self.secrets.postgres.clone(),
            rabbitmq_password: self.secrets.rabbitmq.clone(),
            redis_users: redis_users(&self.secrets),
            durable: true,
            postgres_buffers: SMALL_BUFFERS.to_owned(),
        };
        let (servers, binaries) = tokio::try_join!(
            Servers::start(&tools, &options, &self.record),
            step("services built", build::build(&self.root, self.settings.release)),
        )?;
        // From here on they are stopped in order, whatever fails.
        let servers = self.servers.insert(servers);
        // A first build takes minutes, in which somebody else may have taken one of them.
        self.ports = choose_ports(&self.settings, &mut self.seeds, &self.folder)?;
        step("roles, schemas, queues", prepare::prepare(servers, &self.secrets, &self.settings)).await?;
        let context = Context {
            binaries: &binaries,
            folder: &self.folder,
            settings: &self.settings,
            secrets: &self.secrets,
            servers,
            ports: &self.ports,
            tools: &tools,
        };
        step("migrations", async {
            prepare::run_command(&context.gateway("migrate")).await?;
            prepare::run_command(&context.auth("migrate")).await
        })
        .await?;
        self.parts = start_parts(&context, &self.record).await?;
        step("demo accounts, universities, sources", seed::seed(&context, &mut self.seeds)).await?;
        self.write_env()
    }

    /// Scrapes the demo handbooks, unless that was done before. Goes on beside whoever watches over the stack.
    pub fn first_scrape(&self) -> impl Future<Output = anyhow::Result<()>> + use<> {
        let (api_url, folder) = (self.ports.api_url(), self.folder.clone());
        let (secrets, seeds) = (self.secrets.clone(), self.seeds.clone());
        async move { first_scrape::run(&api_url, &folder, &secrets, seeds).await }
    }

    /// Writes `.local/stack.env` with the process ids as they are now.
    pub fn write_env(&self) -> anyhow::Result<()> {
        let Some(servers) = &self.servers else { return Ok(()) };
        let variables = summary::variables(servers, &self.secrets, &self.ports, &self.parts);
        env_file::write_plain(&self.folder.stack_env(), &variables)
    }

    /// The final table.
    pub fn table(&self) -> String {
        let Some(servers) = &self.servers else { return String::new() };
        summary::table(servers, &self.secrets, &self.ports, self.folder.path())
    }

    /// Lets the services finish, ends them, then the servers, then whatever else is left.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        // What is said about a stack that stops would be wrong in a moment.
        let _ = std::fs::remove_file(self.folder.stack_env());
        let _ = State::write(&self.folder, Phase::Stopping);
        let mut stopping = JoinSet::new();
        for part in self.parts.drain(..) {
            let name = part.launch.name.clone();
            stopping.spawn(async move { (name, part.stop().await) });
        }
        while let Some(stopped) = stopping.join_next().await {
            if let Ok((name, false)) = stopped {
                progress::line(&format!("  {name} did not end in time and was killed"));
            }
        }
        if let Some(servers) = self.servers.take() {
            servers.stop().await;
        }
        record::end_all(&self.folder.processes())?;
        State::remove(&self.folder);
        Ok(())
    }
}

fn choose_ports(settings: &Settings, seeds: &mut Seeds, folder: &Folder) -> anyhow::Result<Ports> {
    let ports = Ports::choose(settings, seeds.handbook_ports.as_deref())?;
    seeds.handbook_ports = Some(ports.handbooks.to_vec());
    seeds.save(folder)?;
    Ok(ports)
}

async fn start_parts(context: &Context<'_>, record: &Record) -> anyhow::Result<Vec<Part>> {
    let mut workers = Vec::new();
    for (number, port) in context.ports.worker_ops.iter().enumerate() {
        workers.push(context.worker(number, *port)?);
    }
    let start = async |launch: Launch| step(&launch.name.clone(), launch.start(record)).await;
    let (handbooks, auth, gateway) =
        tokio::try_join!(start(context.handbooks()), start(context.auth("serve")), start(context.gateway("serve")))?;
    let mut parts = vec![handbooks, auth, gateway];
    for worker in workers {
        parts.push(start(worker).await?);
    }
    Ok(parts)
}
