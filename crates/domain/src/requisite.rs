//! Requisites: what must be passed before, taken beside, or may not be taken as well.

use crate::unit_code::UnitCode;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequisiteKind {
    Prerequisite,
    Corequisite,
    /// May not be taken together with, or after, the units named.
    Prohibition,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requisite {
    pub kind: RequisiteKind,
    /// As the page words it, or as the expression reads where the page has only structure.
    pub text: String,
    /// `None` when the text could not be understood whole: half an expression would be a false promise.
    pub expression: Option<Expression>,
}

/// An expression over units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Expression {
    Unit(UnitCode),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

/// Deeper nesting than any handbook has; a page that goes beyond is kept as text.
const MAX_DEPTH: usize = 16;
const MAX_LENGTH: usize = 4000;

impl Expression {
    /// Reads `(26012 AND 31251) OR 48730`. `None` when any part is not understood.
    ///
    /// AND binds more tightly than OR, as in every handbook that mixes them without brackets.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let tokens = tokenise(text)?;
        let mut parser = Parser { tokens: &tokens, depth: 0 };
        let expression = parser.any()?;
        parser.tokens.is_empty().then_some(expression)
    }

    /// All of `parts`, without a level of nesting for a single one. `None` for no parts at all.
    pub fn all(parts: Vec<Self>) -> Option<Self> {
        Self::group(parts, Self::All)
    }

    /// Any of `parts`, likewise.
    pub fn any(parts: Vec<Self>) -> Option<Self> {
        Self::group(parts, Self::Any)
    }

    fn group(mut parts: Vec<Self>, group: fn(Vec<Self>) -> Self) -> Option<Self> {
        match parts.len() {
            0 => None,
            1 => parts.pop(),
            _ => Some(group(parts)),
        }
    }

    /// Every code named, in order of appearance, with repetitions.
    pub fn codes(&self) -> Vec<&UnitCode> {
        match self {
            Self::Unit(code) => vec![code],
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::codes).collect(),
        }
    }
}

impl std::fmt::Display for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (parts, word) = match self {
            Self::Unit(code) => return code.fmt(f),
            Self::All(parts) => (parts, " AND "),
            Self::Any(parts) => (parts, " OR "),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                f.write_str(word)?;
            }
            match part {
                Self::Unit(code) => code.fmt(f)?,
                group => write!(f, "({group})")?,
            }
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Unit(UnitCode),
}

fn tokenise(text: &str) -> Option<Vec<Token>> {
    let sentence = text.trim_end().trim_end_matches(['.', ';']);
    let spaced = sentence.replace(['(', '['], " ( ").replace([')', ']'], " ) ");
    spaced
        .split_whitespace()
        .map(|word| {
            Some(match word.to_ascii_lowercase().as_str() {
                "(" => Token::Open,
                ")" => Token::Close,
                "and" | "&" => Token::And,
                "or" => Token::Or,
                _ => Token::Unit(UnitCode::parse(word).ok()?),
            })
        })
        .collect()
}

struct Parser<'t> {
    tokens: &'t [Token],
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<Expression> {
        let mut parts = vec![self.all()?];
        while self.take(&Token::Or) {
            parts.push(self.all()?);
        }
        Expression::any(parts)
    }

    fn all(&mut self) -> Option<Expression> {
        let mut parts = vec![self.unit_or_group()?];
        while self.take(&Token::And) {
            parts.push(self.unit_or_group()?);
        }
        Expression::all(parts)
    }

    fn unit_or_group(&mut self) -> Option<Expression> {
        if self.take(&Token::Open) {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let inner = self.any()?;
            self.depth -= 1;
            return self.take(&Token::Close).then_some(inner);
        }
        let (first, rest) = self.tokens.split_first()?;
        let Token::Unit(code) = first else { return None };
        self.tokens = rest;
        Some(Expression::Unit(code.clone()))
    }

    fn take(&mut self, wanted: &Token) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if first == wanted => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_brackets_and_precedence() {
        for (text, shown) in [
            ("31251", "31251"),
            ("(26012 AND 31251) OR 48730", "(26012 AND 31251) OR 48730"),
            ("26012 and 31251 or 48730", "(26012 AND 31251) OR 48730"),
            ("26012 AND (31251 OR 48730).", "26012 AND (31251 OR 48730)"),
            ("((09009))", "09009"),
        ] {
            assert_eq!(Expression::parse(text).map(|e| e.to_string()).as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_whole_is_not_understood() {
        for text in
            ["", "26012 AND", "26012 31251", "(26012", "26012)", "24 credit points", "26012 OR consent of the dean"]
        {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
        assert_eq!(Expression::parse(&("(".repeat(1000) + "26012" + &")".repeat(1000))), None);
    }

    fn expressions() -> impl Strategy<Value = Expression> {
        let unit = "[A-Z]{0,4}[0-9]{4,5}".prop_map(|code| Expression::Unit(UnitCode::parse(&code).unwrap()));
        unit.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4).prop_map(Expression::All),
                prop::collection::vec(inner, 2..4).prop_map(Expression::Any),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back_the_same(expression in expressions()) {
            prop_assert_eq!(Expression::parse(&expression.to_string()), Some(expression));
        }
    }
}
