//! Starting a job: all of its first tasks are admitted, or none and the caller is told why.

use crate::{
    CatalogueError, ConflictKind,
    audit::{Actor, AuditAction, Details, Subject, SubjectKind, record_by},
    idempotency::{self, IdempotencyKey, Replay},
    ledger::{Expansion, LIMIT_RETRY_AFTER, MAX_TASKS_PER_JOB, Target, TraceHeaders, target::parse_page_url},
    store::{expansions, health, jobs, sources, tasks},
};
use rmu_domain::{
    ParseError,
    code_template::CodeTemplate,
    ids::{JobId, SourceId},
    scrape::Priority,
    slug::Slug,
    unit_code::UnitCode,
    year::Year,
};
use rmu_extraction::Source;
use rmu_postgres::{AsyncPgConnection, Database, DatabaseError};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// At most so many starts take a connection at once: they wait for each other on the ledger's lock, and readers
/// must not run out of connections meanwhile.
static TURNS: Semaphore = Semaphore::const_new(4);
const LONGEST_WAIT_FOR_A_TURN: Duration = Duration::from_secs(10);

/// More targets than this are a discovery's work.
pub const MAX_LISTED_TARGETS: usize = 1000;

/// What an administrator (or a schedule) asks for.
#[derive(Debug, Clone)]
pub struct StartScrape {
    pub source: Slug,
    pub scope: Scope,
    /// By default whole handbooks are bulk and lists are normal.
    pub priority: Option<Priority>,
    pub started_by: Option<Actor>,
    pub trace: TraceHeaders,
    pub idempotency_key: Option<IdempotencyKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Scope {
    /// Everything that the source's start addresses lead to.
    Discovery,
    /// Just these: addresses of unit pages, and units whose pages are known from earlier jobs.
    List { urls: Vec<String>, codes: Vec<UnitCode> },
    /// The codes of a template, in each of the years; without any, in those of the source.
    Template { template: CodeTemplate, years: Vec<Year> },
}

/// A job that runs now, or the one that an earlier request with the same key started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    pub job: JobId,
    /// How many first tasks it got.
    pub admitted: u32,
}

/// Starts a job. `limit` is the most live tasks there may be, over all jobs.
pub async fn start_scrape(database: &Database, limit: u32, request: &StartScrape) -> Result<Started, CatalogueError> {
    let _turn = take_a_turn().await?;
    database
        .transaction(async |connection| {
            let replay = match (&request.idempotency_key, &request.started_by) {
                (Some(key), Some(actor)) => {
                    let fingerprint =
                        idempotency::fingerprint(&(request.source.as_str(), &request.scope, request.priority));
                    idempotency::begin(connection, actor.account, "start-scrape", key, &fingerprint).await?
                }
                _ => Replay::First(None),
            };
            let reservation = match replay {
                Replay::Again(started) => return Ok(started),
                Replay::First(reservation) => reservation,
            };
            let started = start_in(connection, limit, request).await?;
            idempotency::finish(connection, reservation, &started).await?;
            Ok(started)
        })
        .await
}

