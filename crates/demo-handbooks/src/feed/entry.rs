//! One entry of a feed: a `course` with its `presentation`s.

use super::markup::Hand;
use crate::{
    catalogue::Catalogue,
    html::escape,
    prose::Prose,
    random::Stream,
    unit::{Contact, Fact, Kind, Offering, Outcome, Requisite, Task, Unit},
};

/// How the department that enters a unit uses the format.
struct Style {
    hand: Hand,
    names: &'static Names,
    /// `<credit level="2" value="6"/>` instead of elements.
    credit_in_attributes: bool,
    /// One `requisite` for each kind, which it names, instead of an element of its own for each.
    requisites_by_kind: bool,
    /// The role as an attribute instead of in brackets after the name.
    role_in_attribute: bool,
    /// Faculty and school inside an `organisation`.
    grouped: bool,
    /// The code as just another identifier, without saying what it is.
    bare_code: bool,
    /// The year in the entry itself, and not only with the provider.
    dated: bool,
}

/// Prefixes, which mean nothing in themselves.
struct Names {
    xcri: &'static str,
    dc: &'static str,
    mlo: &'static str,
    credit: &'static str,
    own: &'static str,
    xsi: &'static str,
    declared: &'static str,
}

const USUAL: Names =
    Names { xcri: "", dc: "dc:", mlo: "mlo:", credit: "credit:", own: "hv:", xsi: "xsi:", declared: "" };
const OTHER: Names = Names {
    xcri: "x:",
    dc: "d:",
    mlo: "m:",
    credit: "c:",
    own: "h:",
    xsi: "i:",
    declared: " xmlns:x=\"http://xcri.org/profiles/1.2/catalog\" xmlns:d=\"http://purl.org/dc/elements/1.1/\" \
               xmlns:m=\"http://purl.org/net/mlo\" xmlns:c=\"http://purl.org/net/cm\" \
               xmlns:h=\"http://harbourview.example/terms\" xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\"",
};

impl Style {
    fn of(stream: &mut Stream) -> Self {
        Self {
            hand: stream.weighted(&Hand::ALL),
            names: if stream.chance(250) { &OTHER } else { &USUAL },
            credit_in_attributes: stream.chance(300),
            requisites_by_kind: stream.chance(350),
            role_in_attribute: stream.chance(500),
            grouped: stream.chance(300),
            bare_code: stream.chance(200),
            dated: stream.chance(500),
        }
    }
}

/// `purpose` decides about the way of writing: the same unit entered twice is written in two ways.
pub(super) fn entry(catalogue: &Catalogue, unit: &Unit, origin: &str, purpose: &str) -> String {
    let mut stream = unit.stream(catalogue, purpose);
    let style = Style::of(&mut stream);
    let Names { xcri, dc, declared, .. } = *style.names;
    let page = format!("{origin}{}", catalogue.university.path(unit.year, &unit.code));
    let parts = [
        identifiers(&style, &unit.code, &page),
        format!("<{dc}title>{}</{dc}title>\n", style.hand.text(&unit.title)),
        if style.dated { format!("<{dc}date>{}</{dc}date>\n", unit.year) } else { String::new() },
        style.line(&format!("{dc}type"), &unit.study_level),
        organisation(&style, unit),
        style.prose(&format!("{dc}description"), &unit.description, &mut stream),
        credit(&style, unit),
        requisites(&style, &unit.requisites),
        outcomes(&style, &unit.outcomes, &mut stream),
        tasks(&style, &unit.tasks),
        style.prose(&format!("{}engagement", style.names.mlo), &unit.workload, &mut stream),
        contacts(&style, &unit.contacts),
        format!("<{xcri}url>{}</{xcri}url>\n", escape(&page)),
        presentations(&style, unit),
    ];
    format!("<{xcri}course{declared}>\n{}</{xcri}course>\n", parts.concat())
}

/// What the format has for a unit that is gone.
pub(super) fn deleted(code: &str) -> String {
    format!(
        "<course recstatus=\"3\">\n<dc:identifier xsi:type=\"courseDataProgramme:internalID\">{code}</dc:identifier>\n\
         <dc:title>Withdrawn</dc:title>\n</course>\n"
    )
}

impl Style {
    fn element(&self, name: &str, content: Option<&str>) -> String {
        format!("<{name}>{}</{name}>\n", content.unwrap_or(self.hand.nothing()))
    }

    fn line<T: ToString>(&self, name: &str, fact: &Fact<T>) -> String {
        match fact {
            Fact::Absent => String::new(),
            Fact::Empty => self.element(name, None),
            Fact::Given(value) => self.element(name, Some(&self.hand.text(&value.to_string()))),
            Fact::Unparsed(raw) => self.element(name, Some(&self.hand.text(raw))),
        }
    }

    fn prose(&self, name: &str, fact: &Fact<Prose>, stream: &mut Stream) -> String {
        match fact {
            Fact::Absent => String::new(),
            fact => {
                let prose = fact.given().map(|prose| self.hand.prose(prose, stream));
                self.element(name, prose.as_deref())
            }
        }
    }

    /// The entries of a list; of one that is there with nothing in it a single empty element.
    fn list<T>(&self, name: &str, fact: &Fact<Vec<T>>, none: &str, each: impl FnMut(&T) -> String) -> String {
        match fact {
            Fact::Absent => String::new(),
            Fact::Given(entries) if entries.is_empty() => self.element(name, Some(none)),
            Fact::Given(entries) => entries.iter().map(each).collect(),
            Fact::Empty | Fact::Unparsed(_) => self.element(name, None),
        }
    }
}

