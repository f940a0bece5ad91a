//! The four servers together: started at the same time, stopped in order.

use crate::{
    env_file::Variables,
    packages::Tools,
    postgres::{Postgres, PostgresOptions},
    process::Process,
    progress,
    rabbitmq::{Rabbitmq, RabbitmqOptions},
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
}

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
        })
    }
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
    redis_users: Vec<RedisUser>,
}

impl Servers {
    /// Starts all four and returns when each of them really answers.
    pub async fn start(tools: &Tools, options: &ServerOptions, record: &Record) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.logs)?;
        let log = |name: &str| options.logs.join(name);
        let (postgres_dir, postgres_log) = (options.dir.join("postgres"), log("postgres.log"));
        let (redis_dir, redis_log) = (options.dir.join("redis"), log("redis.log"));
        let (rabbitmq_dir, rabbitmq_log) = (options.dir.join("rabbitmq"), log("rabbitmq.log"));
        let postgres_options = PostgresOptions {
            dir: &postgres_dir,
            log: &postgres_log,
            password: &options.postgres_password,
            durable: options.durable,
            record,
        };
        let redis_options = RedisOptions {
            dir: &redis_dir,
            log: &redis_log,
            users: &options.redis_users,
            durable: options.durable,
            record,
        };
        let rabbitmq_options =
            RabbitmqOptions { dir: &rabbitmq_dir, log: &rabbitmq_log, password: &options.rabbitmq_password, record };
        let mail_dir = options.dir.join("mail");
        let (postgres, redis, rabbitmq, sink) = tokio::try_join!(
            progress::step("PostgreSQL", Postgres::start(tools, &postgres_options)),
            progress::step("Redis", Redis::start(tools, &redis_options)),
            progress::step("RabbitMQ", Rabbitmq::start(tools, &rabbitmq_options)),
            progress::step("mail sink", SmtpSink::start(&mail_dir, SinkLimits::default())),
        )?;
        Ok(Self { postgres, redis, rabbitmq, sink, redis_users: options.redis_users.clone() })
    }

    /// The processes, for the record and for whoever watches over them.
    pub fn processes(&self) -> Vec<&Process> {
        let [epmd, rabbitmq] = self.rabbitmq.processes();
        vec![self.postgres.process(), self.redis.process(), epmd, rabbitmq]
    }

    /// The URL of Redis for one of its users; empty when there is no such user.
    pub fn redis_url(&self, name: &str) -> String {
        let user = self.redis_users.iter().find(|user| user.name == name);
        user.map(|user| self.redis.url(user)).unwrap_or_default()
    }

    /// What tests read, see `rmu-test-support`.
    pub fn test_variables(&self) -> Variables {
        let redis = self.redis_users.first().map(|user| self.redis.url(user)).unwrap_or_default();
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
