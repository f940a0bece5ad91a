//! A unit's page: one `h1`, labels in `em`, headings in `h3`, tables, and paragraphs that nobody closes.

use crate::{
    html::{Spelling, escape},
    prose::Prose,
    random::Stream,
    site::Site,
    unit::{Expression, Fact, Kind, Requisite, Task, Unit, Wording},
};

pub(crate) fn served(site: &Site, unit: Option<&Unit>) -> String {
    match unit {
        Some(unit) => document(
            &format!("{} {}", unit.code, unit.title),
            &format!("<div id=\"edition\">{} Handbook</div>\n{}", unit.year, subject(site, unit)),
        ),
        None => {
            document("Page Not Found", "<h1>Page Not Found</h1>\n<p>The page you asked for is not in the handbook.\n")
        }
    }
}

pub(super) fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<html>\n<head>\n\
         <meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\n<title>{} | EIT Handbook</title>\n\
         <link rel=\"stylesheet\" href=\"/style.css\"><link rel=\"icon\" href=\"data:,\">\n</head>\n<body>\n<div id=\"banner\"><a href=\"/\">Eastmoor Institute \
         of Technology</a> | <a href=\"/numerical.html\">Subjects by number</a> | <a href=\"/alpha.html\">by name</a></div>\n\
         {body}\n<div id=\"footer\">Eastmoor Institute of Technology is a synthetic university; every subject here is invented.</div>\n</body>\n</html>\n",
        escape(title)
    )
}

fn subject(site: &Site, unit: &Unit) -> String {
    let mut stream = unit.stream(&site.catalogue, "page");
    let spelling = stream.weighted(&Spelling::ALL);
    let mut page =
        format!("<div class=\"subject\">\n<h1>{} {}</h1>\n", unit.code, spelling.encode(&unit.title, &mut stream));
    page.push_str(&organisation(unit));
    page.push_str(&labels(unit));
    page.push_str(&requisites(unit, spelling, &mut stream));
    page.push_str(&prose("Description", &unit.description, spelling, &mut stream));
    page.push_str(&outcomes(unit, spelling, &mut stream));
    page.push_str(&tasks(unit, spelling, &mut stream));
    page.push_str(&offerings(unit));
    page.push_str(&prose("Workload", &unit.workload, spelling, &mut stream));
    page.push_str(&contacts(unit, spelling, &mut stream));
    page.push_str("</div>");
    page
}

fn organisation(unit: &Unit) -> String {
    let school = unit.school.given().map(|school| format!(": {}", escape(school))).unwrap_or_default();
    match &unit.faculty {
        Fact::Given(faculty) => format!("<p class=\"org\">EIT: {}{school}\n", escape(faculty)),
        Fact::Absent => String::new(),
        _ => "<p class=\"org\">EIT:\n".to_owned(),
    }
}

fn labels(unit: &Unit) -> String {
    let label = |name: &str, value: Option<String>| value.map(|value| format!("<em>{name}</em>: {value}"));
    let points = match &unit.credit_points {
        Fact::Given(points) => Some(format!("{points} cp")),
        Fact::Unparsed(raw) => Some(format!("{raw} cp")),
        Fact::Empty => Some(String::new()),
        Fact::Absent => None,
    };
    let study_level = match &unit.study_level {
        Fact::Absent => None,
        fact => Some(fact.given().copied().unwrap_or_default().to_owned()),
    };
    let level = match &unit.level {
        Fact::Given(level) => Some(level.to_string()),
        Fact::Unparsed(raw) => Some(raw.clone()),
        Fact::Empty => Some(String::new()),
        Fact::Absent => None,
    };
    let labels = [
        label("Credit points", points),
        label("Subject level", study_level),
        label("Level", level),
        label("Result type", Some("Grade and marks".to_owned())),
    ];
    format!("<p>{}\n", labels.into_iter().flatten().collect::<Vec<_>>().join("<br>\n"))
}

fn requisites(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let all = match &unit.requisites {
        Fact::Absent => return String::new(),
        Fact::Given(all) if all.is_empty() => {
            return "<p class=\"requisites\"><em>Requisite(s): None</em>\n".to_owned();
        }
        Fact::Given(all) => all,
        _ => return "<p class=\"requisites\"><em>Requisite(s): </em>\n".to_owned(),
    };
    let mut html: String = all
        .iter()
        .map(|requisite| {
            format!(
                "<p class=\"requisites\"><em>{}: {}</em>\n",
                label(requisite.kind),
                rule(requisite, spelling, stream)
            )
        })
        .collect();
    html.push_str("<p class=\"note\">These requisites may not apply to students in certain courses.\n");
    html
}

fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Prerequisite => "Requisite(s)",
        Kind::Corequisite => "Co-requisite(s)",
        Kind::Prohibition => "Anti-requisite(s)",
    }
}

/// The rule, with a link on every code.
fn rule(requisite: &Requisite, spelling: Spelling, stream: &mut Stream) -> String {
    let Wording::Expression(expression) = &requisite.wording else {
        return spelling.encode(&requisite.text(), stream);
    };
    linked(expression)
}

fn linked(expression: &Expression) -> String {
    let (parts, word) = match expression {
        Expression::Unit(code) => return format!("<a href=\"/subjects/{code}.html\">{code}</a>"),
        Expression::All(parts) => (parts, " AND "),
        Expression::Any(parts) => (parts, " OR "),
    };
    let parts = parts.iter().map(|part| match part {
        Expression::Unit(_) => linked(part),
        group => format!("({})", linked(group)),
    });
    parts.collect::<Vec<_>>().join(word)
}

fn prose(heading: &str, fact: &Fact<Prose>, spelling: Spelling, stream: &mut Stream) -> String {
    match fact {
        Fact::Absent => String::new(),
        fact => {
            let html = fact.given().map(|prose| prose.html(spelling, false, stream)).unwrap_or_default();
            format!("<h3>{heading}</h3>\n{html}")
        }
    }
}

fn outcomes(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let heading = "<h3>Subject learning objectives (SLOs)</h3>\n";
    match &unit.outcomes {
        Fact::Absent => String::new(),
        Fact::Given(outcomes) => {
            let rows: String = outcomes
                .iter()
                .map(|o| format!("<tr><td>{}.<td>{}", o.code, o.description.html(spelling, false, stream)))
                .collect();
            format!(
                "{heading}<table class=\"SLOTable\"><tr><th colspan=2>Upon successful completion of this subject students \
                 should be able to:\n{rows}</table>\n"
            )
        }
        _ => format!("{heading}<table class=\"SLOTable\"></table>\n"),
    }
}

fn tasks(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    let inner = match &unit.tasks {
        Fact::Absent => return String::new(),
        Fact::Given(tasks) if tasks.is_empty() => "<p>There is no assessment in this subject.\n".to_owned(),
        Fact::Given(tasks) => (1..).zip(tasks).map(|(number, t)| task(number, t, spelling, stream)).collect(),
        _ => String::new(),
    };
    format!("<h3>Assessment</h3>\n{inner}")
}

fn task(number: usize, task: &Task, spelling: Spelling, stream: &mut Stream) -> String {
    let row = |name: &str, value: Option<String>| {
        value.map(|value| format!("<tr><th>{name}:<td>{value}\n")).unwrap_or_default()
    };
    let hurdle = task.hurdle.map(|hurdle| if hurdle { "Yes" } else { "No" }.to_owned());
    format!(
        "<table class=\"assessmentTaskTable\"><caption>Assessment task {number}: {}</caption>\n{}{}{}{}</table>\n",
        spelling.encode(&task.name, stream),
        row("Type", task.kind.map(escape)),
        row("Groupwork", Some("Individual".to_owned())),
        row("Weight", task.weight_in_words()),
        row("Hurdle", hurdle)
    )
}

fn offerings(unit: &Unit) -> String {
    let inner = match &unit.offerings {
        Fact::Absent => return String::new(),
        Fact::Given(offerings) if offerings.is_empty() => {
            format!("<p class=\"availability\">Not offered in {}.\n", unit.year)
        }
        fact => {
            let rows = fact.given().into_iter().flatten().map(|offering| {
                let parts = [Some(offering.session), offering.location, offering.mode];
                format!("<li>{}\n", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
            });
            format!("<ul class=\"availability\">\n{}</ul>\n", rows.collect::<String>())
        }
    };
    format!("<h3>Typical availability</h3>\n{inner}")
}

fn contacts(unit: &Unit, spelling: Spelling, stream: &mut Stream) -> String {
    if unit.contacts == Fact::Absent {
        return String::new();
    }
    let rows: String = unit
        .contacts
        .given()
        .into_iter()
        .flatten()
        .map(|contact| {
            let role = contact.role.map(|role| format!(" ({role})")).unwrap_or_default();
            format!("<li>{}{role}\n", spelling.encode(&contact.name, stream))
        })
        .collect();
    format!("<h3>Subject coordinator</h3>\n<ul class=\"coordinators\">\n{rows}</ul>\n")
}
