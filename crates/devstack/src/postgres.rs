//! A private PostgreSQL.

use crate::{packages::Tools, process::Process, ready, record::Record};
use anyhow::{Context, bail};
use nix::{
    sys::signal::Signal,
    unistd::{Uid, User, chown},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// The account that runs the server when we are root, which PostgreSQL refuses to be.
const SERVER_USER: &str = "postgres";
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// How to run the server.
#[derive(Debug, Clone)]
pub struct PostgresOptions<'a> {
    /// Folder for the data; made when missing.
    pub dir: &'a Path,
    /// Log file.
    pub log: &'a Path,
    /// Password of the superuser `postgres`; it must stay the same for the same data.
    pub password: &'a str,
    /// Whether data must survive a crash. Tests do without, for speed.
    pub durable: bool,
    /// What it keeps of tables and indexes, as `shared_buffers`.
    pub buffers: &'a str,
    /// The port of a server that is started again; any free one without it.
    pub port: Option<u16>,
    /// Where its processes are recorded.
    pub record: &'a Record,
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    process: Process,
    port: u16,
    password: String,
}

impl Postgres {
    /// Makes the data folder when there is none, starts the server and waits until it answers a query.
    pub async fn start(tools: &Tools, options: &PostgresOptions<'_>) -> anyhow::Result<Self> {
        let dir = usable_folder(options.dir).await?;
        let data = dir.join("data");
        if !data.join("PG_VERSION").is_file() {
            initialise(tools, options, &dir, &data).await.context("initdb failed")?;
        }
        let port = crate::ports::kept_or_free(options.port)?;
        let mut command = as_server_user(&tools.postgres_bin.join("postgres"))?;
        command.current_dir(&dir).arg("-D").arg(&data).args(["-p", &port.to_string()]);
        command.args(["-c", &format!("shared_buffers={}", options.buffers)]);
        for setting in settings(options.durable) {
            command.args(["-c", setting]);
        }
        let process = options.record.spawn("PostgreSQL", &mut command, options.log)?;
        let server = Self { process, port, password: options.password.to_owned() };
        ready::wait(&server.process, START_LIMIT, || async {
            crate::database::connect(&server.url()).await?.simple_query("SELECT 1").await?;
            Ok(())
        })
        .await?;
        Ok(server)
    }

    /// The superuser's URL of the database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres", &self.password, "postgres")
    }

    /// The URL of a database for a role.
    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The child process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Ends all connections and stops. SIGINT is PostgreSQL's "fast" shutdown; SIGTERM would wait for clients.
    pub async fn stop(self) -> bool {
        self.process.stop(Signal::SIGINT, STOP_LIMIT).await
    }
}

fn settings(durable: bool) -> Vec<&'static str> {
    let mut settings = vec![
        "listen_addresses=127.0.0.1",
        // No socket file: its path would be too long under deep checkouts, and nothing needs it.
        "unix_socket_directories=",
        "max_connections=400",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_line_prefix=%m [%p] %q%a ",
    ];
    if !durable {
        settings.extend(["fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum_naptime=5min"]);
    }
    settings
}

async fn initialise(tools: &Tools, options: &PostgresOptions<'_>, dir: &Path, data: &Path) -> anyhow::Result<()> {
    let unfinished = dir.join("data.new");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    let password_file = dir.join("initial-password");
    crate::env_file::write_private(&password_file, options.password.as_bytes())?;
    give_to_server_user(&password_file)?;
    let mut command = as_server_user(&tools.postgres_bin.join("initdb"))?;
    command.current_dir(dir).arg("-D").arg(&unfinished).arg("--pwfile").arg(&password_file);
    command.args(["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=peer"]);
    // SCRAM costs 4096 rounds in the client, which an unoptimised test binary feels at every connection.
    command.arg(if options.durable { "--auth-host=scram-sha-256" } else { "--auth-host=password" });
    if !options.durable {
        command.arg("--no-sync");
    }
    let output = command.stdin(Stdio::null()).output().await?;
    fs::remove_file(&password_file)?;
    if !output.status.success() {
        bail!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    // The name tells that the folder is complete, so a start that was interrupted here begins again.
    fs::rename(&unfinished, data)?;
    Ok(())
}

/// The command, run as the server's user when we are root.
fn as_server_user(program: &Path) -> anyhow::Result<Command> {
    let mut command = if Uid::effective().is_root() {
        let mut command = Command::new("setpriv");
        let user = SERVER_USER;
        command.arg(format!("--reuid={user}")).arg(format!("--regid={user}")).arg("--clear-groups").arg(program);
        command
    } else {
        Command::new(program)
    };
    // Nothing of the caller's PG… variables may lead it to another server's data.
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin").env("LC_ALL", "C.UTF-8");
    Ok(command)
}

fn give_to_server_user(path: &Path) -> anyhow::Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let user = User::from_name(SERVER_USER)?.context("there is no user `postgres`, which the package creates")?;
    chown(path, Some(user.uid), Some(user.gid)).with_context(|| format!("cannot give {} to postgres", path.display()))
}

/// The folder for the data, owned by the server's user. When a folder above is closed to that user (a checkout
/// under `/root`), a place under `/var/lib` is used and its name kept in a file beside the folder.
async fn usable_folder(dir: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(dir)?;
    let dir = dir.canonicalize()?;
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))?;
    give_to_server_user(&dir)?;
    if reachable(&dir).await? {
        return Ok(dir);
    }
    let pointer = elsewhere_pointer(&dir);
    let elsewhere = match fs::read_to_string(&pointer) {
        Ok(path) => PathBuf::from(path.trim()),
        Err(_) => Path::new("/var/lib/rmu-devstack").join(crate::random::hex(8)?),
    };
    fs::create_dir_all(&elsewhere)?;
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700))?;
    give_to_server_user(&elsewhere)?;
    if !reachable(&elsewhere).await? {
        bail!("the user `postgres` can reach neither {} nor {}", dir.display(), elsewhere.display());
    }
    fs::write(&pointer, elsewhere.display().to_string())?;
    Ok(elsewhere)
}

async fn reachable(dir: &Path) -> anyhow::Result<bool> {
    let mut command = as_server_user(Path::new("/usr/bin/test"))?;
    // `current_dir` must be one that the other user can enter too.
    let status = command.current_dir("/").arg("-w").arg(dir).stdin(Stdio::null()).status().await?;
    Ok(status.success())
}

fn elsewhere_pointer(dir: &Path) -> PathBuf {
    dir.with_extension("location")
}

/// Removes the data of a stopped server, wherever it is.
pub fn remove_data(dir: &Path) -> anyhow::Result<()> {
    let pointer = elsewhere_pointer(dir);
    if let Ok(elsewhere) = fs::read_to_string(&pointer) {
        fs::remove_dir_all(elsewhere.trim())?;
        fs::remove_file(pointer)?;
    }
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    Ok(())
}
