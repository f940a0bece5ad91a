//! How a page becomes text: blocks begin and end lines, cells of a row stand in one line, white space collapses,
//! empty lines are dropped, and what a reader does not see as text is none.

use ego_tree::{NodeRef, iter::Edge};
use scraper::Node;

/// The text of some nodes with all below them. Does not recurse, so depth is no matter.
pub(crate) fn text_of<'a>(nodes: impl IntoIterator<Item = NodeRef<'a, Node>>) -> String {
    let mut raw = String::new();
    for node in nodes {
        // The element asked for is text even where inside another it would not be (`script`).
        let mut hidden = None;
        for edge in node.traverse() {
            match edge {
                Edge::Open(inner) if hidden.is_none() => match inner.value() {
                    Node::Text(text) => raw.push_str(&as_spaces(text)),
                    Node::Element(element) if inner != node && is_hidden(element.name()) => hidden = Some(inner.id()),
                    Node::Element(element) => raw.push_str(separator(element.name())),
                    _ => {}
                },
                Edge::Close(inner) if hidden == Some(inner.id()) => hidden = None,
                Edge::Close(inner) if hidden.is_none() => {
                    if let Node::Element(element) = inner.value() {
                        raw.push_str(separator(element.name()));
                    }
                }
                Edge::Open(_) | Edge::Close(_) => {}
            }
        }
        raw.push('\n');
    }
    finish(&raw)
}

/// White space of the source is never a line break of the text.
pub(crate) fn as_spaces(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect()
}

/// Collapses each line, drops the empty ones.
pub(crate) fn finish(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for line in raw.split('\n') {
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { continue };
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(first);
        for word in words {
            text.push(' ');
            text.push_str(word);
        }
    }
    text
}

pub(crate) fn is_hidden(element: &str) -> bool {
    matches!(element, "script" | "style" | "template" | "noscript")
}

/// What an element puts before and after its text.
pub(crate) fn separator(element: &str) -> &'static str {
    match element {
        "td" | "th" => " ",
        "address" | "article" | "aside" | "blockquote" | "body" | "br" | "caption" | "dd" | "details" | "div"
        | "dl" | "dt" | "fieldset" | "figcaption" | "figure" | "footer" | "form" | "h1" | "h2" | "h3" | "h4" | "h5"
        | "h6" | "head" | "header" | "hr" | "html" | "legend" | "li" | "main" | "nav" | "ol" | "option" | "p"
        | "pre" | "section" | "summary" | "table" | "tbody" | "tfoot" | "thead" | "title" | "tr" | "ul" => "\n",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use crate::html::html_to_text;

    #[test]
    fn blocks_stand_on_lines_of_their_own() {
        for (markup, text) in [
            ("<p>One<p>Two<ul><li>three<li>four</ul>", "One\nTwo\nthree\nfour"),
            ("a<br>b<br><br>c", "a\nb\nc"),
            ("<table><tr><th>Weight:<td>40%<tr><th>Type:<td>Report</table>", "Weight: 40%\nType: Report"),
            ("<em>re</em>join <span>H<sub>2</sub>O</span>", "rejoin H2O"),
            ("<p>a &nbsp; b\n c</p>", "a b c"),
            ("<pre>a\n  b</pre>", "a b"),
            ("x<script>var y</script><style>z</style><!-- c --><noscript>n</noscript>w", "xw"),
            ("&eacute;&#233;&#xe9;&amp;lt;", "ééé&lt;"),
        ] {
            assert_eq!(html_to_text(markup).as_deref(), Some(text), "{markup}");
        }
    }
}
