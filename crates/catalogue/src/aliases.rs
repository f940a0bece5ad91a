//! Renamed units: an old code leads to the unit that goes on.
//!
//! The unit of the old code keeps its row and its versions, points to the other and is not listed any more. Its
//! reviews move along and keep the code that they were written under. Of a student who has reviewed both, the review
//! of the unit that goes on counts; the other is set aside, and comes back when the merge is undone.

use crate::{
    CatalogueError, ConflictKind,
    audit::{self, Actor, AuditAction, Details, Entry, Subject, SubjectKind},
    reviews::states::{NewState, change_state},
    search::ranks,
    store::{aliases as store, aliases::UnitRow, kept_units, nicknames, reviews, scores::Changes, units},
};
use rmu_domain::{
    ParseError,
    ids::{ReviewId, UnitId},
    review::StateCause,
    unit_code::UnitCode,
};
use rmu_postgres::{AsyncPgConnection, Database};

/// No unit was renamed more often.
pub const MOST_ALIASES: usize = 20;

/// A code that a unit had before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    pub code: String,
    /// The unit of that code.
    pub former: UnitId,
    /// How many reviews came along.
    pub reviews_moved: u32,
    /// How many were set aside, because their authors have reviewed both.
    pub reviews_set_aside: u32,
}

/// What adding an alias came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    pub alias: Alias,
    /// Whether the code was no alias of the unit before.
    pub is_new: bool,
}

/// The codes that a unit had before.
pub async fn aliases(database: &Database, unit: UnitId) -> Result<Vec<Alias>, CatalogueError> {
    Ok(store::aliases(&mut *database.connection().await?, unit).await?)
}

/// Makes an old code of the same university lead to the unit; a code that was never read may be one too.
pub async fn add_alias(
    database: &Database,
    actor: &Actor,
    unit: UnitId,
    code: &UnitCode,
) -> Result<Merged, CatalogueError> {
    database
        .transaction(async |connection| {
            let (target, former) = both(connection, unit, code).await?;
            let aliases = store::aliases(connection, unit).await?;
            if let Some(alias) = aliases.iter().find(|alias| alias.former == former.id) {
                return Ok(Merged { alias: alias.clone(), is_new: false });
            }
            check(connection, &target, &former, aliases.len()).await?;
            store::point(connection, former.id, Some(unit)).await?;
            store::hide(connection, former.id).await?;
            kept_units::hand_over(connection, former.id, unit).await?;
            nicknames::hand_over(connection, former.id, unit).await?;
            let set_aside = store::by_authors_of_both(connection, former.id, unit).await?;
            for review in &set_aside {
                let aside = NewState::Hidden { cause: StateCause::Merge, reason: None };
                change_state(connection, *review, aside).await?;
            }
            let moving = store::without_review_of(connection, former.id, unit).await?;
            move_reviews(connection, &moving, former.id, unit).await?;
            store::remember_moved(connection, &moving, former.id).await?;
            let details = Details::default().id("former", former.id);
            let subject = Subject::of(SubjectKind::Unit, unit);
            audit::record(connection, &Entry::new(actor, AuditAction::AliasAdded, subject).with(details)).await?;
            let alias = Alias {
                code: former.code,
                former: former.id,
                reviews_moved: count(moving.len()),
                reviews_set_aside: count(set_aside.len()),
            };
            Ok(Merged { alias, is_new: true })
        })
        .await
}

/// Undoes a merge: the old code is a unit of its own again, with the reviews that it had. What was written since
/// stays where it is.
pub async fn remove_alias(
    database: &Database,
    actor: &Actor,
    unit: UnitId,
    code: &UnitCode,
) -> Result<(), CatalogueError> {
    database
        .transaction(async |connection| {
            let alias = CatalogueError::NotFound { what: "alias" };
            let found = store::aliases(connection, unit).await?;
            let Some(alias) = found.iter().find(|one| rmu_domain::unit_code::normalise(&one.code) == code.normalised())
            else {
                return Err(alias);
            };
            let former = alias.former;
            let locked = store::lock(connection, &[unit, former]).await?;
            if !locked.iter().any(|row| row.id == former && row.merged_into == Some(unit)) {
                return Err(CatalogueError::NotFound { what: "alias" });
            }
            store::point(connection, former, None).await?;
            let moving = store::moved(connection, former, unit).await?;
            move_reviews(connection, &moving, unit, former).await?;
            store::forget_moved(connection, former).await?;
            for review in store::set_aside(connection, former).await? {
                change_state(connection, review, NewState::Visible).await?;
            }
            show_again(connection, former).await?;
            let details = Details::default().id("former", former);
            let subject = Subject::of(SubjectKind::Unit, unit);
            audit::record(connection, &Entry::new(actor, AuditAction::AliasRemoved, subject).with(details)).await
        })
        .await
}

/// The unit and the row of the old code, both locked. Whoever reads a page of either, or reviews either, waits.
async fn both(
    connection: &mut AsyncPgConnection,
    unit: UnitId,
    code: &UnitCode,
) -> Result<(UnitRow, UnitRow), CatalogueError> {
    let not_found = || CatalogueError::NotFound { what: "unit" };
    let former = store::former(connection, unit, code).await?.ok_or_else(not_found)?;
    if former == unit {
        let error = ParseError::new("must not be the code that the unit has now");
        return Err(CatalogueError::invalid("code", &error));
    }
    let mut rows = store::lock(connection, &[unit, former]).await?;
    let former = rows.iter().position(|row| row.id == former).map(|at| rows.remove(at)).ok_or_else(not_found)?;
    Ok((rows.pop().ok_or_else(not_found)?, former))
}

async fn check(
    connection: &mut AsyncPgConnection,
    target: &UnitRow,
    former: &UnitRow,
    aliases: usize,
) -> Result<(), CatalogueError> {
    let wrong_state = |detail: &str| Err(CatalogueError::conflict(ConflictKind::WrongState, detail));
    if target.merged_into.is_some() {
        return wrong_state("the unit itself goes on under another code");
    }
    if former.merged_into.is_some() {
        return wrong_state("the code leads to another unit already");
    }
    if !store::aliases(connection, former.id).await?.is_empty() {
        return wrong_state("other codes lead to the unit of this code: undo that first");
    }
    if aliases >= MOST_ALIASES {
        return wrong_state("the unit has as many former codes as it may");
    }
    Ok(())
}

/// Moves reviews between two locked units, and what they count with them.
async fn move_reviews(
    connection: &mut AsyncPgConnection,
    moving: &[ReviewId],
    from: UnitId,
    to: UnitId,
) -> Result<(), CatalogueError> {
    let locked = reviews::lock(connection, moving).await?;
    let mut changes = Changes::default();
    for review in locked.iter().filter_map(|review| review.contribution()) {
        changes.remove(&review);
        changes.add(&crate::store::scores::Contribution { unit: to, ..review });
    }
    store::move_reviews(connection, moving, from, to).await?;
    Ok(changes.apply(connection).await?)
}

/// Lists a unit again. One that was never read but as an alias is forgotten.
async fn show_again(connection: &mut AsyncPgConnection, unit: UnitId) -> Result<(), CatalogueError> {
    let Some((record, _)) = units::newest(connection, unit).await? else {
        return Ok(store::forget(connection, unit).await?);
    };
    let Some(university) = reviews::reviewed_unit(connection, unit).await?.map(|unit| unit.university) else {
        return Ok(());
    };
    crate::ingest::make_findable(connection, unit, university, &record.facts).await?;
    Ok(ranks::refresh(connection, unit).await?)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
