//! The four servers together: started at the same time, stopped in order.

use crate::{
    env_file::Variables,
    packages::Tools,
    postgres::{Postgres, PostgresOptions},
    progress,
    rabbitmq::{self, Rabbitmq, RabbitmqOptions},
    record::Record,
    redis::{Redis, RedisOptions, RedisUser},
    smtp_sink::{SinkLimits, SmtpSink},
};
use std::path::{Path, PathBuf};

/// Folders, users and passwords of a set of servers.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Folder under which each server has its own.
    pub dir: PathBuf,
    /// Folder of the log files.
    pub logs: PathBuf,
    /// Password of PostgreSQL's superuser.
    pub postgres_password: String,
    /// Password of RabbitMQ's administrator.
    pub rabbitmq_password: String,
    /// Users of Redis, the administrator first.
    pub redis_users: Vec<RedisUser>,
    /// Whether data survives restarts and crashes.
    pub durable: bool,
    /// What PostgreSQL keeps of tables and indexes, as its `shared_buffers`.
    pub postgres_buffers: String,
}

/// Enough for tests and for a developer's stack.
pub const SMALL_BUFFERS: &str = "128MB";

impl ServerOptions {
    /// For tests: nothing is kept, and everybody is administrator.
    pub fn throwaway(dir: &Path) -> anyhow::Result<Self> {
        let user = RedisUser { name: "default", password: crate::random::hex(12)?, rules: crate::redis::EVERYTHING };
        Ok(Self {
            dir: dir.to_owned(),
            logs: dir.join("logs"),
            postgres_password: crate::random::hex(12)?,
            rabbitmq_password: crate::random::hex(12)?,
            redis_users: vec![user],
            durable: false,
            postgres_buffers: SMALL_BUFFERS.to_owned(),
        })
    }
}

/// One of the servers that run as processes of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Server {
    Postgres,
    Redis,
    Rabbitmq,
}

/// Four running servers.
#[derive(Debug)]
pub struct Servers {
    /// PostgreSQL.
    pub postgres: Postgres,
    /// Redis.
    pub redis: Redis,
    /// RabbitMQ.
    pub rabbitmq: Rabbitmq,
    /// The mail sink.
    pub sink: SmtpSink,
    tools: Tools,
    options: ServerOptions,
}

impl Servers {
    /// Starts all four and returns when each of them really answers.
    pub async fn start(tools: &Tools, options: &ServerOptions, record: &Record) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.logs)?;
        let mail_dir = options.dir.join("mail");
        let (postgres, redis, rabbitmq, sink) = tokio::try_join!(
            progress::step("PostgreSQL", start_postgres(tools, options, record, None)),
            progress::step("Redis", start_redis(tools, options, record, None)),
            progress::step("RabbitMQ", start_rabbitmq(tools, options, record, None)),
            progress::step("mail sink", SmtpSink::start(&mail_dir, SinkLimits::default())),
        )?;
        Ok(Self { postgres, redis, rabbitmq, sink, tools: tools.clone(), options: options.clone() })
    }

    /// Waits until one of them ends by itself; also says what the end of its log is.
    pub async fn first_exit(&self) -> (Server, String) {
        let [epmd, rabbitmq] = self.rabbitmq.processes();
        let (server, process) = tokio::select! {
            _ = self.postgres.process().wait() => (Server::Postgres, self.postgres.process()),
            _ = self.redis.process().wait() => (Server::Redis, self.redis.process()),
            _ = epmd.wait() => (Server::Rabbitmq, epmd),
            _ = rabbitmq.wait() => (Server::Rabbitmq, rabbitmq),
        };
        (server, format!("{} ended unexpectedly; {}", process.name(), process.log_tail()))
    }

    /// Starts a server that has ended once more, with its data and where it was before.
    pub async fn start_again(&mut self, server: Server, record: &Record) -> anyhow::Result<()> {
        let (tools, options) = (&self.tools, &self.options);
        match server {
            Server::Postgres => {
                self.postgres.process().kill_group();
                let port = self.postgres.port();
                let starting = start_postgres(tools, options, record, Some(port));
                self.postgres = progress::step("PostgreSQL started again", starting).await?;
            }
            Server::Redis => {
                self.redis.process().kill_group();
                let port = self.redis.port();
                let starting = start_redis(tools, options, record, Some(port));
                self.redis = progress::step("Redis started again", starting).await?;
            }
            Server::Rabbitmq => {
                self.rabbitmq.kill().await;
                let ports = self.rabbitmq.ports();
                let starting = start_rabbitmq(tools, options, record, Some(ports));
                self.rabbitmq = progress::step("RabbitMQ started again", starting).await?;
            }
        }
        Ok(())
    }

    /// The URL of Redis for one of its users; empty when there is no such user.
    pub fn redis_url(&self, name: &str) -> String {
        let user = self.options.redis_users.iter().find(|user| user.name == name);
        user.map(|user| self.redis.url(user)).unwrap_or_default()
    }

    /// What tests read, see `rmu-test-support`.
    pub fn test_variables(&self) -> Variables {
        let redis = self.options.redis_users.first().map(|user| self.redis.url(user)).unwrap_or_default();
        vec![
            ("RMU_TEST_POSTGRES_URL", self.postgres.url()),
            ("RMU_TEST_REDIS_URL", redis),
            ("RMU_TEST_AMQP_URL", self.rabbitmq.url()),
            ("RMU_TEST_RABBITMQ_API_URL", self.rabbitmq.management_url()),
            ("RMU_TEST_SMTP_ADDR", self.sink.address().to_string()),
            ("RMU_TEST_MAIL_DIR", self.sink.dir().display().to_string()),
        ]
    }

    /// Stops all; those that do not depend on each other at the same time.
    pub async fn stop(self) {
        drop(self.sink);
        tokio::join!(self.rabbitmq.stop(), self.redis.stop(), self.postgres.stop());
    }
}

async fn start_postgres(
    tools: &Tools,
    options: &ServerOptions,
    record: &Record,
    port: Option<u16>,
) -> anyhow::Result<Postgres> {
    let options = PostgresOptions {
        dir: &options.dir.join("postgres"),
        log: &options.logs.join("postgres.log"),
        password: &options.postgres_password,
        durable: options.durable,
        buffers: &options.postgres_buffers,
        port,
        record,
    };
    Postgres::start(tools, &options).await
}

async fn start_redis(
    tools: &Tools,
    options: &ServerOptions,
    record: &Record,
    port: Option<u16>,
) -> anyhow::Result<Redis> {
    let options = RedisOptions {
        dir: &options.dir.join("redis"),
        log: &options.logs.join("redis.log"),
        users: &options.redis_users,
        durable: options.durable,
        port,
        record,
    };
    Redis::start(tools, &options).await
}

async fn start_rabbitmq(
    tools: &Tools,
    options: &ServerOptions,
    record: &Record,
    ports: Option<rabbitmq::Ports>,
) -> anyhow::Result<Rabbitmq> {
    let options = RabbitmqOptions {
        dir: &options.dir.join("rabbitmq"),
        log: &options.logs.join("rabbitmq.log"),
        password: &options.rabbitmq_password,
        ports,
        record,
    };
    Rabbitmq::start(tools, &options).await
}
