//! The facts themselves: what counts as a value of each, and the fields of entries of those that are lists.

use super::draft::{clean_line, clean_prose};
use crate::offerings;
use rmu_domain::{
    facts::{Assessment, Contact, FactName, Offering, Outcome, Weight},
    requisite::{Requisite, RequisiteKind},
};
use std::collections::BTreeMap;

/// The fields of one entry of a list, as text.
pub(super) type Fields = BTreeMap<String, String>;

/// Which fields an entry of a list may have.
#[derive(Debug)]
pub(crate) struct ListShape {
    /// Without these there is no entry.
    needed: &'static [&'static str],
    others: &'static [&'static str],
    /// A field that words the whole entry, and may stand for the needed ones.
    whole: Option<&'static str>,
}

/// Fields that only say what an entry is about: an entry with no others has nothing in it.
const LABELS: [&str; 4] = ["code", "kind", "role", "order"];

impl ListShape {
    pub(crate) fn has(&self, name: &str) -> bool {
        name == "order" || self.needed.contains(&name) || self.others.contains(&name) || self.whole == Some(name)
    }

    /// The needed fields that are not there, by what is there.
    pub(crate) fn missing(&self, has: impl Fn(&str) -> bool) -> Vec<&'static str> {
        if self.whole.is_some_and(&has) {
            return Vec::new();
        }
        self.needed.iter().filter(|name| !has(name)).copied().collect()
    }

    /// Whether an entry cannot be understood without this field.
    pub(super) fn needs(&self, name: &str) -> bool {
        self.needed.contains(&name) || self.whole == Some(name)
    }

    pub(crate) fn names(&self) -> String {
        [self.needed, self.others, self.whole.as_slice(), &["order"]].concat().join(", ")
    }
}

/// The shape of a fact that is a list; `None` for one that is a single value.
pub(crate) fn list_shape(fact: FactName) -> Option<&'static ListShape> {
    Some(match fact {
        FactName::Outcomes => &ListShape { needed: &["description"], others: &["code"], whole: None },
        FactName::Assessments => &ListShape { needed: &["name"], others: &["kind", "weight", "hurdle"], whole: None },
        FactName::Offerings => &ListShape { needed: &["session"], others: &["location", "mode"], whole: Some("name") },
        FactName::Requisites => &ListShape { needed: &["kind", "text"], others: &[], whole: None },
        FactName::Contacts => &ListShape { needed: &["name"], others: &["role"], whole: None },
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

/// The offerings of one entry. Fields of their own come first; a name gives what they leave out, and several
/// offerings where it lists sessions.
pub(super) fn offerings(fields: &Fields) -> Option<Vec<Offering>> {
    let name = match fields.get("name") {
        Some(raw) => Some(clean_line(raw)?),
        None => None,
    };
    let Some(session) = optional(fields, "session") else {
        let with_fields = |offering: Offering| Offering {
            location: optional(fields, "location").or(offering.location),
            mode: optional(fields, "mode").or(offering.mode),
            ..offering
        };
        return name.map(|name| offerings::named(&name).into_iter().map(with_fields).collect());
    };
    let by_name = name.and_then(|name| offerings::understood(&name)).unwrap_or_default();
    let (location, mode) = match <[Offering; 1]>::try_from(by_name) {
        Ok([offering]) => (offering.location, offering.mode),
        Err(_) => (None, None),
    };
    Some(vec![Offering {
        session,
        location: optional(fields, "location").or(location),
        mode: optional(fields, "mode").or(mode),
    }])
}

pub(super) fn contact(fields: &Fields) -> Option<Contact> {
    Some(Contact { role: optional(fields, "role"), name: clean_line(fields.get("name")?)? })
}

/// The requisites that one entry words, each with an expression only where all of its text is one. The text may name
/// the kind itself.
pub(super) fn requisites(fields: &Fields) -> Option<Vec<Requisite>> {
    let kind = RequisiteKind::from_label(fields.get("kind")?);
    let read = Requisite::read(kind, &clean_prose(fields.get("text")?)?)?;
    (!read.is_empty()).then_some(read)
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
