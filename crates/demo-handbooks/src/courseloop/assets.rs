//! The script and the style sheet, with class names hashed as a build tool leaves them.

use crate::random::hash;

/// The script that turns the page's JSON into what readers see.
pub(crate) const SCRIPT: &str = include_str!("../../assets/courseloop.js");
pub(crate) const SCRIPT_PATH: &str = "/_next/static/chunks/pages/subject-6f1c2a9b.js";
pub(crate) const STYLE_PATH: &str = "/_next/static/css/3d9e07c1.css";

const STYLE: &str = include_str!("../../assets/courseloop.css");

/// Names as written in our own templates, and the class each becomes.
pub(crate) const CLASSES: [&str; 9] =
    ["page", "header", "title", "attributes", "section", "body", "accordion", "toggle", "row"];

pub(crate) fn class(name: &str) -> String {
    const SIGNS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = hash(name);
    let mut class = String::from("css-");
    for _ in 0..6 {
        class.push(char::from(SIGNS[usize::try_from(rest % 36).unwrap_or(0)]));
        rest /= 36;
    }
    class
}

pub(crate) fn style() -> String {
    CLASSES
        .iter()
        .fold(STYLE.to_owned(), |style, name| style.replace(&format!(".@{name}"), &format!(".{}", class(name))))
}

/// For the script: which class each part gets.
pub(crate) fn class_names() -> serde_json::Value {
    CLASSES.iter().map(|name| ((*name).to_owned(), class(name).into())).collect::<serde_json::Map<_, _>>().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_class_of_the_style_sheet_is_hashed() {
        assert!(!super::style().contains('@'));
        assert!(super::class("header").starts_with("css-"));
    }
}