/// The same within a transaction, without a key.
pub(crate) async fn start_in(
    connection: &mut AsyncPgConnection,
    limit: u32,
    request: &StartScrape,
) -> Result<Started, CatalogueError> {
    let source =
        sources::find(connection, &request.source).await?.ok_or(CatalogueError::NotFound { what: "source" })?;
    if !source.enabled {
        return Err(CatalogueError::conflict(ConflictKind::WrongState, "the source is switched off"));
    }
    let rules = rules(&source.definition)?;
    let targets = targets(connection, source.id, &rules, &request.scope).await?;
    let expansions = expansions(&rules, &request.scope)?;
    let waiting: u64 = expansions.iter().map(Expansion::total).sum();
    let waiting = i32::try_from(waiting).ok().filter(|waiting| *waiting <= MAX_TASKS_PER_JOB);
    let waiting = waiting.ok_or_else(|| CatalogueError::Invalid {
        field: if request.scope == Scope::Discovery { "source" } else { "template" }.to_owned(),
        detail: format!("must give at most {MAX_TASKS_PER_JOB} pages over all years"),
    })?;
    let wanted = u32::try_from(targets.len()).unwrap_or(u32::MAX);
    if wanted > limit {
        return Err(CatalogueError::Invalid {
            field: "urls".to_owned(),
            detail: format!("must be at most {limit} targets at once"),
        });
    }
    require_room(connection, limit, wanted).await?;
    require_healthy(connection, source.id).await?;
    let kind = match request.scope {
        Scope::Discovery => jobs::JobKind::Discovery,
        Scope::List { .. } | Scope::Template { .. } => jobs::JobKind::List,
    };
    let job = JobId::new();
    let priority = request.priority.unwrap_or(match kind {
        jobs::JobKind::Discovery => Priority::Bulk,
        jobs::JobKind::List => Priority::Normal,
    });
    let new = jobs::NewJob {
        id: job,
        source: source.id,
        kind,
        priority,
        started_by: request.started_by.as_ref().map(|actor| actor.account),
        retry_of: None,
        trace: &request.trace,
    };
    insert_job(connection, new).await?;
    let admitted = tasks::insert_pending(connection, job, source.id, priority, &targets).await?;
    for expansion in &expansions {
        let total = i32::try_from(expansion.total()).unwrap_or(i32::MAX);
        expansions::insert(connection, job, expansion, total).await?;
    }
    require_some(admitted.saturating_add(waiting))?;
    let delta = jobs::Delta {
        live: admitted,
        frontier: waiting,
        skipped: i32::try_from(targets.len()).unwrap_or(i32::MAX) - admitted,
        ..Default::default()
    };
    jobs::apply(connection, job, delta).await?;
    let details = Details::default().slug("source", &request.source).number("tasks", i64::from(admitted));
    let subject = Subject::of(SubjectKind::Scrape, job);
    record_by(connection, request.started_by.as_ref(), AuditAction::ScrapeStarted, subject, details).await?;
    tasks::wake_up(connection).await?;
    Ok(Started { job, admitted: u32::try_from(admitted).unwrap_or_default() })
}

/// Waits for one of the few places of those who start something.
pub(crate) async fn take_a_turn() -> Result<SemaphorePermit<'static>, CatalogueError> {
    let turn = tokio::time::timeout(LONGEST_WAIT_FOR_A_TURN, TURNS.acquire()).await;
    match turn {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(DatabaseError::Timeout("too many scrapes are being started".to_owned()).into()),
    }
}

/// Refuses what belongs to a source that is paused because its site has changed.
pub(crate) async fn require_healthy(
    connection: &mut AsyncPgConnection,
    source: SourceId,
) -> Result<(), CatalogueError> {
    match health::paused_reason(connection, source).await? {
        None => Ok(()),
        Some(reason) => {
            let detail = format!("the source is paused until somebody has looked: {reason}");
            Err(CatalogueError::conflict(ConflictKind::WrongState, detail))
        }
    }
}

/// Takes the ledger's lock, and refuses what does not fit. From here until the commit nobody else adds a live
/// task, so the count is exact.
pub(crate) async fn require_room(
    connection: &mut AsyncPgConnection,
    limit: u32,
    wanted: u32,
) -> Result<(), CatalogueError> {
    tasks::lock_ledger(connection).await?;
    let live = tasks::count_live(connection).await?;
    if live.saturating_add(wanted) > limit {
        return Err(CatalogueError::LimitReached { limit, live, retry_after: LIMIT_RETRY_AFTER });
    }
    Ok(())
}

pub(crate) async fn insert_job(
    connection: &mut AsyncPgConnection,
    new: jobs::NewJob<'_>,
) -> Result<(), CatalogueError> {
    jobs::insert(connection, new).await.map_err(|error| {
        match error.is_unique_violation_of("scrape_jobs_discovery_key") {
            true => CatalogueError::conflict(
                ConflictKind::WrongState,
                "a discovery of this source runs already; wait for it or cancel it",
            ),
            false => error.into(),
        }
    })
}

