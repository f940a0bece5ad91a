//! The ways in which one university fills in the same form; each unit's page has its own mixture.

use crate::{
    catalogue::Catalogue,
    html::Spelling,
    unit::{Fact, Unit, Wording},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Organisations {
    References,
    Strings,
    Details,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offerings {
    /// `unit_offering[]` with references.
    References,
    /// `offering[]` with plain strings.
    Strings,
    /// `offering_detail.offering_terms`, all in one string.
    Terms,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    Html,
    /// A bare number of hours.
    Hours,
    /// `learning_activities_grouped[]`.
    Activities,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requisites {
    Containers,
    /// `enrolment_rules[]`, as text.
    Rules,
    /// Only a link in `requisite_detail`.
    SecondHost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) organisations: Organisations,
    pub(crate) level_by_reference: bool,
    pub(crate) study_level_as_list: bool,
    pub(crate) description_key: &'static str,
    pub(crate) offerings: Offerings,
    pub(crate) workload: Workload,
    pub(crate) requisites: Requisites,
    /// The page's list is empty, and the script fetches the tasks when a reader opens them.
    pub(crate) tasks_on_click: bool,
    pub(crate) spelling: Spelling,
}

impl Dialect {
    pub(crate) fn of(catalogue: &Catalogue, unit: &Unit) -> Self {
        let mut stream = unit.stream(catalogue, "dialect");
        let organisations = stream.weighted(&[
            (Organisations::References, 5),
            (Organisations::Strings, 3),
            (Organisations::Details, 2),
        ]);
        let level_by_reference = stream.chance(300);
        let study_level_as_list = stream.chance(300);
        let description_key = stream.weighted(&[("handbook_synopsis", 5), ("description", 3), ("overview", 2)]);
        let in_words =
            unit.offerings.given().is_none_or(|all| all.iter().any(|o| o.location.is_some() || o.mode.is_some()));
        let offerings = match stream.below(10) {
            0..6 if in_words => Offerings::References,
            _ if in_words => Offerings::Strings,
            _ => Offerings::Terms,
        };
        let workload = workload(unit, stream.chance(500));
        let free = unit
            .requisites
            .given()
            .is_some_and(|all| all.iter().any(|requisite| matches!(requisite.wording, Wording::Free(..))));
        let requisites = match stream.below(10) {
            0..6 if !free => Requisites::Containers,
            0..8 => Requisites::Rules,
            _ => Requisites::SecondHost,
        };
        let tasks_on_click = stream.chance(250);
        Self {
            organisations,
            level_by_reference,
            study_level_as_list,
            description_key,
            offerings,
            workload,
            requisites,
            tasks_on_click,
            spelling: stream.weighted(&Spelling::ALL),
        }
    }
}

fn workload(unit: &Unit, as_data: bool) -> Workload {
    let Fact::Given(prose) = &unit.workload else { return Workload::Html };
    let hours = prose.text().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match (as_data, hours) {
        (false, _) => Workload::Html,
        (true, true) => Workload::Hours,
        (true, false) => Workload::Activities,
    }
}
