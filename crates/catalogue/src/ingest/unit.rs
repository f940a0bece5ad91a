//! Storing a unit that was read: a new version when its content changed, a confirmation otherwise.

use crate::{
    CatalogueError, fanouts,
    ingest::UnitRead,
    store::{
        requisites,
        search::{self, IndexedUnit},
        sources::SourceVersion,
        versions::{self, NewVersion, Summary},
    },
};
use chrono::Utc;
use rmu_domain::{
    facts::UnitFacts,
    ids::{UnitId, UniversityId},
};
use rmu_postgres::AsyncPgConnection;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) unit: UnitId,
    pub(crate) new_version: bool,
}

/// Stores what was read of the page behind `target_key`.
pub(crate) async fn store(
    connection: &mut AsyncPgConnection,
    source: &SourceVersion,
    target_key: &str,
    read: &UnitRead,
) -> Result<Stored, CatalogueError> {
    let facts = &read.record.facts;
    let year = facts.year.and_then(|year| i16::try_from(year.get()).ok());
    // A worker's clock may be ahead; a page read in the future would shut out every later one.
    let fetched_at = read.fetched_at.min(Utc::now());
    // Computed here and not taken from the message: two versions must differ in what is stored.
    let content_hash = rmu_extraction::content_hash(facts);
    // Creates or locks the unit's row: two readings of one unit come one after the other from here on.
    let (unit, goes_on_as) = versions::lock_unit(connection, source.university, facts, fetched_at).await?;
    if let Some(unit) = goes_on_as {
        // A page of a former code: the unit is told of by the pages of the code that it has now.
        return Ok(Stored { unit, new_version: false });
    }
    versions::remember_page(connection, source.source, target_key, unit, year, fetched_at).await?;

    let latest = versions::latest_of_year(connection, unit, year).await?;
    if let Some(latest) = &latest {
        if latest.content_hash == content_hash {
            versions::confirm(connection, latest.id, unit, fetched_at).await?;
            return Ok(Stored { unit, new_version: false });
        }
        if latest.fetched_at > fetched_at {
            // An answer that was long on its way must not undo a newer one.
            return Ok(Stored { unit, new_version: false });
        }
    }
    let version = versions::insert(
        connection,
        NewVersion {
            unit,
            year,
            content_hash: &content_hash,
            record: &read.record,
            source,
            url: &read.url,
            fetched_at,
        },
    )
    .await?;
    // The unit shows its newest handbook year; an older year is history that has just been read.
    if versions::is_newest_year(connection, unit, year).await? {
        fanouts::handbook_changed(connection, unit, version.into(), facts).await?;
        versions::show(connection, unit, version, &summary(facts), fetched_at).await?;
        make_findable(connection, unit, source.university, facts).await?;
    }
    Ok(Stored { unit, new_version: true })
}

/// Writes what search and requisites are found by, as the version that is shown says.
pub(crate) async fn make_findable(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    university: UniversityId,
    facts: &UnitFacts,
) -> Result<(), CatalogueError> {
    let summary = summary(facts);
    let indexed = IndexedUnit {
        id: unit,
        university,
        code: &facts.code,
        title: &facts.title,
        description: facts.description.as_deref(),
        level: facts.level,
        credit_points: facts.credit_points,
        faculty: summary.faculty,
        sessions: summary.sessions.as_deref().unwrap_or_default(),
        modes: summary.modes.as_deref().unwrap_or_default(),
        requisite_free: summary.requisite_free,
        status: summary.status,
    };
    search::index_unit(connection, indexed).await?;
    let named = facts.requisites.as_deref().unwrap_or_default();
    Ok(requisites::keep(connection, unit, university, named).await?)
}

/// The columns of lists and filters. What is unknown stays unknown.
fn summary(facts: &UnitFacts) -> Summary<'_> {
    let distinct = |mut values: Vec<String>| {
        values.sort();
        values.dedup();
        values
    };
    let offerings = facts.offerings.as_deref();
    Summary {
        code: facts.code.as_str(),
        title: &facts.title,
        year: facts.year.and_then(|year| i16::try_from(year.get()).ok()),
        status: facts.status.as_deref(),
        credit_points_thousandths: facts.credit_points.and_then(|points| i32::try_from(points.thousandths()).ok()),
        level: facts.level.map(i16::from),
        study_level: facts.study_level.as_deref(),
        faculty: facts.faculty.as_deref(),
        school: facts.school.as_deref(),
        description: facts.description.as_deref(),
        sessions: offerings.map(|all| distinct(all.iter().map(|offering| offering.session.clone()).collect())),
        modes: offerings.map(|all| distinct(all.iter().filter_map(|offering| offering.mode.clone()).collect())),
        requisite_free: facts.requisites.as_ref().map(Vec::is_empty),
    }
}
