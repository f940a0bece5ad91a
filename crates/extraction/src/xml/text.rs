//! The text of an XML element, by the rules of HTML where it holds HTML's elements.

use crate::html::{as_spaces, finish, is_hidden, separator};
use roxmltree::Node;

/// The text of an element with all below it. Does not recurse.
pub(crate) fn xml_text(element: Node<'_, '_>) -> String {
    let mut raw = String::new();
    let mut next = element.first_child();
    while let Some(node) = next {
        if let Some(text) = node.text().filter(|_| node.is_text()) {
            raw.push_str(&as_spaces(text));
        }
        let is_hidden = node.is_element() && is_hidden(node.tag_name().name());
        mark(node, &mut raw);
        next = node.first_child().filter(|_| !is_hidden).or_else(|| following(node, element, &mut raw));
    }
    finish(&raw)
}

/// The next node after all of `node`, within `element`; the elements that end on the way are marked.
fn following<'a, 'i>(mut node: Node<'a, 'i>, element: Node<'a, 'i>, raw: &mut String) -> Option<Node<'a, 'i>> {
    loop {
        mark(node, raw);
        if let Some(sibling) = node.next_sibling() {
            return Some(sibling);
        }
        node = node.parent().filter(|parent| *parent != element)?;
    }
}

fn mark(node: Node<'_, '_>, raw: &mut String) {
    if node.is_element() {
        raw.push_str(separator(node.tag_name().name()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_that_of_its_blocks_on_lines_of_their_own() {
        for (xml, text) in [
            ("<d>a &lt; b<!-- c --> &amp; d</d>", "a < b & d"),
            ("<d><![CDATA[<p>One</p>]]></d>", "<p>One</p>"),
            ("<d> <div><p>One</p>\n<p>Two <em>and</em><br/>three</p></div> </d>", "One\nTwo and\nthree"),
            ("<d><x:p xmlns:x='u'>One</x:p><x:script xmlns:x='u'>no</x:script>Two</d>", "One\nTwo"),
            ("<d/>", ""),
            ("<d><!-- nothing --></d>", ""),
        ] {
            let document = roxmltree::Document::parse(xml).unwrap();
            assert_eq!(xml_text(document.root_element()), text, "{xml}");
        }
    }
}
