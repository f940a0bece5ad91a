//! Labels within a text that say what kind of requisite follows.

use super::RequisiteKind;

/// Labels that a colon must follow, by how they begin when only letters count. An "s" or "(s)" may follow.
const LABELS: [(&str, RequisiteKind); 9] = [
    ("prerequisite", RequisiteKind::Prerequisite),
    ("requisite", RequisiteKind::Prerequisite),
    ("corequisite", RequisiteKind::Corequisite),
    ("prohibition", RequisiteKind::Prohibition),
    ("antirequisite", RequisiteKind::Prohibition),
    ("exclusion", RequisiteKind::Prohibition),
    ("incompatible", RequisiteKind::Prohibition),
    ("incompatibility", RequisiteKind::Prohibition),
    ("incompatibilities", RequisiteKind::Prohibition),
];

/// Phrases that are labels without a colon.
const PHRASES: &[&str] = &[
    "incompatible with",
    "not to be taken with",
    "may not be taken with",
    "must not be taken with",
    "cannot be taken with",
    "may not be taken together with",
    "cannot be taken together with",
    "you are not able to enrol in this course if you have completed",
    "you are not able to enrol in this course if you have previously completed",
    "you cannot enrol in this course if you have completed",
];
/// What forbids. Where it stands within a clause that no label has named, the kind that a source gives to its whole
/// text is not to be believed.
const FORBIDDING: &[&str] =
    &["not able to enrol", "cannot enrol", "may not enrol", "not be taken", "cannot be taken", "incompatible with"];

impl RequisiteKind {
    /// The kind behind a site's label, as far as it is one of the three.
    pub fn from_label(label: &str) -> Option<Self> {
        let plain = letters(label);
        // "Prerequisite or corequisite" is neither.
        if plain.contains("prereq") && plain.contains("coreq") {
            return None;
        }
        let begins_with = |words: &[&str]| words.iter().any(|word| plain.starts_with(word));
        if begins_with(&["prereq", "requisite"]) {
            return Some(Self::Prerequisite);
        }
        if begins_with(&["coreq"]) {
            return Some(Self::Corequisite);
        }
        begins_with(&["prohib", "antireq", "exclusion", "incompatib"]).then_some(Self::Prohibition)
    }
}

/// The clauses of a text: each with its kind and without its label. `None` when the first has no kind, `kind` being
/// none. A label with nothing behind it is no clause.
pub(super) fn split(kind: Option<RequisiteKind>, text: &str) -> Option<Vec<(RequisiteKind, &str)>> {
    let mut clauses = Vec::new();
    let mut current = (kind, 0);
    for start in sentence_starts(text) {
        let Some((kind, length)) = label(&text[start..]) else { continue };
        push(&mut clauses, current.0, &text[current.1..start])?;
        current = (Some(kind), start + length);
    }
    push(&mut clauses, current.0, &text[current.1..])?;
    let first_is_labelled = sentence_starts(text).next().is_some_and(|start| label(&text[start..]).is_some());
    match clauses.first() {
        Some((RequisiteKind::Prerequisite | RequisiteKind::Corequisite, clause))
            if !first_is_labelled && forbids(clause) =>
        {
            None
        }
        _ => Some(clauses),
    }
}

fn push<'t>(clauses: &mut Vec<(RequisiteKind, &'t str)>, kind: Option<RequisiteKind>, text: &'t str) -> Option<()> {
    let text = text.trim().trim_end_matches(';').trim_end();
    if !text.is_empty() {
        clauses.push((kind?, text));
    }
    Some(())
}

fn forbids(clause: &str) -> bool {
    let clause = clause.to_lowercase();
    FORBIDDING.iter().any(|words| clause.contains(words))
}

/// Where sentences and lines begin.
fn sentence_starts(text: &str) -> impl Iterator<Item = usize> {
    let mut begins = true;
    text.char_indices().filter_map(move |(index, c)| {
        let is_start = begins && !c.is_whitespace();
        begins = matches!(c, '.' | ';' | '\n') || begins && c.is_whitespace();
        is_start.then_some(index)
    })
}

/// The label that a text begins with, and its length.
fn label(text: &str) -> Option<(RequisiteKind, usize)> {
    const LONGEST: usize = 90;
    const LONGEST_LABEL: usize = 40;
    let head = &text[..text.floor_char_boundary(LONGEST)];
    for phrase in PHRASES {
        let is_there = head.get(..phrase.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(phrase));
        if is_there && head[phrase.len()..].starts_with(|c: char| c.is_whitespace() || c == ':') {
            return Some((
                RequisiteKind::Prohibition,
                phrase.len() + usize::from(head[phrase.len()..].starts_with(':')),
            ));
        }
    }
    // Words of a sentence are no label, however far its first colon is.
    let colon = head.find(':').filter(|colon| *colon <= LONGEST_LABEL)?;
    let is_word = |c: char| c.is_ascii_alphabetic() || matches!(c, '-' | '(' | ')' | ' ');
    let plain = letters(&head[..colon]);
    if !head[..colon].chars().all(is_word) {
        return None;
    }
    let of = |word: &str| plain == word || plain.strip_suffix('s') == Some(word);
    let (_, kind) = LABELS.iter().find(|(word, _)| of(word))?;
    Some((*kind, colon + 1))
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}
