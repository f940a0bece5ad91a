//! What is said about a running stack: to people in a table, to programs in `.local/stack.env`.

use super::{
    handbooks,
    part::Part,
    secrets::Secrets,
    seed::{ADMIN_EMAIL, STUDENT_EMAIL},
    services::{DATABASE, Ports, local},
};
use crate::{database::Role, env_file::Variables, servers::Servers};
use std::path::Path;

/// The variables of `.local/stack.env`.
pub fn variables(servers: &Servers, secrets: &Secrets, ports: &Ports, parts: &[Part]) -> Variables {
    let pid = |name: &str| {
        let part = parts.iter().find(|part| part.launch.name == name);
        part.map(|part| part.process.pid().to_string()).unwrap_or_default()
    };
    let workers: Vec<String> = parts
        .iter()
        .filter(|part| part.launch.name.starts_with("worker-"))
        .map(|part| part.process.pid().to_string())
        .collect();
    let postgres = &servers.postgres;
    let role = |role: Role, password: &str| postgres.url_of(role.name(), password, DATABASE);
    let handbooks = handbooks::sites(&ports.handbooks).map(|(site, port)| (site.variable, local(port)));
    let own = vec![
        ("RMU_API_URL", ports.api_url()),
        ("RMU_OPS_GATEWAY_URL", local(ports.gateway_ops)),
        ("RMU_OPS_AUTH_URL", local(ports.auth_ops)),
        ("RMU_OPS_WORKER_URL", ports.worker_ops.first().map(|port| local(*port)).unwrap_or_default()),
        ("RMU_OPS_WORKER_URLS", ports.worker_ops.iter().map(|port| local(*port)).collect::<Vec<_>>().join(",")),
        ("RMU_ADMIN_EMAIL", ADMIN_EMAIL.to_owned()),
        ("RMU_ADMIN_PASSWORD", secrets.admin_password.clone()),
        ("RMU_STUDENT_EMAIL", STUDENT_EMAIL.to_owned()),
        ("RMU_STUDENT_PASSWORD", secrets.student_password.clone()),
        ("RMU_MAIL_DIR", servers.sink.dir().display().to_string()),
        ("RMU_SMTP_ADDR", servers.sink.address().to_string()),
        ("DATABASE_URL", role(Role::Gateway, &secrets.postgres_gateway)),
        ("RMU_AUTH_DATABASE_URL", role(Role::Auth, &secrets.postgres_auth)),
        ("RMU_SUPERUSER_DATABASE_URL", postgres.url_of("postgres", &secrets.postgres, DATABASE)),
        ("REDIS_URL", servers.redis_url("admin")),
        ("AMQP_URL", servers.rabbitmq.url()),
        ("RMU_RABBITMQ_API_URL", servers.rabbitmq.management_url()),
        ("RMU_PID_GATEWAY", pid("gateway")),
        ("RMU_PID_AUTH", pid("auth")),
        ("RMU_PID_WORKER", workers.first().cloned().unwrap_or_default()),
        ("RMU_PID_WORKERS", workers.join(",")),
        ("RMU_PID_RABBITMQ", servers.rabbitmq.process().pid().to_string()),
        ("RMU_PID_POSTGRES", servers.postgres.process().pid().to_string()),
        ("RMU_PID_REDIS", servers.redis.process().pid().to_string()),
    ];
    handbooks.chain(own).collect()
}

/// The final table.
pub fn table(servers: &Servers, secrets: &Secrets, ports: &Ports, folder: &Path) -> String {
    let api = ports.api_url();
    let handbooks = handbooks::sites(&ports.handbooks).map(|(site, port)| (site.title, local(port) + site.start));
    let first = [
        ("API", api.clone()),
        ("API pages", format!("{api}/api/docs")),
        ("try", format!("curl '{api}/api/units?search=data'")),
    ];
    let last = [
        ("RabbitMQ", servers.rabbitmq.management_url()),
        ("student", format!("{STUDENT_EMAIL}  {}", secrets.student_password)),
        ("administrator", format!("{ADMIN_EMAIL}  {}", secrets.admin_password)),
        ("mail", servers.sink.dir().display().to_string()),
        ("logs", folder.join("logs").display().to_string()),
        ("for programs", folder.join("stack.env").display().to_string()),
    ];
    let lines = first.into_iter().chain(handbooks).chain(last).map(|(name, value)| format!("  {name:<18}{value}"));
    format!("\nRateMyUnit is running.\n\n{}\n", lines.collect::<Vec<_>>().join("\n"))
}
