//! Requisites of the units whose page only links to another host.

use super::{
    content::label,
    dialect::{Dialect, Requisites},
};
use crate::{
    prose::Prose,
    site::Site,
    unit::{Fact, Unit},
};

pub(crate) const NONE_APPLY: &str = "No requisites apply to this unit.";

pub(crate) fn address(site: &Site, unit: &Unit) -> String {
    format!("{}/requisites/{}/{}", site.requisites_origin, unit.year, unit.code)
}

/// `None` when the unit's requisites are on its own page.
pub(crate) fn page(site: &Site, unit: &Unit) -> Option<String> {
    let dialect = Dialect::of(&site.catalogue, unit);
    if dialect.requisites != Requisites::SecondHost || unit.requisites == Fact::Absent {
        return None;
    }
    let mut stream = unit.stream(&site.catalogue, "second host");
    let mut sections: String = unit
        .requisites
        .given()
        .into_iter()
        .flatten()
        .map(|requisite| {
            let rule = Prose::line(&requisite.text()).html(dialect.spelling, true, &mut stream);
            let rule = rule.replacen("<p>", "<p class=\"rule\">", 1);
            format!("<section class=\"requisite\"><h2>{}</h2>{rule}</section>\n", label(requisite.kind))
        })
        .collect();
    if unit.requisites == Fact::Given(Vec::new()) {
        sections = format!("<p class=\"none\">{NONE_APPLY}</p>\n");
    }
    Some(format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Requisites of {0}</title>\
         <link rel=\"icon\" href=\"data:,\"></head><body><main data-testid=\"requisites-page\"><h1>Requisites of {0}, {1}</h1>\n\
         {sections}</main>\n<footer>Northfield is a synthetic university; every unit here is invented.</footer></body></html>\n",
        unit.code, unit.year
    ))
}

pub(crate) fn not_found() -> &'static str {
    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Requisites</title></head>\
     <body><main data-testid=\"requisites-error\"><h1>Nothing known under this address</h1></main></body></html>\n"
}
