//! Rules: one place to find a fact, and how to read it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Something about a page that is so or not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signal {
    /// Where to look; without any, the page's whole text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub css: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml: Option<String>,
    /// A regular expression the text found must match; without it, being there is enough (for JSON: being
    /// there and not `null`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
}

/// One place to find a fact, and how to read it. Exactly one of `css`, `json`, `xml`, `address` or `constant` says
/// where; inside `each`, a rule with none of them reads the entry itself.
///
/// What is found goes through `regex`, then `split`, then `transform`, then the fact's own parser. A
/// reference or an enumeration (an object with `label` or `value`) reads as its label, else its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// A CSS selector. Facts that are no lists read the first match that gives something; lists read all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub css: Option<String>,
    /// A JSON Pointer into the embedded document; a segment `*` stands for every element of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<String>,
    /// In an entry of a feed, a path of child elements by their names without prefixes: `credit/value`,
    /// `contributor[@role='lecturer']`, `*/title`, `@id` or `credit/@value` for an attribute, and from the
    /// document's root `/catalog/title`. An element's text keeps the lines of HTML's blocks in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xml: Option<String>,
    /// Reads the address of the page, where only that names the year, say.
    #[serde(default, skip_serializing_if = "is_false")]
    pub address: bool,
    /// A word that the place itself implies: in `each` only, and there only for `kind` and `role` (an entry
    /// of a list of exclusions is a `prohibition`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<String>,
    /// The page of a `follow` step to look at, instead of the unit's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// With `css`: only elements whose text matches this regular expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub having: Option<String>,
    /// With `css`: what to read below an element that was kept (`.AttrContainer` having `^Faculty`, inside it
    /// `[data-testid="AttrBody"]`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// With `css`: instead of the element, read what follows it, up to the next sibling that matches this
    /// selector (from one heading to the next).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// With `css`: the attribute to read instead of the element's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// A regular expression; its group `value`, or first group, or whole match is what is read on. Text that
    /// does not match is not understood by this rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// A regular expression between the values of a list written as one text (`Term 1, Term 2`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transform: Vec<Transform>,
    /// For texts: all matches, each on a line of its own, instead of the first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lines: bool,
    /// For facts that are lists: the fields of one entry, with the rules for each tried in order, read relative
    /// to each match of `css` or to each element of the array at `json`. A field that is found several times
    /// (by `*` or `split`) makes as many entries. `order` is no field of an entry but sorts them.
    ///
    /// Fields: outcomes `description`, `code`; assessments `name`, `kind`, `weight`, `hurdle`; requisites `kind`,
    /// `text`; contacts `name`, `role`; offerings `session`, `location`, `mode`, or `name`. From an offering's `name`
    /// (`S1-01-CLAYTON-ON-CAMPUS`, `Autumn session, City, standard mode`, `Semester 2, 2025 (28/07/2025 - 22/11/2025)`,
    /// `Term 1, Term 2`) those three are read that have no value of their own; a name that is not understood whole is
    /// the session as it stands. A requisite's `text` may name kinds itself (`26012. Prohibition: 31252`).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub each: BTreeMap<String, Vec<Rule>>,
    /// With `each`: entries to leave out, such as those not published.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skip_when: Vec<Signal>,
    /// A regular expression: text that, found here, says that there are none. The fact becomes an empty list
    /// instead of unknown. An empty list on the page alone does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_when: Option<String>,
    /// For lists: adds to what earlier rules found, instead of being tried only when they found nothing. That
    /// there is nothing at such a place does not make the list empty.
    #[serde(default, skip_serializing_if = "is_false")]
    pub merge: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Transform {
    /// Markup to plain text; entities decoded, blocks on lines of their own.
    HtmlToText,
    CollapseWhitespace,
    Uppercase,
    Lowercase,
    /// The first whole number in the text.
    FirstInteger,
    /// The first decimal number in the text.
    FirstDecimal,
    /// `yes`, `true`, `1`, "Hurdle" → true; `no`, `false`, `0` → false.
    Boolean,
    /// CourseLoop's nested containers, as found by `json`, to requisites with expressions.
    CourseLoopRequisites,
}
