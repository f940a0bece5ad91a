//! HTML: parsed within bounds, and turned into text.
//!
//! The parser is fed in small pieces, and the tree is looked at between them. Its cost grows with depth (each tag may
//! look at all open ones), with reopened formatting elements (few tags can make many nodes) and with the square
//! of the attributes of one tag: a stranger's page must not hold a worker by any of these.

mod text;

pub(crate) use text::{as_spaces, finish, is_hidden, separator, text_of};

use crate::MAX_PAGE_BYTES;
use html5ever::{
    driver::{self, ParseOpts, Parser},
    tendril::{StrTendril, TendrilSink},
};
use scraper::{Html, HtmlTreeSink};

/// Chromium itself stops nesting at 512.
const MAX_DEPTH: usize = 512;
const MAX_NODES: usize = 100_000;
/// Separators that could stand between attributes, in a stretch of source that gives no node.
const MAX_SEPARATORS: usize = 30_000;
/// How much is parsed between two looks at the tree.
const PIECE: usize = 1024;

/// Why a page is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TooIntricate {
    #[error("the page is larger than {} MiB", MAX_PAGE_BYTES / 1024 / 1024)]
    Large,
    #[error("the page has more than {MAX_NODES} nodes")]
    Nodes,
    #[error("the page is nested more than {MAX_DEPTH} deep")]
    Deep,
    #[error("an element of the page has too many attributes")]
    Attributes,
}

/// Parses a whole page.
pub(crate) fn parse(source: &str) -> Result<Html, TooIntricate> {
    if source.len() > MAX_PAGE_BYTES {
        return Err(TooIntricate::Large);
    }
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = driver::parse_document(sink, ParseOpts::default());
    let mut rest = source;
    let mut silent = Silence::default();
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.ceil_char_boundary(PIECE));
        parser.process(StrTendril::from_slice(piece));
        rest = tail;
        look(&parser, piece, &mut silent)?;
    }
    Ok(parser.finish())
}

/// A stretch of source during which the tree did not change: the parser is inside one tag or one comment.
#[derive(Default)]
struct Silence {
    nodes: usize,
    /// How long the newest text is.
    text: usize,
    separators: usize,
}

fn look(parser: &Parser<HtmlTreeSink>, piece: &str, silent: &mut Silence) -> Result<(), TooIntricate> {
    let html = parser.tokenizer.sink.sink.0.borrow();
    let nodes = html.tree.values().len();
    if nodes > MAX_NODES {
        return Err(TooIntricate::Nodes);
    }
    let newest = html.tree.nodes().next_back();
    if newest.is_some_and(|node| node.ancestors().nth(MAX_DEPTH).is_some()) {
        return Err(TooIntricate::Deep);
    }
    // A long text, a script for one, grows without a new node; it holds no attributes.
    let text = newest.and_then(|node| node.value().as_text()).map_or(0, |text| text.len());
    if (nodes, text) != (silent.nodes, silent.text) {
        *silent = Silence { nodes, text, separators: 0 };
        return Ok(());
    }
    silent.separators += piece.bytes().filter(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'"' | b'\'')).count();
    if silent.separators > MAX_SEPARATORS {
        return Err(TooIntricate::Attributes);
    }
    Ok(())
}

/// Markup to plain text, by the same rules as an element's. Markup beyond the bounds has none.
pub(crate) fn html_to_text(markup: &str) -> Option<String> {
    if !markup.contains(['<', '&']) {
        return Some(finish(&as_spaces(markup)));
    }
    let html = parse(markup).ok()?;
    Some(text_of([html.tree.root()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn deep_wide_and_reopening_pages_are_refused() {
        assert_eq!(parse(&"<div>".repeat(100_000)), Err(TooIntricate::Deep));
        assert_eq!(parse(&"<b>".repeat(100_000)), Err(TooIntricate::Deep));
        assert_eq!(parse(&format!("<table>{}", "<td><table>".repeat(50_000))), Err(TooIntricate::Deep));
        assert_eq!(parse(&"<br>".repeat(200_000)), Err(TooIntricate::Nodes));
        assert_eq!(parse(&"x".repeat(MAX_PAGE_BYTES + 1)), Err(TooIntricate::Large));
        let reopening: String = (0..200_000).map(|i| format!("<p><font size={i}>x</p>")).collect();
        assert!(parse(&reopening).is_err());
    }

    #[test]
    fn a_tag_with_endless_attributes_is_refused_and_long_texts_are_not() {
        let attributes: String = (0..100_000).map(|i| format!(" a{i}")).collect();
        assert_eq!(parse(&format!("<p{attributes}>")), Err(TooIntricate::Attributes));
        assert!(parse(&format!("<script>{}</script>", "var a = 1; ".repeat(100_000))).is_ok());
        assert!(parse(&format!("<p>{}</p>", "many words ".repeat(100_000))).is_ok());
    }

    #[test]
    fn text_with_a_less_than_sign_survives() {
        assert_eq!(html_to_text("<p>if x &lt; y &amp; y &gt; z</p>").as_deref(), Some("if x < y & y > z"));
        assert_eq!(html_to_text("if x < y and a<b>c</b>").as_deref(), Some("if x < y and ac"));
        assert_eq!(html_to_text("Health & Society").as_deref(), Some("Health & Society"));
    }

    proptest! {
        #[test]
        fn any_source_is_parsed_or_refused(source in "[<>/a-c \"'=&;!\\-\\[\\]]{0,400}") {
            let _ = html_to_text(&source);
        }

        #[test]
        fn words_around_a_bare_less_than_sign_are_kept(left in "[a-z]{1,8}", right in "[a-z]{1,8}") {
            let written = format!("<p>{left} < {right}</p>");
            let text = format!("{left} < {right}");
            prop_assert_eq!(html_to_text(&written), Some(text));
        }
    }
}
