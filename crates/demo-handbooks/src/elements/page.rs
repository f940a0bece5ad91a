//! A course's page: nothing is in an order that means anything, everything has an id.

use crate::{
    html::{Spelling, escape},
    prose::Prose,
    random::Stream,
    site::Site,
    unit::{Expression, Fact, Kind, Offering, Requisite, Task, Unit, Wording},
};

/// The page of a unit, or what the site says, with status 200, of a code that it does not know.
pub(crate) fn served(site: &Site, unit: Option<&Unit>) -> String {
    match unit {
        Some(unit) => document(&format!("{} ({})", unit.title, unit.code), &course(site, unit)),
        None => document(
            "Course not found",
            "<div id=\"course-notfound\"><h1>Course not found</h1>\n\
             <p>The course that you asked for is not in the catalogue.</p></div>",
        ),
    }
}

pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} - Westhaven University</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\"><link rel=\"icon\" href=\"data:,\"></head>\n<body>\n\
         <div id=\"banner\"><a href=\"/\">Westhaven University</a> | <a href=\"/programs-courses/\">Courses</a></div>\n{body}\n\
         <div id=\"footer\">Westhaven is a synthetic university; every course here is invented.</div>\n</body></html>\n",
        escape(title)
    )
}

fn course(site: &Site, unit: &Unit) -> String {
    let mut stream = unit.stream(&site.catalogue, "page");
    let spelling = stream.weighted(&Spelling::ALL);
    let code = &unit.code;
    let text = |fact: &Fact<&'static str>| shown(fact, |value| escape(value));
    let mut page = format!(
        "<div id=\"course\">\n<h1 id=\"course-title\">{} ({code})</h1>\n<p id=\"course-edition\">{}</p>\n",
        spelling.encode(&unit.title, &mut stream),
        unit.year
    );
    page.push_str(&labelled("Course level", "course-level", text(&unit.study_level)));
    page.push_str(&labelled("Year level", "course-year-level", shown(&unit.level, u8::to_string)));
    page.push_str(&labelled("Faculty", "course-faculty", text(&unit.faculty)));
    page.push_str(&labelled("School", "course-school", text(&unit.school)));
    page.push_str(&labelled("Units", "course-units", shown(&unit.credit_points, |points| (*points).to_owned())));
    page.push_str("<h4>Duration</h4>\n<p id=\"course-duration\">One semester</p>\n");
    page.push_str(&prose("Class contact", "course-contact", &unit.workload, spelling, &mut stream));
    page.push_str(&requisites(site, unit, spelling, &mut stream));
    page.push_str(&prose("Course description", "course-summary", &unit.description, spelling, &mut stream));
    page.push_str(&outcomes(unit, spelling, &mut stream));
    page.push_str(&tasks(unit, spelling, &mut stream));
    page.push_str(&coordinators(unit, spelling, &mut stream));
    page.push_str(&offerings(site, unit));
    page.push_str("</div>");
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

fn labelled(heading: &str, id: &str, inner: Option<String>) -> String {
    inner.map(|inner| format!("<h4>{heading}</h4>\n<p id=\"{id}\">{inner}</p>\n")).unwrap_or_default()
}

fn prose(heading: &str, id: &str, fact: &Fact<Prose>, spelling: Spelling, stream: &mut Stream) -> String {
    shown(fact, |prose| prose.html(spelling, true, stream))
        .map(|inner| format!("<h4>{heading}</h4>\n<div class=\"text\" id=\"{id}\">{inner}</div>\n"))
        .unwrap_or_default()
}

/// An element for each kind that there is; without any, the first says so or is empty.
fn requisites(site: &Site, unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    match &unit.requisites {
        Fact::Absent => String::new(),
        Fact::Given(all) if all.is_empty() => {
            labelled("Prerequisite", "course-prerequisite", Some("None required".to_owned()))
        }
        Fact::Given(all) => all
            .iter()
            .map(|requisite| {
                let (heading, id) = match requisite.kind {
                    Kind::Prerequisite => ("Prerequisite", "course-prerequisite"),
                    Kind::Corequisite => ("Companion", "course-companion"),
                    Kind::Prohibition => ("Incompatible", "course-incompatible"),
                };
                labelled(heading, id, Some(rule(site, unit, requisite, spelling, stream)))
            })
            .collect(),
        _ => labelled("Prerequisite", "course-prerequisite", Some(String::new())),
    }
}

fn rule(site: &Site, unit: &Unit, requisite: &Requisite, spelling: Spelling, stream: &mut Stream) -> String {
    match &requisite.wording {
        Wording::Free(text, _) => spelling.encode(text, stream),
        Wording::Expression(expression) => linked(site, unit.year, expression),
    }
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

fn outcomes(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let rows = shown(&unit.outcomes, |outcomes| {
        let rows = (1..).zip(outcomes).map(|(number, outcome)| {
            format!(
                "<li id=\"course-outcome-{number}\"><span class=\"course-outcome-code\">{}</span>\n\
                 <div class=\"course-outcome-text\">{}</div></li>\n",
                outcome.code,
                outcome.description.html(spelling, true, stream)
            )
        });
        rows.collect()
    });
    rows.map(|rows| format!("<h4>Learning outcomes</h4>\n<ul id=\"course-outcomes\">{rows}</ul>\n")).unwrap_or_default()
}

fn tasks(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let inner = match &unit.tasks {
        Fact::Absent => return String::new(),
        Fact::Given(tasks) if tasks.is_empty() => {
            "<p id=\"course-assessment-none\">This course has no assessment.</p>\n".to_owned()
        }
        fact => {
            let tasks = fact.given().into_iter().flatten();
            let rows: String = (1..).zip(tasks).map(|(number, each)| task(number, each, spelling, stream)).collect();
            format!("<table id=\"course-assessment\"><tbody>{rows}</tbody></table>\n")
        }
    };
    format!("<h4>Assessment methods</h4>\n{inner}")
}

fn task(number: usize, task: &Task, spelling: Spelling, stream: &mut Stream) -> String {
    let cell = |class: &str, text: Option<String>| {
        text.map(|text| format!("<td class=\"course-assessment-{class}\">{text}</td>")).unwrap_or_default()
    };
    let hurdle = task.hurdle.map(|hurdle| if hurdle { "Hurdle" } else { "Not a hurdle" }.to_owned());
    format!(
        "<tr id=\"course-assessment-{number}\">{}{}{}{}</tr>\n",
        cell("name", Some(spelling.encode(&task.name, stream))),
        cell("category", task.kind.map(escape)),
        cell("weight", task.weight_in_words()),
        cell("hurdle", hurdle)
    )
}

/// All in one element, a line each.
fn coordinators(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let names = shown(&unit.contacts, |contacts| {
        let names: Vec<_> = contacts.iter().map(|contact| spelling.encode(&contact.name, stream)).collect();
        names.join("<br>\n")
    });
    labelled("Course coordinator", "course-coordinator", names)
}

/// The edition's own, each with its dates, and below them those of the years before.
fn offerings(site: &Site, unit: &Unit) -> String {
    let current = match &unit.offerings {
        Fact::Absent => String::new(),
        Fact::Given(offerings) if offerings.is_empty() => {
            format!("<p id=\"course-offerings-none\">This course is not offered in {}.</p>\n", unit.year)
        }
        fact => {
            let rows = table("offering", unit.year, fact.given().map(Vec::as_slice).unwrap_or_default());
            format!("<table id=\"course-current-offerings\"><tbody>{rows}</tbody></table>\n")
        }
    };
    let before = unit.year - 1;
    let archived = site.unit(before, &unit.code);
    let archived = archived.as_ref().and_then(|unit| unit.offerings.given()).map(|offerings| {
        let rows = table("archived", before, offerings);
        format!("<h4>Archived offerings</h4>\n<table id=\"course-archived-offerings\"><tbody>{rows}</tbody></table>\n")
    });
    let heading = if current.is_empty() { "" } else { "<h4>Current course offerings</h4>\n" };
    format!("{heading}{current}{}", archived.unwrap_or_default())
}

fn table(id: &str, year: u16, offerings: &[Offering]) -> String {
    let cell = |class: &str, text: Option<&'static str>| {
        text.map(|text| format!("<td class=\"course-offering-{class}\">{}</td>", escape(text))).unwrap_or_default()
    };
    let rows = (1..).zip(offerings).map(|(number, offering)| {
        format!(
            "<tr id=\"course-{id}-{number}\"><td><a class=\"course-offering-year\" href=\"#course-{id}-{number}\">{}, {year} ({})</a></td>\
             {}{}</tr>\n",
            offering.session,
            dates(offering.session, year),
            cell("location", offering.location),
            cell("mode", offering.mode)
        )
    });
    rows.collect()
}

/// From when to when a session is taught.
fn dates(session: &str, year: u16) -> String {
    let (from, to, later) = match session {
        "Semester 1" => ("24/02", "21/06", 0),
        "Semester 2" => ("28/07", "22/11", 0),
        "Summer Semester" => ("01/12", "14/02", 1),
        "Trimester 3" => ("08/09", "13/12", 0),
        _ => ("07/04", "28/06", 0),
    };
    format!("{from}/{year} - {to}/{}", year + later)
}
