//! `pageContent`: one unit as CourseLoop's JSON.

use super::dialect::{Dialect, Offerings, Organisations, Requisites, Workload};
use crate::{
    prose::Prose,
    random::{Stream, hash},
    site::Site,
    unit::{Expression, Fact, Kind, Requisite, Task, Unit, Wording},
};
use serde_json::{Map, Value, json};

type Content = Map<String, Value>;

/// The words with which a page says that there is nothing to say.
pub(crate) const NO_TASKS: &str = "This unit has no assessment tasks.";
pub(crate) const NO_REQUISITES: &str = "There are no requisites for this unit.";

pub(crate) fn not_offered(year: u16) -> String {
    format!("This unit is not offered in {year}.")
}

pub(crate) fn page_content(site: &Site, unit: &Unit) -> Value {
    let dialect = Dialect::of(&site.catalogue, unit);
    let mut stream = unit.stream(&site.catalogue, "content");
    let mut content = json!({
        "code": unit.code,
        "unit_code": unit.code,
        "title": unit.title,
        "search_title": format!("{}: {}", unit.code, unit.title),
        "academic_item_type": "Unit",
        "content_type_label": "Unit",
        "implementation_year": unit.year.to_string(),
        "version_name": format!("{}.01", unit.year),
        "active": if unit.status == Fact::Given("Retired") { "0" } else { "1" },
        "eftsl": "0.125",
        "cl_id": identifier(&unit.code),
        "exclusion": [],
        "eqivalents": [{"assoc_code": "ZZZZ0000", "assoc_title": "An earlier unit of another name"}],
        "associations": [{"associated_items": [{"assoc_code": "ZZZZ0001", "assoc_title": "Recommended study"}], "title": "Recommended"}],
    });
    if let Some(content) = content.as_object_mut() {
        attributes(content, unit, dialect, &mut stream);
        prose(content, dialect.description_key, &unit.description, dialect, &mut stream);
        workload(content, unit, dialect, &mut stream);
        outcomes(content, unit, dialect, &mut stream);
        tasks(content, unit, dialect);
        offerings(content, unit, dialect);
        requisites(content, site, unit, dialect, &mut stream);
        contacts(content, unit);
    }
    content
}

/// What the assessment's endpoint answers.
pub(crate) fn assessment(unit: &Unit) -> Value {
    let tasks = unit.tasks.given().map(Vec::as_slice).unwrap_or_default();
    let note = (unit.tasks == Fact::Given(Vec::new())).then_some(NO_TASKS);
    json!({"assessments": tasks.iter().map(task).collect::<Vec<_>>(), "note": note})
}

fn attributes(content: &mut Content, unit: &Unit, dialect: Dialect, stream: &mut Stream) {
    match &unit.credit_points {
        Fact::Given(points) if stream.chance(50) && !points.contains('.') => {
            put(content, "credit_points", format!("{points}.00"));
        }
        Fact::Given(points) => put(content, "credit_points", *points),
        Fact::Empty => put(content, "credit_points", if stream.chance(500) { Value::Null } else { "".into() }),
        Fact::Unparsed(raw) => put(content, "credit_points", raw.as_str()),
        Fact::Absent => {}
    }
    match &unit.level {
        Fact::Given(level) if dialect.level_by_reference => {
            put(content, "level", Value::Null);
            put(content, "study_level_ref", reference(&format!("Level {level}")));
        }
        Fact::Given(level) => put(content, "level", enumeration(&format!("Level {level}"), &level.to_string())),
        Fact::Empty => put(content, "level", if stream.chance(500) { Value::Null } else { enumeration("", "") }),
        Fact::Unparsed(raw) => put(content, "level", enumeration(raw, raw)),
        Fact::Absent => {}
    }
    match &unit.study_level {
        Fact::Given(level) if dialect.study_level_as_list => {
            put(content, "study_level", json!([enumeration(level, &level.to_lowercase())]));
        }
        Fact::Given(level) => put(content, "undergrad_postgrad_both", reference(level)),
        Fact::Absent => {}
        _ => put(content, "undergrad_postgrad_both", reference("")),
    }
    match &unit.status {
        Fact::Given(status) => put(content, "status", enumeration(status, &status.to_uppercase())),
        Fact::Absent => {}
        _ => put(content, "status", enumeration("", "")),
    }
    let (faculty, school) = match dialect.organisations {
        Organisations::References | Organisations::Strings => ("parent_academic_org", "academic_org"),
        Organisations::Details => ("faculty_detail", "school"),
    };
    organisation(content, faculty, &unit.faculty, dialect);
    organisation(content, school, &unit.school, dialect);
}

