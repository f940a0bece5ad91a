//! JSON Pointers with a wildcard, and what they find.

use serde_json::Value;

const MAX_SEGMENTS: usize = 32;

/// A JSON Pointer (RFC 6901) in which a segment `*` stands for every element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pointer(Vec<String>);

/// What a pointer leads to. The difference between nothing there and something empty there is kept.
#[derive(Debug, PartialEq)]
pub(crate) enum Found<'v> {
    Absent,
    /// A `null` or an empty array was met on the way or at the end.
    Empty,
    Values(Vec<&'v Value>),
}

impl Pointer {
    pub(crate) fn parse(raw: &str) -> Result<Self, String> {
        let Some(path) = raw.strip_prefix('/') else {
            return Err("must be a JSON Pointer such as /props/pageContent/title".to_owned());
        };
        let segments: Vec<_> = path.split('/').map(|s| s.replace("~1", "/").replace("~0", "~")).collect();
        if segments.len() > MAX_SEGMENTS {
            return Err(format!("must have at most {MAX_SEGMENTS} segments"));
        }
        Ok(Self(segments))
    }

    pub(crate) fn find<'v>(&self, root: &'v Value) -> Found<'v> {
        let mut current = vec![root];
        let mut met_empty = false;
        for segment in &self.0 {
            let mut next = Vec::new();
            for value in current {
                match value {
                    Value::Array(entries) if entries.is_empty() => met_empty = true,
                    Value::Array(entries) if segment == "*" => next.extend(entries),
                    Value::Array(entries) => next.extend(segment.parse().ok().and_then(|i: usize| entries.get(i))),
                    Value::Object(map) => next.extend(map.get(segment)),
                    Value::Null => met_empty = true,
                    _ => {}
                }
            }
            current = next;
        }
        let before = current.len();
        current.retain(|value| !value.is_null());
        met_empty |= current.len() < before;
        match (current.is_empty(), met_empty) {
            (false, _) => Found::Values(current),
            (true, true) => Found::Empty,
            (true, false) => Found::Absent,
        }
    }
}

impl Pointer {
    /// What the pointer leads to, each with the pointer that leads to it alone.
    pub(crate) fn locate<'v>(&self, root: &'v Value) -> Vec<(String, &'v Value)> {
        let mut current = vec![(String::new(), root)];
        for segment in &self.0 {
            let mut next = Vec::new();
            for (path, value) in current {
                match value {
                    Value::Array(entries) if segment == "*" => {
                        next.extend(
                            entries.iter().enumerate().map(|(index, entry)| (format!("{path}/{index}"), entry)),
                        );
                    }
                    Value::Array(entries) => {
                        let entry = segment.parse().ok().and_then(|index: usize| entries.get(index));
                        next.extend(entry.map(|entry| (format!("{path}/{segment}"), entry)));
                    }
                    Value::Object(map) => {
                        let name = segment.replace('~', "~0").replace('/', "~1");
                        next.extend(map.get(segment).map(|value| (format!("{path}/{name}"), value)));
                    }
                    _ => {}
                }
            }
            current = next;
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_one_or_many_and_tells_empty_from_absent() {
        let document = json!({"a": [{"b": 1}, {"b": 2}, {}], "n": null, "e": [], "t/u": {"~": "x"}});
        let find = |raw: &str| Pointer::parse(raw).unwrap().find(&document);
        assert_eq!(find("/a/1/b"), Found::Values(vec![&json!(2)]));
        assert_eq!(find("/a/*/b"), Found::Values(vec![&json!(1), &json!(2)]));
        assert_eq!(find("/t~1u/~0"), Found::Values(vec![&json!("x")]));
        assert_eq!(find("/n/value"), Found::Empty);
        assert_eq!(find("/e/*/b"), Found::Empty);
        assert_eq!(find("/e/0"), Found::Empty);
        assert_eq!(find("/a/9"), Found::Absent);
        assert_eq!(find("/a/x"), Found::Absent);
        assert_eq!(find("/missing/b"), Found::Absent);
    }

    #[test]
    fn must_begin_with_a_slash() {
        assert!(Pointer::parse("a").is_err());
        assert!(Pointer::parse("").is_err());
        assert!(Pointer::parse(&"/a".repeat(100)).is_err());
    }
    #[test]
    fn what_is_found_is_located() {
        let document = json!({"a": [{"b/c": 1}, {"b/c": null}], "n": 5});
        let located = Pointer::parse("/a/*/b~1c").unwrap().locate(&document);
        assert_eq!(located, [("/a/0/b~1c".to_owned(), &json!(1)), ("/a/1/b~1c".to_owned(), &json!(null))]);
        for (path, value) in located {
            assert_eq!(document.pointer(&path), Some(value));
        }
        assert!(Pointer::parse("/n/x").unwrap().locate(&document).is_empty());
    }
}
