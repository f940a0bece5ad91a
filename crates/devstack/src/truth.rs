//! The comparison that matters: what the catalogue says of every unit beside what the handbook meant.
//!
//! It goes through the public API, so that everything between the page and the reader is under test: browser,
//! extraction, messages, ledger, store and answer. A fact counts once; one the site does not give and the
//! catalogue shows all the same counts as invented.

pub mod faults;
pub mod scrape;
pub mod table;

use crate::stack::api::Api;
use anyhow::Context;
use serde_json::{Value, json};

/// How many differences are kept in words; all are counted.
const SHOWN: usize = 20;

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub units: usize,
    /// Units of the site that the catalogue does not have.
    pub units_missing: usize,
    /// Units of the catalogue that the site does not have.
    pub units_invented: usize,
    pub facts: usize,
    pub facts_right: usize,
    /// Facts the site gives and the catalogue does not have, those of missing units among them.
    pub facts_missing: usize,
    /// Facts that are not as the site gives them.
    pub facts_wrong: usize,
    /// Facts the site does not give and the catalogue has.
    pub facts_invented: usize,
    /// Reasons for missing facts that differ from the site's.
    pub gaps_wrong: usize,
    /// The first differences, in words.
    pub differences: Vec<String>,
}

impl Report {
    /// Every unit and every fact as the site has them, and nothing else.
    pub fn is_perfect(&self) -> bool {
        let wrong = self.units_missing + self.units_invented + self.facts_invented + self.gaps_wrong;
        wrong == 0 && self.facts == self.facts_right && self.units > 0
    }

    /// Whether all that the catalogue says, the site says too. It may say less.
    pub fn invents_nothing(&self) -> bool {
        self.units_invented + self.facts_invented + self.facts_wrong == 0 && self.units > 0
    }

    /// What is right among all facts of the sites.
    pub fn share_right<'a>(reports: impl IntoIterator<Item = &'a Self>) -> f64 {
        let (right, facts) = reports.into_iter().fold((0_u32, 0_u32), |(right, facts), report| {
            (right + count(report.facts_right), facts + count(report.facts))
        });
        f64::from(right) / f64::from(facts.max(1))
    }

    /// This one and another together, but for the words.
    pub(crate) fn and(self, other: &Self) -> Self {
        Self {
            units: self.units + other.units,
            units_missing: self.units_missing + other.units_missing,
            units_invented: self.units_invented + other.units_invented,
            facts: self.facts + other.facts,
            facts_right: self.facts_right + other.facts_right,
            facts_missing: self.facts_missing + other.facts_missing,
            facts_wrong: self.facts_wrong + other.facts_wrong,
            facts_invented: self.facts_invented + other.facts_invented,
            gaps_wrong: self.gaps_wrong + other.gaps_wrong,
            differences: Vec::new(),
        }
    }

    fn differs(&mut self, text: impl FnOnce() -> String) {
        if self.differences.len() < SHOWN {
            self.differences.push(text());
        }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} units ({} missing, {} invented), {} of {} facts right, {} invented, {} reasons of gaps wrong",
            self.units,
            self.units_missing,
            self.units_invented,
            self.facts_right,
            self.facts,
            self.facts_invented,
            self.gaps_wrong
        )?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

