//! What must be passed before, taken beside, or may not be taken as well.

use super::worded::fill;
use crate::{catalogue::Catalogue, random::Stream, words::phrases};
use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Kind {
    Prerequisite,
    Corequisite,
    Prohibition,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Expression {
    Unit(String),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

/// So many credit points at one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreditPointsRule {
    points: &'static str,
    level: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requisite {
    pub(crate) kind: Kind,
    pub(crate) wording: Wording,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wording {
    Expression(Expression),
    /// A rule in words, and what it says where that is about credit points alone.
    Free(String, Option<CreditPointsRule>),
}

impl Expression {
    /// As written with brackets around every group, units and groups in their order.
    pub(crate) fn text(&self) -> String {
        let (parts, word) = match self {
            Self::Unit(code) => return code.clone(),
            Self::All(parts) => (parts, " AND "),
            Self::Any(parts) => (parts, " OR "),
        };
        let parts = parts.iter().map(|part| match part {
            Self::Unit(code) => code.clone(),
            group => format!("({})", group.text()),
        });
        parts.collect::<Vec<_>>().join(word)
    }

    /// All codes, in order.
    pub(crate) fn codes(&self) -> Vec<&str> {
        match self {
            Self::Unit(code) => vec![code],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::codes).collect(),
        }
    }
}

impl Wording {
    /// The codes an expression names; a rule in words is not searched for any.
    fn codes(&self) -> Vec<&str> {
        match self {
            Self::Expression(expression) => expression.codes(),
            Self::Free(..) => Vec::new(),
        }
    }
}

impl Requisite {
    pub(crate) fn text(&self) -> String {
        match &self.wording {
            Wording::Expression(expression) => expression.text(),
            Wording::Free(text, _) => text.clone(),
        }
    }
}

/// One of each kind at most. None at all now and then, which the page says in words.
pub(super) fn requisites(catalogue: &Catalogue, index: usize, year: u16) -> Vec<Requisite> {
    let mut stream = Stream::of(catalogue.seed, "requisites", index as u64);
    let entry = &catalogue.entries[index];
    if entry.level <= 1 && stream.chance(600) || stream.chance(80) {
        return Vec::new();
    }
    let kinds = [(Kind::Prerequisite, 850), (Kind::Corequisite, 120), (Kind::Prohibition, 250)];
    let mut all: Vec<Requisite> = Vec::new();
    for (kind, share) in kinds {
        if !stream.chance(share) {
            continue;
        }
        let Some(wording) = wording(catalogue, index, year, kind, &mut stream) else { continue };
        // No unit is both asked for and forbidden.
        let named: Vec<&str> = wording.codes();
        if all.iter().flat_map(|other| other.wording.codes()).all(|code| !named.contains(&code)) {
            all.push(Requisite { kind, wording });
        }
    }
    all
}

fn wording(catalogue: &Catalogue, index: usize, year: u16, kind: Kind, stream: &mut Stream) -> Option<Wording> {
    if kind != Kind::Prohibition && stream.chance(220) {
        return free(catalogue, index, year, stream);
    }
    let depth = if kind == Kind::Prerequisite { 1 + stream.below(3) } else { 1 };
    // What is forbidden is forbidden one by one.
    let all = kind != Kind::Prohibition && stream.chance(450);
    group(catalogue, index, year, depth, all, stream).map(Wording::Expression)
}

fn free(catalogue: &Catalogue, index: usize, year: u16, stream: &mut Stream) -> Option<Wording> {
    let phrase = stream.pick(&phrases::FREE_RULES);
    let first = catalogue.earlier(index, year, stream)?.to_owned();
    let second = catalogue.earlier(index, year, stream)?.to_owned();
    let text = fill(catalogue, index, &phrase.replace("{c}", &first).replace("{d}", &second), stream);
    let rule = (phrase == phrases::CREDIT_POINTS_RULE).then_some(CreditPointsRule { points: "24", level: 2 });
    Some(Wording::Free(text, rule))
}

/// Units first and groups after them, a group never joined in the way of the group around it: so every
/// expression has one way of being written as nested containers, and reads back the same.
fn group(
    catalogue: &Catalogue,
    index: usize,
    year: u16,
    depth: usize,
    all: bool,
    stream: &mut Stream,
) -> Option<Expression> {
    let mut parts: Vec<Expression> = Vec::new();
    let units = stream.between(usize::from(depth == 1), 3);
    for _ in 0..units {
        let Some(code) = catalogue.earlier(index, year, stream) else { continue };
        let code = Expression::Unit(code.to_owned());
        if !parts.contains(&code) {
            parts.push(code);
        }
    }
    if depth > 1 {
        for _ in 0..stream.between(1, 2) {
            let Some(inner) = group(catalogue, index, year, depth - 1, !all, stream) else { continue };
            match inner {
                // A group of one is that one, and stands among the units.
                unit @ Expression::Unit(_) if parts.contains(&unit) => {}
                unit @ Expression::Unit(_) => {
                    let after = parts.iter().filter(|part| matches!(part, Expression::Unit(_))).count();
                    parts.insert(after, unit);
                }
                // A group that shrank to one group of our own kind would read back flattened otherwise.
                Expression::All(inner) if all => parts.extend(inner),
                Expression::Any(inner) if !all => parts.extend(inner),
                other => parts.push(other),
            }
        }
    }
    let (units, groups): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| matches!(part, Expression::Unit(_)));
    let mut parts = units;
    parts.extend(groups);
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ if all => Some(Expression::All(parts)),
        _ => Some(Expression::Any(parts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::University;

    #[test]
    fn expressions_are_nested_and_written_with_brackets() {
        let unit = |code: &str| Expression::Unit(code.to_owned());
        let nested = Expression::Any(vec![unit("48730"), Expression::All(vec![unit("26012"), unit("31251")])]);
        assert_eq!(nested.text(), "48730 OR (26012 AND 31251)");
        assert_eq!(nested.codes(), ["48730", "26012", "31251"]);
    }

    #[test]
    fn every_code_named_has_a_page_or_is_deliberately_dead() {
        let catalogue = Catalogue::new(University::Northfield, 1, 600);
        let (mut linked, mut dead, mut nested) = (0, 0, 0);
        for index in 0..600 {
            for requisite in requisites(&catalogue, index, 2026) {
                let Wording::Expression(expression) = requisite.wording else { continue };
                nested += usize::from(expression.text().contains('('));
                for code in expression.codes() {
                    match catalogue.find(code) {
                        Some(other) => {
                            assert!(catalogue.has_page(other, 2026) && other != index, "{code}");
                            linked += 1;
                        }
                        None => {
                            assert!(catalogue.dead.iter().any(|d| d == code), "{code}");
                            dead += 1;
                        }
                    }
                }
            }
        }
        assert!(linked > 500 && dead > 0 && dead * 20 < linked && nested > 50, "{linked} {dead} {nested}");
    }
}
