//! Text with paragraphs and lists: as a page writes it, and as the truth reads it.
//!
//! The two ways share nothing but the words, so that a mistake in either shows.

use crate::{html::Spelling, random::Stream};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inline {
    Text(String),
    Strong(String),
    Emphasis(String),
    Link { path: String, text: String },
    Break,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(Vec<Inline>),
    List(Vec<Vec<Inline>>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prose(pub(crate) Vec<Block>);

impl Prose {
    pub(crate) fn line(text: &str) -> Self {
        Self(vec![Block::Paragraph(vec![Inline::Text(text.to_owned())])])
    }

    /// One line a paragraph, list item or break.
    pub(crate) fn text(&self) -> String {
        let mut lines = Vec::new();
        for block in &self.0 {
            match block {
                Block::Paragraph(parts) => lines.push(words(parts)),
                Block::List(items) => lines.extend(items.iter().map(|item| words(item))),
            }
        }
        lines.join("\n")
    }

    /// As a page writes it; `closed` says whether the author closes paragraphs and items.
    pub(crate) fn html(&self, spelling: Spelling, closed: bool, stream: &mut Stream) -> String {
        let mut html = String::new();
        let end = |tag: &str| if closed { format!("</{tag}>") } else { String::new() };
        for block in &self.0 {
            match block {
                Block::Paragraph(parts) => {
                    // Editors leave line breaks and indentation behind; they mean nothing.
                    let indent = if stream.chance(120) { "\n    " } else { "" };
                    html.push_str(&format!("<p>{indent}{}{}\n", markup(parts, spelling, stream), end("p")));
                }
                Block::List(items) => {
                    html.push_str("<ul>\n");
                    for item in items {
                        html.push_str(&format!("<li>{}{}\n", markup(item, spelling, stream), end("li")));
                    }
                    html.push_str("</ul>\n");
                }
            }
        }
        html
    }
}

fn words(parts: &[Inline]) -> String {
    let text = parts.iter().fold(String::new(), |mut text, part| {
        match part {
            Inline::Text(words)
            | Inline::Strong(words)
            | Inline::Emphasis(words)
            | Inline::Link { text: words, .. } => {
                text.push_str(words);
            }
            Inline::Break => text.push('\n'),
        }
        text
    });
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn markup(parts: &[Inline], spelling: Spelling, stream: &mut Stream) -> String {
    parts.iter().fold(String::new(), |mut html, part| {
        match part {
            Inline::Text(words) => html.push_str(&spelling.encode(words, stream)),
            Inline::Strong(words) => html.push_str(&format!("<strong>{}</strong>", spelling.encode(words, stream))),
            Inline::Emphasis(words) => html.push_str(&format!("<em>{}</em>", spelling.encode(words, stream))),
            Inline::Link { path, text } => {
                html.push_str(&format!("<a href=\"{path}\">{}</a>", spelling.encode(text, stream)));
            }
            Inline::Break => html.push_str("<br>"),
        }
        html
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Prose {
        Prose(vec![
            Block::Paragraph(vec![
                Inline::Text("Where x < y & ".into()),
                Inline::Strong("not".into()),
                Inline::Break,
                Inline::Text("otherwise".into()),
            ]),
            Block::List(vec![vec![Inline::Text("one".into())], vec![Inline::Text("two".into())]]),
        ])
    }

    #[test]
    fn each_paragraph_item_and_break_is_a_line() {
        assert_eq!(sample().text(), "Where x < y & not\notherwise\none\ntwo");
    }

    #[test]
    fn the_page_may_leave_elements_open_and_signs_bare() {
        let closed = sample().html(Spelling::Escaped, true, &mut Stream::of(1, "", 0));
        assert!(closed.contains("Where x &lt; y &amp; <strong>not</strong><br>otherwise</p>"), "{closed}");
        let open = sample().html(Spelling::Bare, false, &mut Stream::of(1, "", 0));
        assert!(open.contains("Where x < y & <strong>not</strong><br>otherwise\n"), "{open}");
        assert!(!open.contains("</p>") && !open.contains("</li>"), "{open}");
    }
}