/// Compares every unit of the handbook at `handbook` with the catalogue behind `api`.
pub async fn compare(api: &mut Api, handbook: &str) -> anyhow::Result<Report> {
    // The truth is no API of ours: it answers without the envelope.
    let truth = Api::new(handbook)?.call(reqwest::Method::GET, "/_truth/units.json", None).await?.body;
    let university = truth["university"].as_str().context("the truth names no university")?.to_owned();
    let units = truth["units"].as_array().context("the truth lists no units")?;
    let mut report = Report { units: units.len(), ..Report::default() };
    for unit in units {
        let code = unit["facts"]["code"].as_str().context("a unit of the truth has no code")?;
        let path = format!("/api/units/{code}?university={university}");
        let answer = api.call(reqwest::Method::GET, &path, None).await?;
        if answer.status == reqwest::StatusCode::NOT_FOUND {
            report.units_missing += 1;
            let given =
                unit["facts"].as_object().map_or(0, |facts| facts.values().filter(|fact| !fact.is_null()).count());
            report.facts += given;
            report.facts_missing += given;
            report.differs(|| format!("{code} is not in the catalogue"));
            continue;
        }
        compare_unit(code, unit, &answer.data().with_context(|| format!("GET {path}"))?, &mut report);
    }
    let listed = api.get(&format!("/api/universities/{university}")).await?;
    let held = usize::try_from(listed["units"].as_u64().unwrap_or_default())?;
    report.units_invented = (held + report.units_missing).saturating_sub(report.units);
    Ok(report)
}

fn compare_unit(code: &str, truth: &Value, shown: &Value, report: &mut Report) {
    let Some(facts) = truth["facts"].as_object() else { return };
    for (name, value) in facts {
        let expected = as_the_api_shows(name, value);
        let found = shown.get(name).unwrap_or(&Value::Null);
        if expected.is_null() {
            if !found.is_null() {
                report.facts_invented += 1;
                report.differs(|| format!("{code} {name}: the page says nothing, the catalogue {found}"));
            }
            let (meant, given) = (&truth["gaps"][name]["reason"], &shown["gaps"][name]["reason"]);
            if meant != given {
                report.gaps_wrong += 1;
                report.differs(|| format!("{code} {name}: missing because {meant}, the catalogue says {given}"));
            }
            continue;
        }
        report.facts += 1;
        if *found == expected {
            report.facts_right += 1;
        } else {
            *(if found.is_null() { &mut report.facts_missing } else { &mut report.facts_wrong }) += 1;
            report.differs(|| format!("{code} {name}: the page says {expected}, the catalogue {found}"));
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Numbers are texts in messages and numbers in the API; everything else is the same.
fn as_the_api_shows(name: &str, value: &Value) -> Value {
    match (name, value) {
        ("creditPoints", Value::String(points)) => points.parse::<f64>().map_or(Value::Null, |points| json!(points)),
        ("assessments", Value::Array(all)) => all
            .iter()
            .map(|assessment| {
                let mut shown = assessment.clone();
                if let Some(weight) = assessment["weight"].as_str().and_then(|weight| weight.parse::<f64>().ok()) {
                    shown["weight"] = json!(weight);
                }
                shown
            })
            .collect(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(truth: &Value, shown: &Value) -> Report {
        let mut report = Report { units: 1, ..Report::default() };
        compare_unit("31251", truth, shown, &mut report);
        report
    }

    #[test]
    fn the_same_in_both_is_right() {
        let truth = json!({"facts": {"title": "Data", "creditPoints": "3.2", "school": null}, "gaps": {"school": {"reason": "absent"}}});
        let shown =
            json!({"title": "Data", "creditPoints": 3.2, "school": null, "gaps": {"school": {"reason": "absent"}}});
        let report = compared(&truth, &shown);
        assert!(report.is_perfect(), "{report}");
        assert_eq!(report.facts, 2);
    }

    #[test]
    fn a_wrong_a_missing_and_an_invented_fact_are_found() {
        let truth =
            json!({"facts": {"title": "Data", "level": 2, "school": null}, "gaps": {"school": {"reason": "absent"}}});
        let shown = json!({"title": "Date", "level": null, "school": "Law", "gaps": {}});
        let report = compared(&truth, &shown);
        assert_eq!((report.facts, report.facts_right, report.facts_invented, report.gaps_wrong), (2, 0, 1, 1));
        assert_eq!((report.facts_wrong, report.facts_missing), (1, 1));
        assert!(!report.invents_nothing() && Report::share_right([&report]) < 0.5);
        assert_eq!(report.differences.len(), 4);
    }
}
