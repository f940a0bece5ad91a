//! CSS selectors of a source, without the constructs whose cost grows with the square of a page.

use scraper::Selector;

const MAX_LENGTH: usize = 300;

/// Compiles a selector, or says what is wrong with it.
pub(crate) fn parse_selector(raw: &str) -> Result<Selector, String> {
    if raw.trim().is_empty() || raw.len() > MAX_LENGTH {
        return Err(format!("must be a CSS selector of 1 to {MAX_LENGTH} characters"));
    }
    let bare = without_strings(raw);
    if bare.replace("~=", "").contains('~') {
        return Err("must not use `~`, which looks at every earlier sibling of every element; use `until`".to_owned());
    }
    if bare.matches(":has(").count() > 1 {
        return Err("must not use `:has(…)` more than once".to_owned());
    }
    Selector::parse(raw).map_err(|error| format!("is not a CSS selector that can be used: {error}"))
}

/// The selector without what stands in quotes, which may hold any character.
fn without_strings(raw: &str) -> String {
    let mut bare = String::with_capacity(raw.len());
    let mut quote = None;
    for c in raw.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => bare.push(c),
        }
    }
    bare
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_rules_need_and_names_what_is_wrong() {
        for good in ["h1", "tr:has(td)", r#"[data-testid="a~b"] .x"#, "[class~=x]", "td:nth-of-type(2)", ":scope > li"]
        {
            assert!(parse_selector(good).is_ok(), "{good}");
        }
        for wrong in ["", " ", "h1:::", "a ~ b", "a:has(b:has(c))", "p:contains(x)", &"a ".repeat(400)] {
            assert!(parse_selector(wrong).is_err(), "{wrong}");
        }
    }
}
