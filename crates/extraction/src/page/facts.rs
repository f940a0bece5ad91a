//! The facts themselves: what counts as a value of each, and the fields of entries of those that are lists.

use super::draft::{clean_line, clean_prose};
use rmu_domain::{
    facts::{Assessment, Contact, FactName, Offering, Outcome, Weight},
    requisite::{Expression, Requisite, RequisiteKind},
};
use std::collections::BTreeMap;

/// The fields of one entry of a list, as text.
pub(super) type Fields = BTreeMap<String, String>;

/// Which fields an entry of a list may have.
#[derive(Debug)]
pub(crate) struct ListShape {
    /// Without these there is no entry.
    pub(crate) needed: &'static [&'static str],
    others: &'static [&'static str],
}

/// Fields that only say what an entry is about: an entry with no others has nothing in it.
const LABELS: [&str; 4] = ["code", "kind", "role", "order"];

impl ListShape {
    pub(crate) fn has(&self, name: &str) -> bool {
        name == "order" || self.needed.contains(&name) || self.others.contains(&name)
    }

    pub(crate) fn names(&self) -> String {
        [self.needed, self.others, &["order"]].concat().join(", ")
    }
}

/// The shape of a fact that is a list; `None` for one that is a single value.
pub(crate) fn list_shape(fact: FactName) -> Option<&'static ListShape> {
    Some(match fact {
        FactName::Outcomes => &ListShape { needed: &["description"], others: &["code"] },
        FactName::Assessments => &ListShape { needed: &["name"], others: &["kind", "weight", "hurdle"] },
        FactName::Offerings => &ListShape { needed: &["session"], others: &["location", "mode"] },
        FactName::Requisites => &ListShape { needed: &["kind", "text"], others: &[] },
        FactName::Contacts => &ListShape { needed: &["name"], others: &["role"] },
        _ => return None,
    })
}

/// Whether a field is more than a label.
pub(super) fn is_content(field: &str) -> bool {
    !LABELS.contains(&field)
}

/// An outcome; without a code of its own it gets its running number.
pub(super) fn outcome(fields: &Fields, number: usize) -> Option<Outcome> {
    Some(Outcome {
        code: optional(fields, "code").unwrap_or_else(|| number.to_string()),
        description: clean_prose(fields.get("description")?)?,
    })
}

pub(super) fn assessment(fields: &Fields) -> Option<Assessment> {
    Some(Assessment {
        name: clean_line(fields.get("name")?)?,
        kind: optional(fields, "kind"),
        weight: fields.get("weight").and_then(|raw| Weight::parse(raw).ok()),
        hurdle: fields.get("hurdle").and_then(|raw| hurdle(raw)),
    })
}

pub(super) fn offering(fields: &Fields) -> Option<Offering> {
    Some(Offering {
        session: clean_line(fields.get("session")?)?,
        location: optional(fields, "location"),
        mode: optional(fields, "mode"),
    })
}

pub(super) fn contact(fields: &Fields) -> Option<Contact> {
    Some(Contact { role: optional(fields, "role"), name: clean_line(fields.get("name")?)? })
}

/// A requisite; its expression only where the whole text is one.
pub(super) fn requisite(fields: &Fields) -> Option<Requisite> {
    let kind = requisite_kind(fields.get("kind")?)?;
    let text = clean_prose(fields.get("text")?)?;
    let expression = Expression::parse(&text);
    Some(Requisite { kind, text, expression })
}

/// The kind behind a site's label, as far as it is one of the three.
pub(crate) fn requisite_kind(label: &str) -> Option<RequisiteKind> {
    let plain: String = label.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let begins_with = |words: &[&str]| words.iter().any(|word| plain.starts_with(word));
    if begins_with(&["prereq", "requisite"]) {
        return Some(RequisiteKind::Prerequisite);
    }
    if begins_with(&["coreq"]) {
        return Some(RequisiteKind::Corequisite);
    }
    begins_with(&["prohib", "antireq", "exclusion", "incompatib"]).then_some(RequisiteKind::Prohibition)
}

/// Whether a task must be passed, where the words say so one way or the other.
pub(super) fn hurdle(raw: &str) -> Option<bool> {
    match clean_line(raw)?.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "hurdle" | "must pass" => Some(true),
        "no" | "n" | "false" | "0" | "not a hurdle" | "non-hurdle" => Some(false),
        _ => None,
    }
}

fn optional(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).and_then(|raw| clean_line(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_requisites_are_understood_or_left_alone() {
        for (label, kind) in [
            ("Prerequisite", Some(RequisiteKind::Prerequisite)),
            ("Requisite(s)", Some(RequisiteKind::Prerequisite)),
            ("Co-requisite(s)", Some(RequisiteKind::Corequisite)),
            ("Anti-requisite(s)", Some(RequisiteKind::Prohibition)),
            ("PROHIBITION", Some(RequisiteKind::Prohibition)),
            ("Recommended studies", None),
            ("", None),
        ] {
            assert_eq!(requisite_kind(label), kind, "{label}");
        }
    }

    #[test]
    fn what_cannot_be_read_in_an_entry_is_unknown_and_the_entry_stays() {
        let fields = Fields::from([("name".into(), "Project".into()), ("weight".into(), "TBC".into())]);
        let task = assessment(&fields).unwrap();
        assert_eq!((task.name.as_str(), task.weight, task.hurdle, task.kind), ("Project", None, None, None));
    }

    #[test]
    fn a_hurdle_is_read_only_from_words_that_say_so() {
        assert_eq!(hurdle("Not a hurdle"), Some(false));
        assert_eq!(hurdle(" Hurdle "), Some(true));
        assert_eq!(hurdle("Threshold mark"), None);
    }
}