/// A job without a single task would never end.
pub(crate) fn require_some(admitted: i32) -> Result<(), CatalogueError> {
    if admitted > 0 {
        return Ok(());
    }
    Err(CatalogueError::conflict(ConflictKind::WrongState, "another job is reading all of this already"))
}

/// The first tasks of a job, each once.
async fn targets(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    rules: &Source,
    scope: &Scope,
) -> Result<Vec<Target>, CatalogueError> {
    let mut targets = match scope {
        Scope::Discovery => {
            let mut targets = start_targets(rules)?;
            targets.extend(canary_targets(connection, source).await?);
            targets
        }
        Scope::List { urls, codes } => listed_targets(connection, source, rules, urls, codes).await?,
        Scope::Template { .. } => Vec::new(),
    };
    targets.sort_by_key(Target::key);
    targets.dedup_by_key(|target| target.key());
    Ok(targets)
}

/// A changed site shows by its canaries before everything else of it is read.
async fn canary_targets(connection: &mut AsyncPgConnection, source: SourceId) -> Result<Vec<Target>, CatalogueError> {
    let mut targets = Vec::new();
    for code in health::of(connection, source).await?.canaries {
        if let Ok(code) = UnitCode::parse(&code) {
            targets.extend(tasks::known_targets(connection, source, &code).await?);
        }
    }
    Ok(targets)
}

/// The templates of a job, which become tasks as there is room.
fn expansions(rules: &Source, scope: &Scope) -> Result<Vec<Expansion>, CatalogueError> {
    match scope {
        Scope::Discovery => Ok(Expansion::of_source(rules)),
        Scope::List { .. } => Ok(Vec::new()),
        Scope::Template { template, years } => Ok(vec![Expansion::of_request(rules, template, years)?]),
    }
}

fn start_targets(rules: &Source) -> Result<Vec<Target>, CatalogueError> {
    rules
        .start_urls()
        .iter()
        .map(|url| Target::discovery(url.as_str()).map_err(|error| CatalogueError::invalid("source", &error)))
        .collect()
}

async fn listed_targets(
    connection: &mut AsyncPgConnection,
    source: SourceId,
    rules: &Source,
    urls: &[String],
    codes: &[UnitCode],
) -> Result<Vec<Target>, CatalogueError> {
    let count = urls.len() + codes.len();
    if !(1..=MAX_LISTED_TARGETS).contains(&count) {
        let detail = format!("must name 1 to {MAX_LISTED_TARGETS} pages");
        return Err(CatalogueError::Invalid { field: "urls".to_owned(), detail });
    }
    let mut targets = Vec::with_capacity(count);
    for (index, raw) in urls.iter().enumerate() {
        let refused = |error: &ParseError| CatalogueError::invalid(format!("urls[{index}]"), error);
        let url = parse_page_url(raw).map_err(|error| refused(&error))?;
        let address = rules
            .classify(&url)
            .filter(|_| rules.allows(&url))
            .ok_or_else(|| refused(&ParseError::new("is not the address of a unit's page of this source")))?;
        let target = Target::unit(url.as_str(), Some(address.code), address.year).map_err(|error| refused(&error))?;
        targets.push(target);
    }
    for (index, code) in codes.iter().enumerate() {
        let known = tasks::known_targets(connection, source, code).await?;
        if known.is_empty() {
            let detail = "is not known from an earlier scrape of this source: give its address";
            return Err(CatalogueError::Invalid { field: format!("codes[{index}]"), detail: detail.to_owned() });
        }
        targets.extend(known);
    }
    Ok(targets)
}

/// The stored rules, compiled. They were checked when they were stored, by this version or an older one.
pub(crate) fn rules(definition: &serde_json::Value) -> Result<Source, CatalogueError> {
    Source::parse(definition).map_err(|_| {
        let detail = "the source's rules are from an older version: store them anew";
        CatalogueError::conflict(ConflictKind::WrongState, detail)
    })
}
