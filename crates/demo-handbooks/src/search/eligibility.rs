//! Requisites, on a page of their own below the subject's.

use super::page::document;
use crate::{
    html::Spelling,
    prose::Prose,
    site::Site,
    unit::{Expression, Fact, Kind, Requisite, Unit, Wording},
};

/// `None` where a subject's page has no link to one.
pub(crate) fn page(site: &Site, unit: &Unit) -> Option<String> {
    if unit.requisites == Fact::Absent {
        return None;
    }
    let mut stream = unit.stream(&site.catalogue, "eligibility");
    let spelling = stream.weighted(&Spelling::ALL);
    let mut sections: String = unit
        .requisites
        .given()
        .into_iter()
        .flatten()
        .map(|requisite| {
            let (id, heading) = match requisite.kind {
                Kind::Prerequisite => ("prerequisites", "Prerequisites"),
                Kind::Corequisite => ("corequisites", "Corequisites"),
                Kind::Prohibition => ("non-allowed", "Non-allowed subjects"),
            };
            let rule = match &requisite.wording {
                Wording::Expression(expression) => linked(site, unit.year, expression),
                Wording::Free(..) => Prose::line(&Requisite::text(requisite)).html(spelling, true, &mut stream),
            };
            format!("<section id=\"{id}\"><h2>{heading}</h2><div class=\"rule\">{rule}</div></section>\n")
        })
        .collect();
    if unit.requisites == Fact::Given(Vec::new()) {
        sections = "<p id=\"no-requirements\">There are no eligibility requirements for this subject.</p>\n".to_owned();
    }
    let body = format!(
        "<main id=\"eligibility\"><h1>Eligibility and requirements: {} ({})</h1>\n{sections}</main>",
        unit.code, unit.year
    );
    Some(document(&format!("Eligibility: {}", unit.code), &body))
}

fn linked(site: &Site, year: u16, expression: &Expression) -> String {
    let (parts, word) = match expression {
        Expression::Unit(code) => return format!("<a href=\"{}\">{code}</a>", site.unit_path(year, code)),
        Expression::All(parts) => (parts, " AND "),
        Expression::Any(parts) => (parts, " OR "),
    };
    let parts = parts.iter().map(|part| match part {
        Expression::Unit(_) => linked(site, year, part),
        group => format!("({})", linked(site, year, group)),
    });
    parts.collect::<Vec<_>>().join(word)
}
