//! Measuring a document from outside, in one pass and without memory of its own to speak of.

use super::{MAX_ATTRIBUTES, MAX_DEPTH, MAX_PREFIXES, XmlError};
use std::collections::BTreeSet;

/// Refuses what a parser would spend too much on. What is no XML at all is left to the parser.
pub(super) fn check(text: &str) -> Result<(), XmlError> {
    let mut depth = 0usize;
    let mut prefixes = BTreeSet::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("</", ">"), ("<!", ">")];
        if let Some((open, close)) = skipped.into_iter().find(|(open, _)| rest.starts_with(open)) {
            if open == "</" {
                depth = depth.saturating_sub(1);
            }
            rest = after(&rest[open.len()..], close);
            continue;
        }
        let tag = tag(&rest[1..], &mut prefixes)?;
        if !tag.ends_with('/') {
            depth += 1;
        }
        if depth > MAX_DEPTH {
            return Err(XmlError::Deep);
        }
        rest = &rest[1 + tag.len()..];
    }
    Ok(())
}

fn after<'t>(text: &'t str, mark: &str) -> &'t str {
    text.find(mark).map_or("", |at| &text[at + mark.len()..])
}

/// A start tag up to its end, which stands outside of quotes.
fn tag<'t>(text: &'t str, prefixes: &mut BTreeSet<&'t str>) -> Result<&'t str, XmlError> {
    let (mut attributes, mut quote) = (0usize, None);
    for (at, sign) in text.bytes().enumerate() {
        match (quote, sign) {
            (Some(open), _) if sign == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(sign),
            (None, b'>') => return Ok(&text[..at]),
            (None, b'=') => {
                attributes += 1;
                let name = text[..at].trim_end().rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
                if let Some(prefix) = name.strip_prefix("xmlns:") {
                    prefixes.insert(prefix);
                }
                if attributes > MAX_ATTRIBUTES {
                    return Err(XmlError::Attributes);
                }
                if prefixes.len() > MAX_PREFIXES {
                    return Err(XmlError::Prefixes);
                }
            }
            (None, _) => {}
        }
    }
    Ok(text)
}