fn identifiers(style: &Style, code: &str, page: &str) -> String {
    let Names { dc, xsi, .. } = *style.names;
    let kind = match style.bare_code {
        true => String::new(),
        false => format!(" {xsi}type=\"courseDataProgramme:internalID\""),
    };
    format!("<{dc}identifier>{}</{dc}identifier>\n<{dc}identifier{kind}>{code}</{dc}identifier>\n", escape(page))
}

fn organisation(style: &Style, unit: &Unit) -> String {
    let own = style.names.own;
    let faculty = style.line(&format!("{own}faculty"), &unit.faculty);
    let school = style.line(&format!("{own}school"), &unit.school);
    match style.grouped {
        true => format!("<{own}organisation>\n{faculty}{school}</{own}organisation>\n"),
        false => format!("{faculty}{school}"),
    }
}

fn credit(style: &Style, unit: &Unit) -> String {
    let Names { mlo, credit, .. } = *style.names;
    if unit.level == Fact::Absent && unit.credit_points == Fact::Absent {
        return String::new();
    }
    if style.credit_in_attributes {
        let (level, value) = (attribute("level", &unit.level), attribute("value", &unit.credit_points));
        return format!("<{mlo}credit{level}{value}/>\n");
    }
    let level = style.line(&format!("{credit}level"), &unit.level);
    let value = style.line(&format!("{credit}value"), &unit.credit_points);
    format!("<{mlo}credit>\n{level}{value}</{mlo}credit>\n")
}

fn attribute<T: ToString>(name: &str, fact: &Fact<T>) -> String {
    let value = match fact {
        Fact::Absent => return String::new(),
        Fact::Empty => String::new(),
        Fact::Given(value) => value.to_string(),
        Fact::Unparsed(raw) => raw.clone(),
    };
    format!(" {name}=\"{}\"", escape(&value))
}

fn requisites(style: &Style, fact: &Fact<Vec<Requisite>>) -> String {
    let Names { mlo, own, .. } = *style.names;
    style.list(&format!("{mlo}prerequisite"), fact, "None", |requisite| {
        let (name, label) = match requisite.kind {
            Kind::Prerequisite => (format!("{mlo}prerequisite"), "Prerequisite"),
            Kind::Corequisite => (format!("{own}corequisite"), "Corequisite"),
            Kind::Prohibition => (format!("{own}prohibition"), "Prohibition"),
        };
        let text = style.hand.text(&requisite.text());
        match style.requisites_by_kind {
            true => format!("<{own}requisite kind=\"{label}\">{text}</{own}requisite>\n"),
            false => format!("<{name}>{text}</{name}>\n"),
        }
    })
}

fn outcomes(style: &Style, fact: &Fact<Vec<Outcome>>, stream: &mut Stream) -> String {
    let name = format!("{}learningOutcome", style.names.xcri);
    style.list(&name, fact, "", |outcome| {
        let text = style.hand.prose(&outcome.description, stream);
        format!("<{name} identifier=\"{}\">{text}</{name}>\n", outcome.code)
    })
}

fn tasks(style: &Style, fact: &Fact<Vec<Task>>) -> String {
    let Names { dc, mlo, own, .. } = *style.names;
    style.list(&format!("{mlo}assessment"), fact, "There is no assessment.", |task| {
        let part = |name: String, value: Option<String>| {
            value.map(|value| style.element(&name, Some(&style.hand.text(&value)))).unwrap_or_default()
        };
        let parts = [
            part(format!("{dc}title"), Some(task.name.clone())),
            part(format!("{dc}type"), task.kind.map(str::to_owned)),
            part(format!("{own}weight"), task.weight_in_words()),
            part(format!("{own}hurdle"), task.hurdle.map(|hurdle| if hurdle { "Yes" } else { "No" }.to_owned())),
        ];
        format!("<{mlo}assessment>\n{}</{mlo}assessment>\n", parts.concat())
    })
}

fn contacts(style: &Style, fact: &Fact<Vec<Contact>>) -> String {
    let name = format!("{}contributor", style.names.dc);
    style.list(&name, fact, "", |Contact { role, name: person }| match role {
        Some(role) if style.role_in_attribute => {
            format!("<{name} role=\"{}\">{}</{name}>\n", escape(role), style.hand.text(person))
        }
        Some(role) => format!("<{name}>{}</{name}>\n", style.hand.text(&format!("{person} ({role})"))),
        None => format!("<{name}>{}</{name}>\n", style.hand.text(person)),
    })
}

fn presentations(style: &Style, unit: &Unit) -> String {
    let Names { xcri, dc, mlo, .. } = *style.names;
    let none = format!("<{dc}description>Not offered in {}.</{dc}description>", unit.year);
    style.list(&format!("{xcri}presentation"), &unit.offerings, &none, |offering| {
        let Offering { session, location, mode } = offering;
        let venue = location.map(|location| {
            let title = style.hand.text(location);
            format!("<{xcri}venue><{xcri}provider><{dc}title>{title}</{dc}title></{xcri}provider></{xcri}venue>\n")
        });
        let mode = mode.map(|mode| {
            format!("<{xcri}attendanceMode identifier=\"CM\">{}</{xcri}attendanceMode>\n", style.hand.text(mode))
        });
        format!(
            "<{xcri}presentation>\n<{mlo}start dtf=\"{}-02\">{}</{mlo}start>\n{}{}</{xcri}presentation>\n",
            unit.year,
            style.hand.text(session),
            mode.unwrap_or_default(),
            venue.unwrap_or_default()
        )
    })
}
