//! Paths to elements and attributes: child steps by local name, which is what a feed's prefixes leave alone.

use roxmltree::Node;

const MAX_LENGTH: usize = 300;
const MAX_STEPS: usize = 16;

/// `credit/value`, `contributor[@role='lecturer']`, `*/title`, `@id`, and from the document's root `/catalog/title`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct XmlPath {
    raw: String,
    is_from_root: bool,
    steps: Vec<Step>,
    attribute: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    /// `None` is any element.
    name: Option<String>,
    /// An attribute with the value it must have.
    having: Option<(String, String)>,
}

/// What a path leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hit<'a> {
    Element(Node<'a, 'a>),
    Attribute(Node<'a, 'a>, &'a str),
}

impl XmlPath {
    pub(crate) fn parse(raw: &str) -> Result<Self, String> {
        if raw.is_empty() || raw.len() > MAX_LENGTH {
            return Err(format!("must be a path of 1 to {MAX_LENGTH} characters, such as credit/value or @id"));
        }
        let (is_from_root, path) = raw.strip_prefix('/').map_or((false, raw), |path| (true, path));
        let mut parts = split(path)?;
        let attribute = match parts.last().and_then(|last| last.strip_prefix('@')) {
            Some(name) => Some(plain_name(name)?),
            None => None,
        };
        if attribute.is_some() {
            parts.pop();
        }
        if parts.len() > MAX_STEPS {
            return Err(format!("must have at most {MAX_STEPS} steps"));
        }
        if is_from_root && parts.is_empty() {
            return Err("must name the root element after the first /".to_owned());
        }
        let steps = parts.into_iter().map(Step::parse).collect::<Result<_, _>>()?;
        Ok(Self { raw: raw.to_owned(), is_from_root, steps, attribute })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.raw
    }

    /// Whether it leads to the same from wherever one starts.
    pub(crate) fn is_from_root(&self) -> bool {
        self.is_from_root
    }

    pub(crate) fn is_to_attribute(&self) -> bool {
        self.attribute.is_some()
    }

    /// The attribute it leads to.
    pub(crate) fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// All matches in the order of the document, and how many nodes were looked at.
    pub(crate) fn find<'a>(&self, entry: Node<'a, 'a>) -> (Vec<Hit<'a>>, usize) {
        let mut looked = 0;
        let mut current = vec![if self.is_from_root { entry.document().root() } else { entry }];
        for step in &self.steps {
            let children = current.iter().flat_map(Node::children).inspect(|_| looked += 1);
            current = children.filter(|child| step.matches(*child)).collect();
        }
        let hits = match &self.attribute {
            None => current.into_iter().map(Hit::Element).collect(),
            Some(name) => {
                let hit = |element| Some(Hit::Attribute(element, attribute(element, name)?));
                current.into_iter().filter_map(hit).collect()
            }
        };
        (hits, looked + 1)
    }
}

impl Step {
    fn parse(raw: &str) -> Result<Self, String> {
        let (name, having) = match raw.split_once('[') {
            Some((name, predicate)) => (name, Some(parse_predicate(predicate)?)),
            None => (raw, None),
        };
        let name = if name == "*" { None } else { Some(plain_name(name)?) };
        Ok(Self { name, having })
    }

    fn matches(&self, node: Node<'_, '_>) -> bool {
        node.is_element()
            && self.name.as_deref().is_none_or(|name| node.tag_name().name() == name)
            && self.having.as_ref().is_none_or(|(name, value)| attribute(node, name) == Some(value))
    }
}

/// By local name, whatever its prefix.
fn attribute<'a>(element: Node<'a, '_>, name: &str) -> Option<&'a str> {
    element.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}

/// Steps between slashes; a slash in quotes is no end of one.
fn split(path: &str) -> Result<Vec<&str>, String> {
    let (mut parts, mut start, mut quote) = (Vec::new(), 0, None);
    for (at, sign) in path.char_indices() {
        match quote {
            Some(open) if sign == open => quote = None,
            Some(_) => {}
            None if matches!(sign, '"' | '\'') => quote = Some(sign),
            None if sign == '/' => {
                parts.push(&path[start..at]);
                start = at + 1;
            }
            None => {}
        }
    }
    if quote.is_some() {
        return Err("has a quote that is not closed".to_owned());
    }
    parts.push(&path[start..]);
    Ok(parts)
}

/// What follows the opening bracket: `@name='value']`.
fn parse_predicate(raw: &str) -> Result<(String, String), String> {
    let wrong = || "may have only [@name='value'] in brackets".to_owned();
    let inner = raw.strip_suffix(']').and_then(|inner| inner.strip_prefix('@')).ok_or_else(wrong)?;
    let (name, value) = inner.split_once('=').ok_or_else(wrong)?;
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote).filter(|value| !value.contains(quote));
    let value = quoted('\'').or_else(|| quoted('"')).ok_or_else(wrong)?;
    Ok((plain_name(name)?, value.to_owned()))
}

fn plain_name(raw: &str) -> Result<String, String> {
    if raw.contains(':') {
        return Err(format!("must name elements and attributes without a prefix, not {raw}"));
    }
    let is_name = raw.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && raw.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if is_name { Ok(raw.to_owned()) } else { Err(format!("has the step {raw:?}, which is no name, * or @name")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::xml_text;

    const FEED: &str = "<c:catalog xmlns:c='urn:c' year='2026'><c:title>All</c:title><course>\
        <a:id xmlns:a='urn:a'>http://x</a:id><id xmlns:x='urn:x' x:type='n:code'>31251</id><credit value='6'/><credit><level/></credit>\
        </course></c:catalog>";

    fn find(raw: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(FEED).unwrap();
        let course = document.root_element().last_element_child().unwrap();
        let (hits, _) = XmlPath::parse(raw).unwrap().find(course);
        let shown = hits.into_iter().map(|hit| match hit {
            Hit::Element(element) => format!("<{}>{}", element.tag_name().name(), xml_text(element)),
            Hit::Attribute(_, value) => value.to_owned(),
        });
        shown.collect()
    }

    #[test]
    fn elements_and_attributes_are_found_by_their_local_names() {
        assert_eq!(find("id"), ["<id>http://x", "<id>31251"]);
        assert_eq!(find("id[@type='n:code']"), ["<id>31251"]);
        assert_eq!(find("id[@type=\"other\"]"), Vec::<String>::new());
        assert_eq!(find("credit/@value"), ["6"]);
        assert_eq!(find("*/level"), ["<level>"]);
        assert_eq!(find("*").len(), 4);
        assert_eq!(find("/catalog/title"), ["<title>All"]);
        assert_eq!(find("/catalog/@year"), ["2026"]);
        assert_eq!(find("/title"), Vec::<String>::new());
        assert_eq!(find("missing/level"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_reason() {
        for (raw, reason) in [
            ("", "1 to 300"),
            ("/", "which is no name"),
            ("/@id", "root element"),
            ("a//b", "step \"\""),
            ("a/", "step \"\""),
            ("@id/a", "step \"@id\""),
            ("dc:title", "without a prefix"),
            ("a[1]", "[@name='value']"),
            ("a[@b=c]", "[@name='value']"),
            ("a[@b='c", "not closed"),
            ("a b", "step \"a b\""),
            (&"a/".repeat(40), "at most 16"),
            (&"a".repeat(301), "1 to 300"),
        ] {
            let error = XmlPath::parse(raw).expect_err(raw);
            assert!(error.contains(reason), "{raw}: {error}");
        }
    }
}
