//! Codes from templates: kept as a template until there is room, then made a few hundred at a time.

use crate::{
    CatalogueError,
    ledger::{Target, rules},
    store::{expansions, jobs::WaitingJob, sources, tasks},
};
use rmu_domain::{code_template::CodeTemplate, year::Year};
use rmu_extraction::Source;
use rmu_postgres::AsyncPgConnection;

/// A template whose codes are all to be looked for, in each of the years.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expansion {
    pub(crate) template: CodeTemplate,
    /// One without a year where the addresses of the site name none.
    pub(crate) years: Vec<Option<Year>>,
}

impl Expansion {
    pub(crate) fn total(&self) -> u64 {
        u64::from(self.template.count()) * self.years.len() as u64
    }

    /// The templates that a source begins discovery with.
    pub(super) fn of_source(rules: &Source) -> Vec<Self> {
        let years = years_of(rules, &[]);
        rules
            .code_templates()
            .iter()
            .map(|template| Self { template: template.clone(), years: years.clone() })
            .collect()
    }

    /// What somebody asks for, if the source can tell where it would be.
    pub(super) fn of_request(rules: &Source, template: &CodeTemplate, years: &[Year]) -> Result<Self, CatalogueError> {
        let refused = |field: &str, detail: &str| {
            Err(CatalogueError::Invalid { field: field.to_owned(), detail: detail.to_owned() })
        };
        let Some(by_year) = rules.unit_address_by_year() else {
            return refused("template", "needs a source with `unitAddress`, which says where the unit of a code is");
        };
        if !by_year && !years.is_empty() {
            return refused("years", "must be left out: the addresses of this source name no year");
        }
        let expansion = Self { template: template.clone(), years: years_of(rules, years) };
        let Some(year) = expansion.years.first() else {
            return refused("years", "must name some: the addresses of this source do, and it has none of its own");
        };
        match template.code(0).filter(|code| rules.unit_address(code, *year).is_none()) {
            Some(code) => refused("template", &format!("gives {code}, whose address is none of a unit by `unitUrl`")),
            None => Ok(expansion),
        }
    }

    /// The target of a number under the total. `None` when the rules, changed since, know of no such address.
    fn target(&self, rules: &Source, number: u32) -> Option<Target> {
        let count = self.template.count().max(1);
        let year = *self.years.get(usize::try_from(number / count).ok()?)?;
        let code = self.template.code(number % count)?;
        let url = rules.unit_address(&code, year)?;
        Target::unit(url.as_str(), Some(code), year).ok()
    }
}

fn years_of(rules: &Source, asked: &[Year]) -> Vec<Option<Year>> {
    if rules.unit_address_by_year() != Some(true) {
        return vec![None];
    }
    let own = rules.document().years.iter().filter_map(|year| Year::new(*year).ok());
    let years: Vec<Year> = if asked.is_empty() { own.collect() } else { asked.to_vec() };
    years.into_iter().map(Some).collect()
}

/// Makes tasks of up to `share` codes of a locked job, under the ledger's lock. Returns how many codes were used and
/// how many became tasks.
pub(super) async fn admit(
    connection: &mut AsyncPgConnection,
    job: WaitingJob,
    share: u32,
) -> Result<(i32, i32), CatalogueError> {
    if share == 0 {
        return Ok((0, 0));
    }
    let Some(waiting) = expansions::first(connection, job.id).await? else { return Ok((0, 0)) };
    let next = waiting.next.saturating_add(i32::try_from(share).unwrap_or(i32::MAX)).min(waiting.total);
    let numbers = u32::try_from(waiting.next).unwrap_or_default()..u32::try_from(next).unwrap_or_default();
    let targets: Vec<Target> = match expansion(connection, job, &waiting).await? {
        Some((rules, expansion)) => numbers.filter_map(|number| expansion.target(&rules, number)).collect(),
        // The codes count as skipped: one source must not stand in the way of all others.
        None => Vec::new(),
    };
    let admitted = tasks::insert_pending(connection, job.id, job.source, job.priority, &targets).await?;
    expansions::advance(connection, &waiting, next).await?;
    Ok((next - waiting.next, admitted))
}

/// What is left of a template, with the rules that say where its units are. `None` when this version of the program
/// cannot read what an older one has stored.
async fn expansion(
    connection: &mut AsyncPgConnection,
    job: WaitingJob,
    waiting: &expansions::Waiting,
) -> Result<Option<(Source, Expansion)>, CatalogueError> {
    let template = serde_json::from_value(waiting.template.clone());
    let years = serde_json::from_value(waiting.years.clone());
    let rules = rules(&sources::definition(connection, job.source).await?);
    match (template, years, rules) {
        (Ok(template), Ok(years), Ok(rules)) => Ok(Some((rules, Expansion { template, years }))),
        (_, _, rules) => {
            let error = rules.err().map(|error| error.to_string());
            tracing::error!(job_id = %job.id, source_id = %job.source, error, "codes are skipped: nobody can say where they are");
            Ok(None)
        }
    }
}
