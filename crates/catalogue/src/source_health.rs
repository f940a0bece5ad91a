//! The health of sources: whether a site is still read as before, and what to do when it is not.
//!
//! Drift is noticed by the ingest, which pauses the source in the transaction of the result that shows it: nothing of
//! the source is sent from then on. Its jobs follow in transactions of their own ([`settle_held_jobs`]), since a job's
//! lock comes before everything else.

use crate::{
    CatalogueError,
    audit::{Actor, AuditAction, Details, Entry, Subject, SubjectKind, record, record_by},
    ledger::{OutboxCommand, TraceHeaders},
    store::{health as store, health_figures as figures, jobs, outbox, sources, tasks},
};
use chrono::{DateTime, Utc};
use rmu_domain::{facts::FactName, ids::JobId, scrape::JobState, slug::Slug, unit_code::UnitCode};
use rmu_extraction::Source;
use rmu_postgres::Database;

/// Canaries are read in every run, before everything else.
pub const MOST_CANARIES: usize = 20;

/// How a source is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthView {
    /// Since when the source is paused.
    pub paused_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    /// Facts that stopped coming out.
    pub vanished: Vec<String>,
    /// Facts that an administrator has given up for the current rules.
    pub accepted: Vec<String>,
    pub canaries: Vec<Canary>,
    /// The latest runs, newest first.
    pub runs: Vec<RunHealth>,
    /// Every fact that the rules can give.
    pub facts: Vec<FactHealth>,
}

/// A unit of which everything known must come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    pub code: String,
    /// `kept`, `lost`, `unread`, or nothing so far.
    pub verdict: Option<String>,
    pub read_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunHealth {
    pub job: JobId,
    pub state: JobState,
    pub started_at: DateTime<Utc>,
    pub read: u32,
    pub not_found: u32,
    pub dead: u32,
}

impl RunHealth {
    /// Unknown while nothing has ended.
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.read + self.dead;
        (ended > 0).then(|| f64::from(self.read) / f64::from(ended))
    }
}

/// How many pages give a fact.
#[derive(Debug, Clone, PartialEq)]
pub struct FactHealth {
    pub fact: FactName,
    pub required: bool,
    /// Of the units that are shown; unknown while there are none.
    pub baseline: Option<f64>,
    /// Of the pages read in the latest run; unknown while there are none.
    pub latest: Option<f64>,
}

pub async fn get_health(database: &Database, source: &Slug) -> Result<HealthView, CatalogueError> {
    let mut connection = database.connection().await?;
    let found = sources::find(&mut connection, source).await?.ok_or(CatalogueError::NotFound { what: "source" })?;
    let health = store::of(&mut connection, found.id).await?;
    let canaries = figures::canaries(&mut connection, found.id, &health.canaries).await?;
    let runs = figures::runs(&mut connection, found.id).await?;
    let baseline = figures::baseline(&mut connection, found.id).await?;
    let latest = figures::latest(&mut connection, found.id).await?;
    // Rules that an older version stored and this one cannot read have no facts to show.
    let document = Source::parse(&found.definition).ok().map(|rules| rules.document().clone());
    let facts = document.into_iter().flat_map(|document| {
        let required = document.required;
        document.facts.into_keys().map(move |fact| (fact, required.contains(&fact)))
    });
    let always = |fact| matches!(fact, FactName::Code | FactName::Title);
    let facts = facts
        .map(|(fact, required)| FactHealth {
            fact,
            required: required || always(fact),
            baseline: baseline.share(fact),
            latest: latest.share(fact),
        })
        .collect();
    let current = health.accepted_version == Some(found.version);
    Ok(HealthView {
        paused_at: health.paused_at,
        reason: health.reason,
        vanished: health.vanished,
        accepted: if current { health.accepted } else { Vec::new() },
        canaries,
        runs,
        facts,
    })
}

/// Lifts the pause: the site is as it was, or the rules follow it. Jobs that were held go on.
pub async fn resume_source(database: &Database, source: &Slug, by: &Actor) -> Result<(), CatalogueError> {
    lift(database, source, by, None).await
}

/// Accepts that these facts (or those that vanished) are not given any more, as long as the rules stay as they are,
/// and lifts the pause.
pub async fn accept_shape(
    database: &Database,
    source: &Slug,
    facts: Option<Vec<FactName>>,
    by: &Actor,
) -> Result<(), CatalogueError> {
    lift(database, source, by, Some(facts)).await
}

