//! Text from outside: trimmed, bounded, without control characters.

use crate::ParseError;

/// Trims `raw` and checks what every text of ours must be: between `min` and `max` characters, no NUL and
/// no other control characters except line breaks and tabs.
pub fn parse_text(raw: &str, min: usize, max: usize) -> Result<String, ParseError> {
    let text = raw.trim();
    let length = text.chars().count();
    if length < min {
        return Err(ParseError::new(if length == 0 {
            "must not be empty".to_owned()
        } else {
            format!("must have at least {min} characters, has {length}")
        }));
    }
    if length > max {
        return Err(ParseError::new(format!("must have at most {max} characters, has {length}")));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(ParseError::new("must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// One line: every run of white space becomes one space.
pub fn collapse_whitespace(raw: &str) -> String {
    raw.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_and_bounds() {
        assert_eq!(parse_text("  a b ", 1, 3).unwrap(), "a b");
        assert!(parse_text("   ", 1, 3).is_err());
        assert!(parse_text("abcd", 1, 3).is_err());
    }

    #[test]
    fn length_is_counted_in_characters_not_bytes() {
        assert!(parse_text("äöü", 3, 3).is_ok());
    }

    #[test]
    fn refuses_control_characters() {
        assert!(parse_text("a\0b", 1, 9).is_err());
        assert!(parse_text("a\u{1b}[31mb", 1, 9).is_err());
        assert!(parse_text("a\n\tb", 1, 9).is_ok());
    }
}
