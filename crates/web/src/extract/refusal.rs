//! From a serde error to the field and a sentence for whoever sent it.

use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// The field at fault and what is wrong with it.
pub(super) fn explain(path: &Path, message: &str) -> (String, String) {
    let mut field = dotted(path);
    if let Some(name) = quoted_after(message, "missing field ") {
        push(&mut field, name);
        return (field, "is required".to_owned());
    }
    if let Some(name) = quoted_after(message, "duplicate field ") {
        return (name.to_owned(), "must be given once".to_owned());
    }
    if let Some(name) = quoted_after(message, "unknown field ") {
        // The path ends with the unknown field itself when the format knows it, and before it otherwise.
        if field != name && !field.ends_with(&format!(".{name}")) {
            push(&mut field, name);
        }
        return (field, "is not a field of this request".to_owned());
    }
    if field.is_empty() {
        field.push_str("body");
    }
    (field, detail(message))
}

fn detail(message: &str) -> String {
    // serde_json adds the place in the text, which the field's name says better.
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    if let Some(expected) = message.strip_prefix("unknown variant ").and_then(|rest| rest.split_once(", ")) {
        return format!("must be {}", expected.1.trim_start_matches("expected ").replace('`', ""));
    }
    if message.starts_with("invalid type: ") || message.starts_with("invalid value: ") {
        let expected = message.rsplit_once("expected ").map_or("something else", |(_, expected)| expected);
        return format!("must be {}", plain(expected));
    }
    if message.starts_with("invalid length ") {
        return "has the wrong number of elements".to_owned();
    }
    if message.contains("invalid digit") || message.contains("number too ") || message.contains("cannot parse ") {
        return "must be a whole number in range".to_owned();
    }
    if message.contains("invalid float") {
        return "must be a number".to_owned();
    }
    if message.contains("provided string was not") {
        return "must be true or false".to_owned();
    }
    message.to_owned()
}

/// Rust's names of types mean nothing to a client.
fn plain(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative and not too large",
        "i8" | "i16" | "i32" | "i64" => "a whole number, not too large",
        "f32" | "f64" => "a number",
        "a boolean" | "bool" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("enum ") || other.contains("variant") => "one of the words known here",
        other => other,
    }
}

fn dotted(path: &Path) -> String {
    let mut text = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key } => push(&mut text, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    text
}

fn push(field: &mut String, name: &str) {
    if !field.is_empty() {
        field.push('.');
    }
    field.push_str(name);
}

fn quoted_after<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    message.strip_prefix(prefix)?.strip_prefix('`')?.split('`').next()
}

/// The first text (or name) in `value` that holds NUL. Postgres cannot store it and nobody types it.
pub(super) fn find_nul(value: &Value, at: &str) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\0') => Some(at.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(index, item)| find_nul(item, &format!("{at}[{index}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            let mut inner = at.to_owned();
            push(&mut inner, &name.replace('\0', "\u{fffd}"));
            if name.contains('\0') { Some(inner) } else { find_nul(item, &inner) }
        }),
        _ => None,
    }
}
