//! Whether a changed schema still understands, and is understood by, who knows only the old one.
//!
//! Within a version a field may be added and must not be needed. Everything else makes a new version.

use serde_json::Value;
use std::collections::BTreeSet;

/// What of `old` is broken in `new`, in words with the path of each. Both are JSON Schemas (draft 7).
pub fn breaks(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Comparison { old, new }.compare("", old, new, &mut BTreeSet::new(), &mut found);
    found
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
}

type Seen = BTreeSet<(String, String)>;

impl<'a> Comparison<'a> {
    fn compare(&self, path: &str, old: &'a Value, new: &'a Value, seen: &mut Seen, found: &mut Vec<String>) {
        if let (Some(old), Some(new)) = (reference(old), reference(new)) {
            // A type may hold itself, as requisites do.
            if !seen.insert((old.to_owned(), new.to_owned())) {
                return;
            }
        }
        let (old, new) = (resolve(self.old, old), resolve(self.new, new));
        for keyword in ["type", "format", "const"] {
            if old.get(keyword) != new.get(keyword) {
                let show = |value: Option<&Value>| value.map_or("nothing".to_owned(), Value::to_string);
                found.push(format!(
                    "{path}: {keyword} was {} and is {}",
                    show(old.get(keyword)),
                    show(new.get(keyword))
                ));
            }
        }
        for value in texts(&old["enum"]).difference(&texts(&new["enum"])) {
            found.push(format!("{path}: value {value:?} is gone"));
        }
        for field in texts(&new["required"]).difference(&texts(&old["required"])) {
            found.push(format!("{path}/{field}: is required and was not"));
        }
        for field in texts(&old["required"]).difference(&texts(&new["required"])) {
            found.push(format!("{path}/{field}: may be missing and could not before"));
        }
        for (field, before) in old["properties"].as_object().into_iter().flatten() {
            match new["properties"].get(field) {
                Some(after) => self.compare(&format!("{path}/{field}"), before, after, seen, found),
                None => found.push(format!("{path}/{field}: is gone")),
            }
        }
        for part in ["items", "additionalProperties"] {
            if let (Some(before), Some(after)) = (old.get(part), new.get(part)) {
                self.compare(&format!("{path}/{part}"), before, after, seen, found);
            }
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            self.compare_choice(&format!("{path}/{choice}"), &old[choice], &new[choice], seen, found);
        }
    }

    /// Each old alternative must be among the new ones; which one it is shows by how well they agree.
    fn compare_choice(&self, path: &str, old: &'a Value, new: &'a Value, seen: &Seen, found: &mut Vec<String>) {
        for before in old.as_array().into_iter().flatten() {
            let candidates = new.as_array().into_iter().flatten().map(|after| {
                let mut breaks = Vec::new();
                self.compare(path, before, after, &mut seen.clone(), &mut breaks);
                breaks
            });
            match candidates.min_by_key(Vec::len) {
                Some(breaks) => found.extend(breaks),
                None => found.push(format!("{path}: the alternatives are gone")),
            }
        }
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    reference(schema).and_then(|path| root.pointer(path.trim_start_matches('#'))).unwrap_or(schema)
}

fn texts(value: &Value) -> BTreeSet<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(properties: &Value, required: &Value) -> Value {
        json!({
            "type": "object", "properties": properties, "required": required,
            "definitions": {
                "Tree": { "oneOf": [
                    { "type": "string" },
                    { "type": "array", "items": { "$ref": "#/definitions/Tree" } },
                ] },
            },
        })
    }

    fn before() -> Value {
        schema(&json!({ "a": { "type": "string" }, "tree": { "$ref": "#/definitions/Tree" } }), &json!(["a"]))
    }

    #[test]
    fn an_added_optional_field_breaks_nothing() {
        let mut after = before();
        after["properties"]["b"] = json!({ "type": ["string", "null"] });
        assert_eq!(breaks(&before(), &after), Vec::<String>::new());
    }

    #[test]
    fn a_removed_field_breaks() {
        let after = schema(&json!({ "tree": { "$ref": "#/definitions/Tree" } }), &json!([]));
        assert!(breaks(&before(), &after).contains(&"/a: is gone".to_owned()));
    }

    #[test]
    fn a_retyped_field_breaks() {
        let mut after = before();
        after["properties"]["a"] = json!({ "type": "integer" });
        assert_eq!(breaks(&before(), &after), [r#"/a: type was "string" and is "integer""#]);
    }

    #[test]
    fn a_newly_required_field_breaks() {
        let mut after = before();
        after["required"] = json!(["a", "tree"]);
        assert_eq!(breaks(&before(), &after), ["/tree: is required and was not"]);
    }

    #[test]
    fn an_alternative_that_is_gone_breaks() {
        let mut after = before();
        after["definitions"]["Tree"]["oneOf"] = json!([{ "type": "string" }]);
        assert!(!breaks(&before(), &after).is_empty());
    }
}
