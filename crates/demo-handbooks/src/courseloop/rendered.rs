//! The page as it stands in a browser after its script ran: what `assets/courseloop.js` does, said again, so that
//! readers can be tested without a browser. A test with a real one shows that the two agree.

use super::{
    assets::class,
    content::{NO_REQUISITES, NO_TASKS, label, not_offered, page_content},
    dialect::{Dialect, Requisites},
    page::document,
};
use crate::{
    html::escape,
    site::Site,
    unit::{Fact, Task, Unit},
};
use serde_json::Value;

pub(crate) fn page(site: &Site, unit: Option<&Unit>, year: u16, code: &str, open: bool) -> String {
    let header = format!(
        "<header class=\"{}\"><a href=\"/\">{}</a><nav><a href=\"/\">Handbook</a></nav></header>",
        class("header"),
        site.university_name()
    );
    let body = match unit {
        Some(unit) => unit_body(site, unit, open),
        None => format!(
            "<main class=\"{}\"><div data-testid=\"error-page\"><h2>Page not found</h2>\
             <p>We could not find what you were looking for.</p></div></main>",
            class("page")
        ),
    };
    document(site, unit, year, code, &format!("{header}{body}"))
}

fn unit_body(site: &Site, unit: &Unit, open: bool) -> String {
    let content = page_content(site, unit);
    let mut body = format!(
        "<main data-testid=\"ai-page\" class=\"{}\"><h2 data-testid=\"ai-header\" class=\"{}\">{}</h2>",
        class("page"),
        class("title"),
        escape(&format!("{} - {}", unit.code, unit.title))
    );
    body.push_str(&attributes(unit, &content));
    body.push_str(&format!(
        "<button type=\"button\" data-testid=\"expand-all\" class=\"{}\">Expand all</button>",
        class("toggle")
    ));
    let html = |key: &str| content.get(key).map(|value| value.as_str().unwrap_or_default().to_owned());
    if let Some(overview) = html("handbook_synopsis").or_else(|| html("description")).or_else(|| html("overview")) {
        body.push_str(&section("Overview", &section_body(&overview)));
    }
    body.push_str(&offerings(unit));
    body.push_str(&requisites(site, unit, &content));
    if unit.workload != Fact::Absent {
        body.push_str(&section("Workload", &section_body(&workload(unit, &content))));
    }
    if unit.outcomes != Fact::Absent {
        body.push_str(&accordion("Learning outcomes", open.then(|| outcomes(unit, &content))));
    }
    body.push_str(&accordion("Assessment", open.then(|| tasks(unit))));
    body.push_str(&contacts(unit));
    body.push_str("</main>");
    body
}

fn attributes(unit: &Unit, content: &Value) -> String {
    let attribute = |name: &str, value: Option<&str>| match value {
        Some(value) => {
            let value = escape(value);
            format!("<div class=\"AttrContainer\"><h3>{name}</h3><div data-testid=\"AttrBody\">{value}</div></div>")
        }
        None => String::new(),
    };
    let level = match &unit.level {
        Fact::Given(level) => Some(format!("Level {level}")),
        Fact::Unparsed(raw) => Some(raw.clone()),
        _ => None,
    };
    let points = content.get("credit_points").and_then(Value::as_str).filter(|points| !points.is_empty());
    let year = unit.year.to_string();
    [
        attribute("Credit points", points),
        attribute("Level", level.as_deref()),
        attribute("Study level", unit.study_level.given().copied()),
        attribute("Faculty", unit.faculty.given().copied()),
        attribute("School", unit.school.given().copied()),
        attribute("Year", Some(&year)),
        attribute("Status", unit.status.given().copied()),
    ]
    .iter()
    .fold(format!("<div data-testid=\"attributes-table\" class=\"{}\">", class("attributes")), |table, row| table + row)
        + "</div>"
}

fn offerings(unit: &Unit) -> String {
    let offerings = match &unit.offerings {
        Fact::Absent => return String::new(),
        Fact::Given(none) if none.is_empty() => {
            return section("Offerings", &format!("<p data-testid=\"offering-note\">{}</p>", not_offered(unit.year)));
        }
        fact => fact.given().map(Vec::as_slice).unwrap_or_default(),
    };
    let cell = |name: &str, value: Option<&str>| match value {
        Some(value) => format!("<td data-field=\"{name}\">{}</td>", escape(value)),
        None => String::new(),
    };
    let rows: String = offerings
        .iter()
        .map(|offering| {
            format!(
                "<tr data-testid=\"offering-row\">{}{}{}</tr>",
                cell("session", Some(offering.session)),
                cell("location", offering.location),
                cell("mode", offering.mode)
            )
        })
        .collect();
    section("Offerings", &format!("<table><tbody>{rows}</tbody></table>"))
}