fn organisation(content: &mut Content, key: &str, fact: &Fact<&'static str>, dialect: Dialect) {
    match fact {
        Fact::Given(name) if dialect.organisations == Organisations::Strings => put(content, key, *name),
        Fact::Given(name) if key == "faculty_detail" => put(content, key, json!([{"name": name, "url": ""}])),
        Fact::Given(name) => put(content, key, reference(name)),
        Fact::Absent => {}
        // The list of details has no empty form; its owners fall back to the other key.
        _ if key == "faculty_detail" => put(content, "parent_academic_org", Value::Null),
        _ if dialect.organisations == Organisations::Strings => put(content, key, ""),
        _ => put(content, key, Value::Null),
    }
}

fn prose(content: &mut Content, key: &str, fact: &Fact<Prose>, dialect: Dialect, stream: &mut Stream) {
    match fact {
        Fact::Given(prose) => {
            let closed = !stream.chance(100);
            put(content, key, prose.html(dialect.spelling, closed, stream));
        }
        Fact::Absent => {}
        _ => put(content, key, [Value::Null, "".into(), "<p>&nbsp;</p>".into()][stream.below(3)].clone()),
    }
}

fn workload(content: &mut Content, unit: &Unit, dialect: Dialect, stream: &mut Stream) {
    let given = unit.workload.given().map(Prose::text).unwrap_or_default();
    match dialect.workload {
        Workload::Html => prose(content, "workload_requirements", &unit.workload, dialect, stream),
        Workload::Hours => put(content, "learning_activity_workload", given),
        Workload::Activities => {
            let activities = given.lines().filter_map(|line| line.split_once(": ")).map(|(label, hours)| {
                json!({"activity_type": enumeration(label, &label.to_lowercase()), "duration_display": hours})
            });
            let activities: Vec<Value> = activities.collect();
            put(content, "workload_requirements", Value::Null);
            put(content, "learning_activities_grouped", json!([{"title": "All offerings", "activities": activities}]));
        }
    }
}

fn outcomes(content: &mut Content, unit: &Unit, dialect: Dialect, stream: &mut Stream) {
    let Some(outcomes) = list(content, "unit_learning_outcomes", &unit.outcomes) else { return };
    let mut outcomes: Vec<Value> = (1..)
        .zip(outcomes)
        .map(|(number, outcome)| {
            let description = outcome.description.html(dialect.spelling, true, stream);
            json!({"code": outcome.code, "number": number.to_string(), "order": (number * 100).to_string(), "description": description})
        })
        .collect();
    stream.shuffle(&mut outcomes);
    put(content, "unit_learning_outcomes", outcomes);
}

fn tasks(content: &mut Content, unit: &Unit, dialect: Dialect) {
    let Some(tasks) = list(content, "assessments", &unit.tasks) else { return };
    if dialect.tasks_on_click {
        return put(content, "assessments", json!([]));
    }
    if tasks.is_empty() {
        put(content, "assessment_note", NO_TASKS);
    }
    put(content, "assessments", tasks.iter().map(task).collect::<Vec<_>>());
}

fn task(task: &Task) -> Value {
    let hurdle = task.hurdle.map(|hurdle| if hurdle { enumeration("Yes", "yes") } else { enumeration("No", "no") });
    json!({
        "assessment_name": task.name,
        "assessment_type": task.kind.map(|kind| enumeration(kind, kind)),
        "weight": task.weight,
        "hurdle_type": hurdle,
        "individual": "1",
        "learning_outcomes": [{"code": "ULO1"}],
    })
}

fn offerings(content: &mut Content, unit: &Unit, dialect: Dialect) {
    let key = match dialect.offerings {
        Offerings::References | Offerings::Terms => "unit_offering",
        Offerings::Strings => "offering",
    };
    let Some(offerings) = list(content, key, &unit.offerings) else { return };
    if offerings.is_empty() {
        put(content, "offering_note", not_offered(unit.year));
        return put(content, key, json!([]));
    }
    let rows: Vec<Value> = match dialect.offerings {
        Offerings::References => offerings
            .iter()
            .map(|offering| {
                json!({
                    "display_name": offering.session.to_uppercase().replace(' ', "-"),
                    "teaching_period": reference(offering.session),
                    "location": offering.location.map(reference),
                    "attendance_mode": offering.mode.map(reference),
                    "publish": "true",
                })
            })
            .collect(),
        Offerings::Strings => offerings
            .iter()
            .map(|offering| {
                json!({"teaching_period": offering.session, "location": offering.location, "mode": offering.mode})
            })
            .collect(),
        Offerings::Terms => {
            let terms: Vec<&str> = offerings.iter().map(|offering| offering.session).collect();
            put(content, "offering_detail", json!({"offering_terms": terms.join(", ")}));
            Vec::new()
        }
    };
    put(content, key, rows);
}

