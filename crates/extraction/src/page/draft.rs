//! Facts while they are being read, and the bounds on their texts.

use rmu_domain::{
    credit_points::CreditPoints,
    facts::{FactName, UnitFacts},
    text::{collapse_whitespace, parse_text},
    unit_code::UnitCode,
    year::Year,
};
use serde_json::{Value, json};

/// Bounds on texts, the same as those of the messages that carry them.
const LINE: usize = 500;
const PROSE: usize = 60_000;
/// What is kept of text that was not understood.
const RAW: usize = 200;

/// One line of text: white space collapsed, control characters dropped. `None` when empty or too long.
pub(super) fn clean_line(raw: &str) -> Option<String> {
    parse_text(&collapse_whitespace(&without_controls(raw)), 1, LINE).ok()
}

/// Text with line breaks: each line collapsed, empty lines dropped.
pub(super) fn clean_prose(raw: &str) -> Option<String> {
    let bare = without_controls(raw);
    let lines: Vec<_> = bare.lines().map(collapse_whitespace).filter(|line| !line.is_empty()).collect();
    parse_text(&lines.join("\n"), 1, PROSE).ok()
}

/// Text that was not understood, cut for the record.
pub(super) fn cut_raw(raw: &str) -> String {
    collapse_whitespace(&without_controls(raw)).chars().take(RAW).collect()
}

fn without_controls(raw: &str) -> String {
    raw.chars().filter(|c| !c.is_control() || c.is_whitespace()).collect()
}

/// The facts that are single values, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) code: Option<UnitCode>,
    pub(super) title: Option<String>,
    year: Option<Year>,
    status: Option<String>,
    credit_points: Option<CreditPoints>,
    level: Option<u8>,
    study_level: Option<String>,
    faculty: Option<String>,
    school: Option<String>,
    description: Option<String>,
    workload: Option<String>,
}

impl Draft {
    /// Takes `text` as the value of `fact`, if it is one whole. Lists are no business of a draft.
    pub(super) fn take(&mut self, fact: FactName, text: &str) -> bool {
        match fact {
            FactName::Code => store(&mut self.code, UnitCode::parse(text).ok()),
            FactName::Title => store(&mut self.title, clean_line(text)),
            FactName::Year => store(&mut self.year, Year::parse(text).ok()),
            FactName::Status => store(&mut self.status, clean_line(text)),
            FactName::CreditPoints => store(&mut self.credit_points, CreditPoints::parse(text).ok()),
            FactName::Level => store(&mut self.level, level(text)),
            FactName::StudyLevel => store(&mut self.study_level, clean_line(text)),
            FactName::Faculty => store(&mut self.faculty, clean_line(text)),
            FactName::School => store(&mut self.school, clean_line(text)),
            FactName::Description => store(&mut self.description, clean_prose(text)),
            FactName::Workload => store(&mut self.workload, clean_prose(text)),
            FactName::Outcomes
            | FactName::Assessments
            | FactName::Offerings
            | FactName::Requisites
            | FactName::Contacts => false,
        }
    }

    /// What is held of a fact, as it would stand among the facts of a unit.
    pub(super) fn value(&self, fact: FactName) -> Value {
        match fact {
            FactName::Code => json!(self.code),
            FactName::Title => json!(self.title),
            FactName::Year => json!(self.year),
            FactName::Status => json!(self.status),
            FactName::CreditPoints => json!(self.credit_points),
            FactName::Level => json!(self.level),
            FactName::StudyLevel => json!(self.study_level),
            FactName::Faculty => json!(self.faculty),
            FactName::School => json!(self.school),
            FactName::Description => json!(self.description),
            FactName::Workload => json!(self.workload),
            FactName::Outcomes
            | FactName::Assessments
            | FactName::Offerings
            | FactName::Requisites
            | FactName::Contacts => Value::Null,
        }
    }

    /// The facts without their lists; `None` without code or title.
    pub(super) fn finish(self) -> Option<UnitFacts> {
        Some(UnitFacts {
            code: self.code?,
            title: self.title?,
            year: self.year,
            status: self.status,
            credit_points: self.credit_points,
            level: self.level,
            study_level: self.study_level,
            faculty: self.faculty,
            school: self.school,
            description: self.description,
            workload: self.workload,
            outcomes: None,
            assessments: None,
            offerings: None,
            requisites: None,
            contacts: None,
        })
    }
}

fn store<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    *place = value;
    place.is_some()
}

/// A level as handbooks count them: one or two digits and nothing else.
fn level(text: &str) -> Option<u8> {
    let text = text.trim();
    let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_only_what_is_a_value_as_a_whole() {
        let mut draft = Draft::default();
        for (fact, good, wrong) in [
            (FactName::CreditPoints, "6.00", "6 to 12"),
            (FactName::Level, "2", "Level 2 or 3"),
            (FactName::Year, "2026", "2026/27"),
            (FactName::Code, "09009", "Page Not Found"),
            (FactName::Title, "  Health \n & Society ", " \n "),
        ] {
            assert!(!draft.take(fact, wrong), "{fact:?}");
            assert!(draft.take(fact, good), "{fact:?}");
        }
        assert_eq!(draft.title.as_deref(), Some("Health & Society"));
        assert_eq!(draft.code.unwrap().as_str(), "09009");
    }

    #[test]
    fn texts_are_cleaned_and_bounded() {
        assert_eq!(clean_prose(" a \u{a0} b\u{7}\r\n\n\n c").as_deref(), Some("a b\nc"));
        assert_eq!(clean_line(&"x".repeat(501)), None);
        assert_eq!(cut_raw(&"x".repeat(501)).len(), 200);
    }
}