fn requisites(site: &Site, unit: &Unit, content: &Value) -> String {
    if unit.requisites == Fact::Absent {
        return String::new();
    }
    let dialect = Dialect::of(&site.catalogue, unit);
    let all = unit.requisites.given().map(Vec::as_slice).unwrap_or_default();
    let mut html = String::new();
    match dialect.requisites {
        Requisites::SecondHost => {
            let link = content.get("requisite_detail").and_then(Value::as_str).unwrap_or_default();
            html.push_str(&link.replacen("<a ", "<a data-testid=\"requisite-link\" ", 1));
        }
        _ if unit.requisites == Fact::Given(Vec::new()) => {
            html.push_str(&format!("<p data-testid=\"requisite-note\">{NO_REQUISITES}</p>"));
        }
        Requisites::Containers => {
            for requisite in all {
                let (kind, text) = (label(requisite.kind), escape(&requisite.text()));
                html.push_str(&format!("<div data-testid=\"requisite\"><h4>{kind}</h4><p>{text}</p></div>"));
            }
        }
        Requisites::Rules => {
            for rule in content.get("enrolment_rules").and_then(Value::as_array).into_iter().flatten() {
                let text = |pointer: &str| rule.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
                let (kind, text) = (text("/type/value"), text("/description"));
                html.push_str(&format!("<div data-testid=\"requisite\"><h4>{kind}</h4>{text}</div>"));
            }
        }
    }
    section("Requisites", &html)
}

fn workload(unit: &Unit, content: &Value) -> String {
    if let Some(html) = content.get("workload_requirements").and_then(Value::as_str) {
        return html.to_owned();
    }
    let text = unit.workload.given().map(|prose| prose.text()).unwrap_or_default();
    if content.get("learning_activity_workload").is_some() {
        return escape(&text);
    }
    text.lines().map(|line| format!("<p>{}</p>", escape(line))).collect()
}

fn outcomes(unit: &Unit, content: &Value) -> String {
    let written =
        content.get("unit_learning_outcomes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows = unit.outcomes.given().into_iter().flatten().map(|outcome| {
        // The array is shuffled; the description is taken as it is spelt there.
        let spelt = written.iter().find(|entry| entry.get("code").and_then(Value::as_str) == Some(&outcome.code));
        let html = spelt.and_then(|entry| entry.get("description")).and_then(Value::as_str).unwrap_or_default();
        format!(
            "<div data-testid=\"outcome-row\" class=\"{}\"><span data-field=\"code\">{}</span>\
             <div data-field=\"description\">{html}</div></div>",
            class("row"),
            outcome.code
        )
    });
    rows.collect()
}

fn tasks(unit: &Unit) -> String {
    if unit.tasks == Fact::Given(Vec::new()) {
        return format!("<p data-testid=\"assessment-note\">{NO_TASKS}</p>");
    }
    unit.tasks.given().into_iter().flatten().map(task).collect()
}

fn task(task: &Task) -> String {
    let weight = task.weight_in_words();
    let hurdle = task.hurdle.map(|hurdle| if hurdle { "Yes" } else { "No" });
    format!(
        "<div data-testid=\"assessment-row\" class=\"{}\"><h4 data-field=\"name\">{}</h4>{}{}{}</div>",
        class("row"),
        escape(&task.name),
        field("kind", task.kind),
        field("weight", weight.as_deref()),
        field("hurdle", hurdle)
    )
}

fn contacts(unit: &Unit) -> String {
    if unit.contacts == Fact::Absent {
        return String::new();
    }
    let rows: String = unit
        .contacts
        .given()
        .into_iter()
        .flatten()
        .map(|contact| {
            format!(
                "<div data-testid=\"contact-row\" class=\"{}\">{}{}</div>",
                class("row"),
                field("role", contact.role),
                field("name", Some(&contact.name))
            )
        })
        .collect();
    section("Contacts", &rows)
}

fn field(name: &str, value: Option<&str>) -> String {
    value.map(|value| format!("<span data-field=\"{name}\">{}</span>", escape(value))).unwrap_or_default()
}

fn section(name: &str, inner: &str) -> String {
    format!("<div data-menu-id=\"{name}\" class=\"{}\"><h3>{name}</h3>{inner}</div>", class("section"))
}

fn section_body(html: &str) -> String {
    format!("<div data-testid=\"section-body\" class=\"{}\">{html}</div>", class("body"))
}

/// With its body when it was opened, without any when not.
fn accordion(name: &str, body: Option<String>) -> String {
    let expanded = body.is_some();
    let body = body.map(|rows| format!("<div data-testid=\"accordion-body\" data-state=\"ready\">{rows}</div>"));
    let inner = format!(
        "<div data-testid=\"accordion\" class=\"{}\"><button type=\"button\" data-testid=\"accordion-toggle\" \
         aria-expanded=\"{expanded}\" class=\"{}\" data-opens=\"{name}\">Show</button>{}</div>",
        class("accordion"),
        class("toggle"),
        body.unwrap_or_default()
    );
    section(name, &inner)
}