fn requisites(content: &mut Content, site: &Site, unit: &Unit, dialect: Dialect, stream: &mut Stream) {
    if unit.requisites == Fact::Absent {
        return;
    }
    put(content, "requisites", json!([]));
    put(content, "enrolment_rules", json!([]));
    if dialect.requisites == Requisites::SecondHost {
        let address = super::second_host::address(site, unit);
        let link = format!("<p>See the <a href=\"{address}\">requisites &amp; anti-requisites</a> of this unit.</p>");
        return put(content, "requisite_detail", link);
    }
    let Fact::Given(all) = &unit.requisites else { return };
    if all.is_empty() {
        return put(content, "enrolment_note", NO_REQUISITES);
    }
    match dialect.requisites {
        Requisites::Containers => {
            put(content, "requisites", all.iter().filter_map(containers).collect::<Vec<_>>());
        }
        _ => {
            let rules = all.iter().map(|requisite| {
                let description = Prose::line(&requisite.text()).html(dialect.spelling, true, stream);
                json!({"type": reference(label(requisite.kind)), "description": description})
            });
            put(content, "enrolment_rules", rules.collect::<Vec<_>>());
        }
    }
}

fn containers(requisite: &Requisite) -> Option<Value> {
    let Wording::Expression(expression) = &requisite.wording else { return None };
    // What has to hold all together may stand in one container or in several side by side.
    let containers: Vec<Value> = match expression {
        Expression::All(parts) if parts.iter().all(|part| !matches!(part, Expression::Unit(_))) => {
            parts.iter().map(container).collect()
        }
        other => vec![container(other)],
    };
    Some(json!({
        "requisite_type": enumeration(label(requisite.kind), &label(requisite.kind).to_lowercase()),
        "description": "",
        "container": containers,
    }))
}

fn container(expression: &Expression) -> Value {
    let alone = std::slice::from_ref(expression);
    let (connector, parts) = match expression {
        Expression::Unit(_) => ("AND", alone),
        Expression::All(parts) => ("AND", parts.as_slice()),
        Expression::Any(parts) => ("OR", parts.as_slice()),
    };
    let relationships = parts.iter().filter_map(|part| match part {
        Expression::Unit(code) => {
            Some(json!({"academic_item_code": code, "academic_item_name": "", "academic_item_type": {"label": "Unit", "value": "unit"}}))
        }
        _ => None,
    });
    let groups = parts.iter().filter(|part| !matches!(part, Expression::Unit(_))).map(container);
    json!({
        "parent_connector": enumeration(connector, connector),
        "relationships": relationships.collect::<Vec<_>>(),
        "containers": groups.collect::<Vec<_>>(),
    })
}

fn contacts(content: &mut Content, unit: &Unit) {
    let Some(contacts) = list(content, "academic_contact_roles", &unit.contacts) else { return };
    let mut roles: Vec<(Option<&str>, Vec<Value>)> = Vec::new();
    for contact in contacts {
        let name = json!({"contact_name": contact.name});
        match roles.last_mut().filter(|(role, _)| *role == contact.role) {
            Some((_, names)) => names.push(name),
            None => roles.push((contact.role, vec![name])),
        }
    }
    let roles: Vec<Value> = roles.into_iter().map(|(role, names)| json!({"role": role, "contacts": names})).collect();
    put(content, "academic_contact_roles", roles);
}

/// The entries, if there are any to write; otherwise the gap is written as this form writes it.
fn list<'f, T>(content: &mut Content, key: &str, fact: &'f Fact<Vec<T>>) -> Option<&'f [T]> {
    match fact {
        Fact::Given(entries) => Some(entries),
        Fact::Absent => None,
        _ => {
            put(content, key, json!([]));
            None
        }
    }
}

pub(crate) fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Prerequisite => "Prerequisite",
        Kind::Corequisite => "Corequisite",
        Kind::Prohibition => "Prohibition",
    }
}

fn put(content: &mut Content, key: &str, value: impl Into<Value>) {
    content.insert(key.to_owned(), value.into());
}

fn reference(value: &str) -> Value {
    json!({"value": value, "cl_id": identifier(value), "key": value.to_lowercase().replace(' ', "_")})
}

fn enumeration(label: &str, value: &str) -> Value {
    json!({"label": label, "value": value})
}

/// The meaningless identifiers such systems give to everything.
fn identifier(of: &str) -> String {
    format!("{:016x}{:016x}", hash(of), hash(&format!("{of}/")))
}
