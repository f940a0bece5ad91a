//! A private Redis.

use crate::{packages::Tools, process::Process, ready, record::Record};
use anyhow::bail;
use nix::sys::signal::Signal;
use std::{fs, path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A user of Redis and what it may do.
#[derive(Debug, Clone)]
pub struct RedisUser {
    /// `default` is the user of clients that name none.
    pub name: &'static str,
    /// Letters and digits only: it is written into the users' file.
    pub password: String,
    /// Rules in Redis' own notation.
    pub rules: &'static str,
}

/// Every command on every key.
pub const EVERYTHING: &str = "~* &* +@all";

/// How to run the server.
#[derive(Debug, Clone)]
pub struct RedisOptions<'a> {
    /// Folder for the data; made when missing.
    pub dir: &'a Path,
    /// Log file.
    pub log: &'a Path,
    /// Users; the first one must be allowed everything, as it is used to see whether the server is ready.
    pub users: &'a [RedisUser],
    /// Whether data is kept over a restart.
    pub durable: bool,
    /// The port of a server that is started again; any free one without it.
    pub port: Option<u16>,
    /// Where its processes are recorded.
    pub record: &'a Record,
}

/// A running server.
#[derive(Debug)]
pub struct Redis {
    process: Process,
    port: u16,
}

impl Redis {
    /// Starts the server and waits until it answers a PING.
    pub async fn start(tools: &Tools, options: &RedisOptions<'_>) -> anyhow::Result<Self> {
        let Some(first) = options.users.first() else { bail!("Redis needs at least one user") };
        fs::create_dir_all(options.dir)?;
        let dir = options.dir.canonicalize()?;
        let port = crate::ports::kept_or_free(options.port)?;
        let users_file = dir.join("users.acl");
        crate::env_file::write_private(&users_file, users(options.users).as_bytes())?;
        let config_file = dir.join("redis.conf");
        crate::env_file::write_private(&config_file, config(&dir, &users_file, port, options.durable).as_bytes())?;
        let mut command = Command::new(&tools.redis_server);
        command.arg(&config_file).current_dir(&dir);
        let process = options.record.spawn("Redis", &mut command, options.log)?;
        ready::wait(&process, START_LIMIT, || ping(port, first)).await?;
        Ok(Self { process, port })
    }

    /// The URL for a user; `default` is left out, as clients without a user name are that one.
    pub fn url(&self, user: &RedisUser) -> String {
        let name = if user.name == "default" { "" } else { user.name };
        format!("redis://{name}:{}@127.0.0.1:{}/", user.password, self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The child process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Stops the server; what must be kept is written first.
    pub async fn stop(self) -> bool {
        self.process.stop(Signal::SIGTERM, STOP_LIMIT).await
    }
}

fn users(users: &[RedisUser]) -> String {
    let mut lines = String::new();
    if users.iter().all(|user| user.name != "default") {
        lines.push_str("user default off\n");
    }
    for user in users {
        lines.push_str(&format!("user {} on >{} {}\n", user.name, user.password, user.rules));
    }
    lines
}

fn config(dir: &Path, users_file: &Path, port: u16, durable: bool) -> String {
    // Snapshots: with users of its own, Redis 7.0 refuses to replay the scripts of its append-only file, and what
    // a crash may lose here is a minute of limits.
    let kept = if durable { "60 1" } else { "\"\"" };
    format!(
        "bind 127.0.0.1\nport {port}\nprotected-mode yes\ndaemonize no\nappendonly no\nsave {kept}\n\
         dir \"{}\"\naclfile \"{}\"\n",
        dir.display(),
        users_file.display()
    )
}

/// Speaks to the server by hand: two commands need no client library.
async fn ping(port: u16, user: &RedisUser) -> anyhow::Result<()> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    connection.write_all(format!("AUTH {} {}\r\nPING\r\n", user.name, user.password).as_bytes()).await?;
    let expected = b"+OK\r\n+PONG\r\n";
    let mut answer = vec![0; expected.len()];
    connection.read_exact(&mut answer).await?;
    if answer != expected {
        bail!("Redis answered {:?}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}
