//! XML: parsed within bounds, without a document type, and found in by short paths.
//!
//! The parser does not recurse and counts its nodes. What it does not bound is measured before: depth, which lists
//! grow with, attributes, which it compares with one another, and prefixes, of which every element may get a list.

mod bounds;
mod path;
mod text;

pub(crate) use {
    path::{Hit, XmlPath},
    text::xml_text,
};

use crate::MAX_PAGE_BYTES;
use roxmltree::{Document, ParsingOptions};

const MAX_NODES: u32 = 200_000;
const MAX_DEPTH: usize = 64;
const MAX_ATTRIBUTES: usize = 256;
const MAX_PREFIXES: usize = 64;

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum XmlError {
    #[error("larger than {} MiB", MAX_PAGE_BYTES / 1024 / 1024)]
    Large,
    #[error("nested more than {MAX_DEPTH} deep")]
    Deep,
    #[error("an element has more than {MAX_ATTRIBUTES} attributes")]
    Attributes,
    #[error("more than {MAX_PREFIXES} prefixes are declared")]
    Prefixes,
    #[error("more than {MAX_NODES} nodes")]
    Nodes,
    #[error("it has a document type, which may hold anything")]
    DocumentType,
    #[error("{0}")]
    Malformed(String),
}

/// Parses a whole document.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, XmlError> {
    if text.len() > MAX_PAGE_BYTES {
        return Err(XmlError::Large);
    }
    bounds::check(text)?;
    // No document type, so no entities of its own and nothing from outside.
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => XmlError::DocumentType,
        roxmltree::Error::NodesLimitReached => XmlError::Nodes,
        other => XmlError::Malformed(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> XmlError {
        parse(text).expect_err(&text[..text.len().min(40)])
    }

    #[test]
    fn bombs_and_oddities_are_refused() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        assert_eq!(refused(laughs), XmlError::DocumentType);
        assert_eq!(refused("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><x/>"), XmlError::DocumentType);
        assert_eq!(refused(&format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))), XmlError::Deep);
        assert_eq!(refused(&format!("<a>{}</a>", "<b/>".repeat(250_000))), XmlError::Nodes);
        assert_eq!(refused(&format!("<a>{}</a>", "x".repeat(MAX_PAGE_BYTES))), XmlError::Large);
        let attributes: String = (0..100_000).map(|number| format!(" a{number}='>'")).collect();
        assert_eq!(refused(&format!("<a{attributes}/>")), XmlError::Attributes);
        let prefixes: String = (0..1000).map(|number| format!("<b xmlns:p{number}='u'/>")).collect();
        assert_eq!(refused(&format!("<a>{prefixes}</a>")), XmlError::Prefixes);
        assert!(matches!(refused("<a><b></a>"), XmlError::Malformed(_)));
        assert!(matches!(refused("<a>&unknown;</a>"), XmlError::Malformed(_)));
    }

    #[test]
    fn what_only_looks_like_elements_does_not_count() {
        let lists = "<li>unclosed".repeat(1000);
        let text = format!("<?xml version='1.0'?><!-- {lists} --><a t='>'><![CDATA[{lists}]]><?pi {lists}?></a>");
        assert!(parse(&text).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[<>/a-c \"'=&;!?\\-\\[\\]:x]{0,300}") {
            let _ = parse(&text);
            let _ = parse(&format!("<x>{text}</x>"));
        }
    }
}
