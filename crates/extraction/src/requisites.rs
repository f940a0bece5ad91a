//! CourseLoop's requisites: containers nested in containers, each joining what is in it by AND or OR.

use rmu_domain::{
    requisite::{Expression, Requisite, RequisiteKind},
    text::collapse_whitespace,
    unit_code::UnitCode,
};
use serde_json::Value;

/// What a text of a requisite may have, as in the messages that carry it.
const MAX_TEXT: usize = 60_000;

/// Reads `requisites[]`. Entries of another kind than the three (recommended studies) are left out; `Err` has
/// what was not understood.
pub(crate) fn courseloop_requisites(entries: &[&Value]) -> Result<Vec<Requisite>, String> {
    let mut requisites = Vec::new();
    let mut unknown = None;
    for entry in entries {
        let label = word(entry.get("requisite_type"));
        let containers = list(entry, "container");
        if label.is_empty() && containers.is_empty() {
            continue;
        }
        let Some(kind) = RequisiteKind::from_label(&label) else {
            unknown.get_or_insert(label);
            continue;
        };
        let mut parts = Vec::new();
        for container in containers {
            parts.extend(group(container, 0)?);
        }
        // Several containers of one requisite are joined by AND.
        let Some(tree) = joined(parts, Some(Join::All)) else { continue };
        let expression = tree.expression();
        let text = match &expression {
            Some(expression) => expression.to_string(),
            None => tree.words(),
        };
        if text.len() > MAX_TEXT {
            return Err(text);
        }
        requisites.push(Requisite { kind, text, expression });
    }
    match unknown {
        Some(label) if requisites.is_empty() => Err(label),
        _ => Ok(requisites),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    All,
    Any,
}

/// What a container holds, before it is known whether all of it is understood.
enum Tree {
    Unit {
        code: Option<UnitCode>,
        words: String,
    },
    /// Without a join the page does not say how the parts belong together.
    Group(Option<Join>, Vec<Tree>),
}

impl Tree {
    fn expression(&self) -> Option<Expression> {
        match self {
            Self::Unit { code, .. } => code.clone().map(Expression::Unit),
            Self::Group(join, parts) => {
                let parts = parts.iter().map(Self::expression).collect::<Option<Vec<_>>>()?;
                match join.as_ref()? {
                    Join::All => Expression::all(parts),
                    Join::Any => Expression::any(parts),
                }
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Unit { words, .. } => words.clone(),
            Self::Group(join, parts) => {
                let between = match join {
                    Some(Join::All) => " AND ",
                    Some(Join::Any) => " OR ",
                    None => ", ",
                };
                let parts: Vec<_> = parts
                    .iter()
                    .map(|part| match part {
                        Self::Unit { words, .. } => words.clone(),
                        group @ Self::Group(..) => format!("({})", group.words()),
                    })
                    .collect();
                parts.join(between)
            }
        }
    }
}

/// A container: its relationships, then its containers, joined by its own connector. `None` for an empty one.
fn group(container: &Value, depth: usize) -> Result<Option<Tree>, String> {
    // The outermost containers are joined once more.
    if depth + 1 >= Expression::MAX_DEPTH {
        return Err("requisites nested too deeply".to_owned());
    }
    let mut parts: Vec<Tree> = list(container, "relationships").iter().filter_map(relationship).collect();
    for inner in list(container, "containers") {
        parts.extend(group(inner, depth + 1)?);
    }
    let connector = word(container.get("parent_connector"));
    let join = match connector.to_ascii_uppercase().as_str() {
        "AND" => Some(Join::All),
        "OR" => Some(Join::Any),
        _ => None,
    };
    Ok(joined(parts, join))
}

/// A group of one is that one.
fn joined(mut parts: Vec<Tree>, join: Option<Join>) -> Option<Tree> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(Tree::Group(join, parts)),
    }
}

fn relationship(relationship: &Value) -> Option<Tree> {
    let code = word(relationship.get("academic_item_code"));
    let name = word(relationship.get("academic_item_name"));
    let words = match (code.as_str(), name.as_str()) {
        ("", "") => return None,
        ("", name) => name.to_owned(),
        (code, _) => code.to_owned(),
    };
    Some(Tree::Unit { code: UnitCode::parse(&code).ok(), words })
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A plain string, or the label or value of an enumeration.
fn word(value: Option<&Value>) -> String {
    let text = match value {
        Some(Value::String(text)) => Some(text.as_str()),
        Some(Value::Object(map)) => ["label", "value"].iter().find_map(|name| map.get(*name)?.as_str()),
        _ => None,
    };
    collapse_whitespace(text.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn unit(code: &str) -> Value {
        json!({"academic_item_code": code, "academic_item_name": "Name"})
    }

    fn read(entry: &Value) -> Result<Vec<(String, bool)>, String> {
        let requisites = courseloop_requisites(&[entry])?;
        Ok(requisites.into_iter().map(|r| (r.text, r.expression.is_some())).collect())
    }

    #[test]
    fn nested_containers_become_an_expression() {
        let entry = json!({"requisite_type": {"label": "Prerequisite"}, "container": [{
            "parent_connector": {"label": "OR"},
            "relationships": [unit("48730")],
            "containers": [{"parent_connector": {"value": "AND"}, "relationships": [unit("26012"), unit("31251")]}],
        }]});
        assert_eq!(read(&entry), Ok(vec![("48730 OR (26012 AND 31251)".to_owned(), true)]));
    }

    #[test]
    fn several_containers_are_joined_by_and_and_empty_ones_are_nothing() {
        let entry = json!({"requisite_type": {"label": "Corequisite"}, "container": [
            {"parent_connector": {"label": "OR"}, "relationships": [unit("FIT1045"), unit("FIT1048")]},
            {"parent_connector": null, "relationships": [unit("MAT1830")], "containers": []},
            {"parent_connector": {"label": "AND"}, "relationships": []},
        ]});
        assert_eq!(read(&entry), Ok(vec![("(FIT1045 OR FIT1048) AND MAT1830".to_owned(), true)]));
        assert_eq!(read(&json!({"requisite_type": {"label": "Prerequisite"}, "container": []})), Ok(vec![]));
    }

    #[test]
    fn what_is_not_understood_whole_stays_text() {
        let no_connector = json!({"requisite_type": {"label": "Prerequisite"}, "container": [
            {"relationships": [unit("FIT1045"), unit("FIT1048")]}]});
        assert_eq!(read(&no_connector), Ok(vec![("FIT1045, FIT1048".to_owned(), false)]));
        let no_code = json!({"requisite_type": {"label": "Prerequisite"}, "container": [
            {"parent_connector": {"label": "AND"}, "relationships": [unit("FIT1045"), {"academic_item_name": "Any course"}]}]});
        assert_eq!(read(&no_code), Ok(vec![("FIT1045 AND Any course".to_owned(), false)]));
    }

    #[test]
    fn other_kinds_are_left_out_and_endless_nesting_is_refused() {
        let container = json!([{"relationships": [unit("FIT1045")]}]);
        let recommended = json!({"requisite_type": {"label": "Recommended"}, "container": container});
        let needed = json!({"requisite_type": {"label": "Prohibition"}, "container": container});
        assert_eq!(courseloop_requisites(&[&recommended, &needed]).map(|r| r.len()), Ok(1));
        assert_eq!(courseloop_requisites(&[&recommended]), Err("Recommended".to_owned()));
        let deep = (0..40).fold(json!({"relationships": [unit("FIT1045")]}), |inner, _| json!({"containers": [inner]}));
        assert!(read(&json!({"requisite_type": "Prerequisite", "container": [deep]})).is_err());
    }
}
