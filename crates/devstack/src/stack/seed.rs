//! What a new demo needs before it is of use: an administrator, universities with their sources, a student.
//!
//! Everything goes through the services' own commands and API. What was done is noted in `.local/seeds.json`,
//! so that a second start neither repeats it nor uses up anybody's login attempts.

use super::{api::Api, folder::Folder, handbooks, prepare::run_command, secrets::Secrets, services::Context};
use crate::{env_file, mailbox};
use anyhow::{Context as _, bail};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{collections::BTreeMap, fs, path::Path, time::Duration};
use tokio::time::{Instant, sleep};

/// The demo's administrator.
pub const ADMIN_EMAIL: &str = "admin@ratemyunit.example";
/// The demo's student; the domain is that of demo university A.
pub const STUDENT_EMAIL: &str = "student@northfield.example";
const STUDENT_NICKNAME: &str = "demo-student";
const MAIL_LIMIT: Duration = Duration::from_secs(30);

/// What has been done for this checkout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seeds {
    /// The ports of the handbooks, which are part of every page's address.
    pub handbook_ports: Option<Vec<u16>>,
    /// The ports that the sources in the catalogue name.
    pub sources_at: Option<Vec<u16>>,
    /// Slugs of the demo's sources.
    pub sources: Vec<String>,
    /// Whether the administrator exists.
    pub admin: bool,
    /// Whether the student is registered and verified.
    pub student: bool,
    /// The first scrape of each source, by its slug.
    pub first_scrapes: BTreeMap<String, String>,
    /// Whether all of those have finished.
    pub scraped: bool,
}

impl Seeds {
    /// Reads the notes; none when there are none yet.
    pub fn load(folder: &Folder) -> anyhow::Result<Self> {
        match fs::read(folder.join("seeds.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).context(".local/seeds.json is damaged; remove .local/"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes the notes.
    pub fn save(&self, folder: &Folder) -> anyhow::Result<()> {
        env_file::write_private(&folder.join("seeds.json"), &serde_json::to_vec_pretty(self)?)
    }
}

/// Does whatever has not been done yet.
pub async fn seed(context: &Context<'_>, seeds: &mut Seeds) -> anyhow::Result<()> {
    let mut api = Api::new(&context.ports.api_url())?;
    if !seeds.admin {
        create_admin(context, &mut api).await?;
        seeds.admin = true;
        seeds.save(context.folder)?;
    }
    if seeds.sources_at.as_deref() != Some(&context.ports.handbooks[..]) {
        log_in_as_admin(&mut api, context.secrets).await?;
        seeds.sources.clear();
        for (_, port) in handbooks::sites(&context.ports.handbooks) {
            seeds.sources.push(create_source(&mut api, port).await?);
        }
        seeds.sources_at = Some(context.ports.handbooks.to_vec());
        seeds.save(context.folder)?;
    }
    if !seeds.student {
        create_student(context).await?;
        seeds.student = true;
        seeds.save(context.folder)?;
    }
    Ok(())
}

/// Logs in as the demo's administrator.
pub async fn log_in_as_admin(api: &mut Api, secrets: &Secrets) -> anyhow::Result<()> {
    if !api.log_in(ADMIN_EMAIL, &secrets.admin_password).await? {
        bail!("the demo's administrator cannot log in; remove .local/ to begin afresh");
    }
    Ok(())
}

async fn create_admin(context: &Context<'_>, api: &mut Api) -> anyhow::Result<()> {
    let mut launch = context.auth("bootstrap-admin");
    launch.arguments.extend(["--email".to_owned(), ADMIN_EMAIL.to_owned()]);
    launch.environment.push(("RMU_ADMIN_PASSWORD", context.secrets.admin_password.clone()));
    let created = run_command(&launch).await;
    // A start that was interrupted right here has made it already.
    if created.is_err() && api.log_in(ADMIN_EMAIL, &context.secrets.admin_password).await? {
        return Ok(());
    }
    created
}

/// Makes the university of a handbook site and its source, or brings the source up to date.
async fn create_source(api: &mut Api, port: u16) -> anyhow::Result<String> {
    let description = Api::new(&super::services::local(port))?.call(Method::GET, "/_source.json", None).await?.body;
    let (university, source) = (&description["university"], &description["source"]);
    let university_slug = university["slug"].as_str().context("the handbook names no university")?;
    let slug = source["slug"].as_str().context("the handbook names no source")?;
    let definition = &source["definition"];

    let answer = api.call(Method::POST, "/api/admin/universities", Some(university)).await?;
    if answer.status != StatusCode::CONFLICT {
        answer.data().with_context(|| format!("university {university_slug} could not be created"))?;
    }
    let body = json!({"university": university_slug, "slug": slug, "definition": definition});
    let answer = api.call(Method::POST, "/api/admin/sources", Some(&body)).await?;
    if answer.status == StatusCode::CONFLICT {
        let path = format!("/api/admin/sources/{slug}");
        let body = json!({"definition": definition});
        api.call(Method::PUT, &path, Some(&body)).await?.data().with_context(|| format!("PUT {path}"))?;
    } else {
        answer.data().with_context(|| format!("source {slug} could not be created"))?;
    }
    Ok(slug.to_owned())
}

/// Registers as anybody would: by the form, the mail and the link in it.
async fn create_student(context: &Context<'_>) -> anyhow::Result<()> {
    let mut api = Api::new(&context.ports.api_url())?;
    let password = &context.secrets.student_password;
    if api.log_in(STUDENT_EMAIL, password).await? {
        return Ok(());
    }
    let body = json!({"email": STUDENT_EMAIL, "password": password, "nickname": STUDENT_NICKNAME});
    let answer = api.call(Method::POST, "/api/auth/register", Some(&body)).await?;
    answer.data().context("the demo's student could not be registered")?;
    let token = mailed_token(context.servers.sink.dir(), STUDENT_EMAIL).await?;
    let answer = api.call(Method::POST, "/api/auth/verify-email", Some(&json!({"token": token}))).await?;
    answer.data().context("the demo student's address could not be verified")?;
    Ok(())
}

async fn mailed_token(dir: &Path, recipient: &str) -> anyhow::Result<String> {
    let deadline = Instant::now() + MAIL_LIMIT;
    loop {
        if let Some(message) = mailbox::messages_to(dir, recipient).pop() {
            return mailbox::token_in(&message).context("the verification mail holds no link with a token");
        }
        if Instant::now() > deadline {
            bail!("no verification mail came to {recipient} within {} s", MAIL_LIMIT.as_secs());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