async fn lift(
    database: &Database,
    source: &Slug,
    by: &Actor,
    accepted: Option<Option<Vec<FactName>>>,
) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let found = sources::find(connection, source).await?.ok_or(CatalogueError::NotFound { what: "source" })?;
            if let Some(accepted) = &accepted {
                let facts = match accepted {
                    Some(facts) => facts.iter().map(|fact| fact.as_str().to_owned()).collect(),
                    None => store::of(connection, found.id).await?.vanished,
                };
                store::accept(connection, found.id, &facts, found.version).await?;
            }
            store::resume(connection, found.id).await?;
            tasks::wake_up(connection).await?;
            let action = if accepted.is_some() { AuditAction::SourceDriftAccepted } else { AuditAction::SourceResumed };
            let details = Details::default().number("version", found.version);
            let entry = Entry::new(by, action, Subject::named(SubjectKind::Source, source)).with(details);
            record(connection, &entry).await
        })
        .await?;
    tracing::warn!(account_id = %by.account, source = source.as_str(), accepted = accepted.is_some(), "a source goes on");
    settle_held_jobs(database).await.map(drop)
}

/// Names the units that are read first in every run and must give everything that is known of them.
pub async fn set_canaries(
    database: &Database,
    source: &Slug,
    codes: &[UnitCode],
    by: Option<&Actor>,
) -> Result<(), CatalogueError> {
    if codes.len() > MOST_CANARIES {
        let detail = format!("must name at most {MOST_CANARIES} units");
        return Err(CatalogueError::Invalid { field: "codes".to_owned(), detail });
    }
    let mut normalised: Vec<String> = codes.iter().map(|code| code.normalised().to_owned()).collect();
    normalised.sort();
    normalised.dedup();
    database
        .transaction(async |connection| {
            let found = sources::find(connection, source).await?.ok_or(CatalogueError::NotFound { what: "source" })?;
            for (index, code) in codes.iter().enumerate() {
                if tasks::known_targets(connection, found.id, code).await?.is_empty() {
                    let detail = "is not known from an earlier scrape of this source".to_owned();
                    return Err(CatalogueError::Invalid { field: format!("codes[{index}]"), detail });
                }
            }
            store::set_canaries(connection, found.id, &normalised).await?;
            let details = Details::default().number("canaries", i32::try_from(normalised.len()).unwrap_or(i32::MAX));
            let subject = Subject::named(SubjectKind::Source, source);
            record_by(connection, by, AuditAction::SourceCanariesSet, subject, details).await
        })
        .await
}

/// A source that is paused because its site's shape has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PausedSource {
    pub slug: String,
    pub reason: String,
}

pub async fn paused_sources(database: &Database) -> Result<Vec<PausedSource>, CatalogueError> {
    Ok(figures::paused(&mut *database.connection().await?).await?)
}

/// Pauses the running jobs of paused sources, and resumes those that were held when their source goes on. Any number
/// of copies may do so at once. Returns how many jobs were changed.
pub async fn settle_held_jobs(database: &Database) -> Result<u32, CatalogueError> {
    let unsettled = jobs::unsettled(&mut *database.connection().await?).await?;
    let mut changed = 0;
    for job in unsettled {
        changed += u32::from(settle(database, job).await?);
    }
    Ok(changed)
}

async fn settle(database: &Database, job: JobId) -> Result<bool, CatalogueError> {
    database
        .transaction(async |connection| {
            if jobs::lock(connection, job).await?.is_none() {
                return Ok(false);
            }
            // Under the job's lock: somebody else may have settled it, or the source may have changed again.
            let (state, command) = match jobs::wanted_by_source(connection, job).await? {
                Some(JobState::Paused) => (JobState::Paused, OutboxCommand::PauseJob { job_id: job }),
                Some(JobState::Running) => (JobState::Running, OutboxCommand::ResumeJob { job_id: job }),
                _ => return Ok(false),
            };
            jobs::set_state(connection, job, state, None).await?;
            jobs::set_held(connection, job, state == JobState::Paused).await?;
            outbox::insert(connection, &command, &TraceHeaders::new()).await?;
            tasks::wake_up(connection).await?;
            Ok(true)
        })
        .await
}
