//! Finding the programs that the stack needs, and installing those that are missing.

use anyhow::{Context, bail};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// The shell script that installs packages without letting them start their services.
const INSTALL_SCRIPT: &str = include_str!("packages/install.sh");

/// Where each program was found.
#[derive(Debug, Clone)]
pub struct Tools {
    /// The folder that holds `initdb` and `postgres`.
    pub postgres_bin: PathBuf,
    /// `redis-server`.
    pub redis_server: PathBuf,
    /// The server script of RabbitMQ that does not insist on a user of its own.
    pub rabbitmq_server: PathBuf,
    /// Erlang's name server, which RabbitMQ needs.
    pub epmd: PathBuf,
    /// The browser.
    pub chromium: PathBuf,
    /// The browser's driver.
    pub chromedriver: PathBuf,
}

impl Tools {
    /// Finds every program, installing packages first where one is missing.
    pub async fn ensure() -> anyhow::Result<Self> {
        if let Ok(tools) = Self::find() {
            return Ok(tools);
        }
        let packages = missing_packages();
        install(&packages).await?;
        Self::find().map_err(|missing| {
            anyhow::anyhow!("the packages were installed, but these programs are still missing: {}", missing.join(", "))
        })
    }

    /// Finds every program; the error names those that are missing.
    pub fn find() -> Result<Self, Vec<&'static str>> {
        let mut missing = Vec::new();
        let mut take = |name, found: Option<PathBuf>| {
            found.unwrap_or_else(|| {
                missing.push(name);
                PathBuf::new()
            })
        };
        let tools = Self {
            postgres_bin: take("postgres", postgres_bin()),
            redis_server: take("redis-server", on_path("redis-server")),
            rabbitmq_server: take("rabbitmq-server", rabbitmq_server()),
            epmd: take("epmd", epmd()),
            chromium: take("chromium", chromium()),
            chromedriver: take("chromedriver", chromedriver()),
        };
        if missing.is_empty() { Ok(tools) } else { Err(missing) }
    }
}

/// The Debian packages whose programs are not there.
fn missing_packages() -> Vec<&'static str> {
    let wanted = [
        ("postgresql", postgres_bin().is_some()),
        ("redis-server", on_path("redis-server").is_some()),
        ("rabbitmq-server", rabbitmq_server().is_some() && epmd().is_some()),
        ("chromium", chromium().is_some()),
        ("chromium-driver", chromedriver().is_some()),
    ];
    wanted.into_iter().filter(|(_, present)| !present).map(|(package, _)| package).collect()
}

fn postgres_bin() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    let mut packaged = matching("/usr/lib/postgresql", |_| true);
    // The newest version first: 9.6 sorts below 15, as a number.
    packaged.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<f32>().ok()).map(f32::to_bits));
    let packaged = packaged.into_iter().rev().map(|version| version.join("bin")).find(complete);
    packaged.or_else(|| on_path("postgres")?.canonicalize().ok()?.parent().map(PathBuf::from).filter(complete))
}

fn rabbitmq_server() -> Option<PathBuf> {
    let direct = PathBuf::from("/usr/lib/rabbitmq/bin/rabbitmq-server");
    if direct.is_file() {
        return Some(direct);
    }
    let versions = matching("/usr/lib/rabbitmq/lib", |name| name.starts_with("rabbitmq_server"));
    versions.into_iter().map(|version| version.join("sbin/rabbitmq-server")).find(|script| script.is_file())
}

fn epmd() -> Option<PathBuf> {
    on_path("epmd").or_else(|| {
        let runtimes = matching("/usr/lib/erlang", |name| name.starts_with("erts-"));
        runtimes.into_iter().map(|runtime| runtime.join("bin/epmd")).find(|program| program.is_file())
    })
}

fn chromium() -> Option<PathBuf> {
    from_environment("CHROMIUM_PATH").or_else(|| on_path("chromium")).or_else(|| on_path("google-chrome"))
}

fn chromedriver() -> Option<PathBuf> {
    from_environment("CHROMEDRIVER_PATH").or_else(|| on_path("chromedriver"))
}

fn from_environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_file())
}

fn matching(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(&wanted)).map(|entry| entry.path()).collect()
}

/// Looks where a login shell of root would: an ordinary user's path often lacks the `sbin` folders.
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fixed = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(fixed).map(|folder| folder.join(program)).find(|file| file.is_file())
}

async fn install(packages: &[&str]) -> anyhow::Result<()> {
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if on_path("apt-get").is_none() {
        bail!(
            "these programs are missing and there is no apt-get to install them: {}.\n\
             Install them with your system's package manager (Debian's package names are given) and run the same command again.",
            packages.join(", ")
        );
    }
    let mut command = if nix::unistd::geteuid().is_root() {
        Command::new("sh")
    } else if sudo_without_password().await {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        bail!(
            "some packages are missing, and installing them needs root. Type this once, then run the same command again:\n\n    \
             sudo apt-get update && sudo {by_hand}\n"
        );
    };
    let started = std::time::Instant::now();
    crate::progress::line(&format!("  installing {} (once)", packages.join(", ")));
    let output = command
        .args(["-c", INSTALL_SCRIPT, "install"])
        .args(packages)
        .stdin(Stdio::null())
        .output()
        .await
        .context("the installation could not be started")?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        bail!("`{by_hand}` failed ({}):\n{}", output.status, lines[lines.len().saturating_sub(20)..].join("\n"));
    }
    crate::progress::done("packages installed", started.elapsed());
    Ok(())
}

async fn sudo_without_password() -> bool {
    let mut command = Command::new("sudo");
    command.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

/// Whether `path` is a program that can be run at all; used by checks before a start.
pub fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
