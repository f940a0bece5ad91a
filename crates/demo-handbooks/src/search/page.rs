//! A subject's page, and the same without a frame for those who found it by typing.

use crate::{
    html::{Spelling, escape},
    prose::Prose,
    random::Stream,
    site::Site,
    unit::{Fact, Task, Unit},
};

/// The page of a unit, or the site's error page, which comes with status 200.
pub(crate) fn served(site: &Site, unit: Option<&Unit>) -> String {
    match unit {
        Some(unit) => document(&format!("{} ({})", unit.title, unit.code), &subject(site, unit)),
        None => document("Page not found", not_found()),
    }
}

pub(crate) fn not_found() -> &'static str {
    "<main id=\"page-not-found\"><h1>We cannot find that page</h1>\n<p>Try a search.</p></main>"
}

pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} - The University of Southmere</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\"><link rel=\"icon\" href=\"data:,\"></head>\n<body>\n\
         <div id=\"banner\"><a href=\"/\">Southmere Handbook</a> | <a href=\"/search?types[]=subject&amp;year=2026&amp;page=1\">All subjects</a> \
         | <a href=\"/find\">Find by code</a></div>\n{body}\n\
         <div id=\"footer\">Southmere is a synthetic university; every subject here is invented.</div>\n</body></html>\n",
        escape(title)
    )
}

/// What is said of a unit.
pub(crate) fn subject(site: &Site, unit: &Unit) -> String {
    let mut stream = unit.stream(&site.catalogue, "page");
    let spelling = stream.weighted(&Spelling::ALL);
    let text = |fact: &Fact<&'static str>| shown(fact, |value| escape(value));
    let level = shown(&unit.level, |level| format!("Level {level}"));
    let mut page = format!(
        "<main id=\"subject\">\n<h1 class=\"subject-header__title\">{} <span class=\"subject-header__code\">({})</span></h1>\n\
         <table class=\"overview-table\"><tbody>\n<tr><th>Year of offer</th><td>{}</td></tr>\n",
        spelling.encode(&unit.title, &mut stream),
        unit.code,
        unit.year
    );
    page.push_str(&row("Subject level", text(&unit.study_level)));
    page.push_str(&row("Level", level));
    page.push_str(&row("Credit points", shown(&unit.credit_points, |points| (*points).to_owned())));
    page.push_str(&row("Faculty", text(&unit.faculty)));
    page.push_str(&row("School", text(&unit.school)));
    page.push_str("</tbody></table>\n");
    if unit.requisites != Fact::Absent {
        page.push_str(&format!(
            "<p><a class=\"eligibility-link\" href=\"{}/eligibility-and-requirements\">Eligibility and requirements</a></p>\n",
            site.unit_path(unit.year, &unit.code)
        ));
    }
    page.push_str(&prose("overview", "Overview", &unit.description, spelling, &mut stream));
    page.push_str(&outcomes(unit, spelling, &mut stream));
    page.push_str(&tasks(unit, spelling, &mut stream));
    page.push_str(&offerings(unit));
    page.push_str(&prose("time-commitment", "Time commitment", &unit.workload, spelling, &mut stream));
    page.push_str(&contacts(unit, spelling, &mut stream));
    page.push_str("</main>");
    page
}

/// What stands in an element: `None` where there is no element, nothing where it is empty.
fn shown<T>(fact: &Fact<T>, write: impl FnOnce(&T) -> String) -> Option<String> {
    match fact {
        Fact::Given(value) => Some(write(value)),
        Fact::Unparsed(raw) => Some(escape(raw)),
        Fact::Empty => Some(String::new()),
        Fact::Absent => None,
    }
}

fn row(label: &str, value: Option<String>) -> String {
    value.map(|value| format!("<tr><th>{label}</th><td>{value}</td></tr>\n")).unwrap_or_default()
}

fn section(id: &str, heading: &str, inner: Option<String>) -> String {
    inner
        .map(|inner| {
            format!("<section id=\"{id}\"><h2>{heading}</h2>\n<div class=\"section__body\">{inner}</div></section>\n")
        })
        .unwrap_or_default()
}

fn prose(id: &str, heading: &str, fact: &Fact<Prose>, spelling: Spelling, stream: &mut Stream) -> String {
    section(id, heading, shown(fact, |prose| prose.html(spelling, true, stream)))
}

/// In a list without numbers.
fn outcomes(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let items = shown(&unit.outcomes, |outcomes| {
        let items = outcomes.iter().map(|outcome| {
            format!("<li class=\"outcome\">{}</li>\n", outcome.description.html(spelling, true, stream))
        });
        format!("<ul>\n{}</ul>\n", items.collect::<String>())
    });
    section("learning-outcomes", "Intended learning outcomes", items)
}

fn tasks(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let inner = shown(&unit.tasks, |tasks| {
        if tasks.is_empty() {
            return "<p>There is no assessment for this subject.</p>".to_owned();
        }
        let rows: String = tasks.iter().map(|each| task(each, spelling, stream)).collect();
        format!(
            "<table class=\"assessment-table\"><thead><tr><th>Description</th><th>Percentage</th></tr></thead>\
             <tbody>\n{rows}</tbody></table>\n"
        )
    });
    section("assessment", "Assessment", inner)
}

fn task(task: &Task, spelling: Spelling, stream: &mut Stream) -> String {
    let kind = task.kind.map(|kind| format!("<span class=\"assessment-kind\">{}</span>", escape(kind)));
    let hurdle = task.hurdle.map(|hurdle| {
        format!("<span class=\"assessment-hurdle\">{}</span>", if hurdle { "Hurdle" } else { "Not a hurdle" })
    });
    format!(
        "<tr class=\"assessment\"><td><p class=\"assessment-name\">{}</p>{}{}</td><td class=\"assessment-weight\">{}</td></tr>\n",
        spelling.encode(&task.name, stream),
        kind.unwrap_or_default(),
        hurdle.unwrap_or_default(),
        task.weight_in_words().unwrap_or_default()
    )
}

fn offerings(unit: &Unit) -> String {
    let inner = shown(&unit.offerings, |offerings| {
        if offerings.is_empty() {
            return format!("<p>This subject is not offered in {}.</p>", unit.year);
        }
        let cell = |class: &str, text: Option<&str>| {
            text.map(|text| format!(" <span class=\"offering-{class}\">{}</span>", escape(text))).unwrap_or_default()
        };
        let items = offerings.iter().map(|offering| {
            format!(
                "<li class=\"offering\"><strong class=\"offering-period\">{}</strong>{}{}</li>\n",
                escape(offering.session),
                cell("campus", offering.location),
                cell("mode", offering.mode)
            )
        });
        format!("<ul>\n{}</ul>\n", items.collect::<String>())
    });
    section("dates-times", "Dates and times", inner)
}

fn contacts(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let items = shown(&unit.contacts, |contacts| {
        let items = contacts.iter().map(|contact| {
            let role = contact.role.map(|role| format!("<dt>{}</dt>", escape(role))).unwrap_or_default();
            format!("<dl class=\"contact\">{role}<dd>{}</dd></dl>\n", spelling.encode(&contact.name, stream))
        });
        items.collect()
    });
    section("contacts", "Contact information", items)
}
