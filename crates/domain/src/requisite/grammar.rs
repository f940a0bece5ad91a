//! From tokens to an expression: operands with what joins them, level by level of brackets.

use super::{
    Expression,
    combine::{Join, Opener, Operand, Separator, Strength, combine, listed},
    titles::title_length,
    tokens::Token,
};
use crate::credit_points::CreditPoints;

/// The whole text, or nothing.
pub(super) fn parse(tokens: &[Token], prohibits: bool) -> Option<Expression> {
    let mut parser = Parser { tokens, at: 0, depth: 0, prohibits };
    let (operands, separators) = parser.level()?;
    if parser.at < tokens.len() {
        return None;
    }
    combine(operands, &separators, prohibits).map(|operand| operand.expression)
}

#[derive(Clone)]
struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    prohibits: bool,
}

type Level = (Vec<Operand>, Vec<Separator>);

impl Parser<'_> {
    /// Everything up to the end or to a closing bracket.
    fn level(&mut self) -> Option<Level> {
        let mut operands = vec![self.operand()?];
        let mut separators = Vec::new();
        while !matches!(self.peek(), None | Some(Token::Close)) {
            separators.push(self.separator()?);
            operands.push(self.operand()?);
        }
        Some((operands, separators))
    }

    fn separator(&mut self) -> Option<Separator> {
        let strength = match self.peek()? {
            Token::Semicolon => Strength::Semicolon,
            Token::Comma => Strength::Comma,
            _ => Strength::Word,
        };
        if strength != Strength::Word {
            self.at += 1;
        }
        let (join, formal) = match self.peek()? {
            Token::And { formal } => (Some(Join::All), *formal),
            Token::Or => (Some(Join::Any), false),
            _ => (None, false),
        };
        if join.is_some() {
            self.at += 1;
        } else if strength == Strength::Word {
            return None;
        }
        Some(Separator { strength, join, formal })
    }

    fn operand(&mut self) -> Option<Operand> {
        self.lead_in();
        let opener = self.opener();
        if opener.is_some() {
            self.lead_in();
        }
        let mut operand = match self.peek()? {
            Token::Code(_) => self.unit()?,
            Token::Open => return self.bracket(opener),
            _ => Operand { expression: self.credit_points()?, opener: None, is_bracket: false },
        };
        // "26012 completed", "24 credit points passed".
        let _ = self.word("completed") || self.word("passed");
        operand.opener = opener;
        Some(operand)
    }

    fn bracket(&mut self, opener: Option<Opener>) -> Option<Operand> {
        let is_first = self.at == 0;
        self.at += 1;
        self.depth += 1;
        if self.depth > Expression::MAX_DEPTH {
            return None;
        }
        let (operands, separators) = self.level()?;
        self.take(&Token::Close).then_some(())?;
        self.depth -= 1;
        // "one of (26012, 31251)": the brackets hold the list.
        if let Some(Opener::Listed(join)) = opener
            && separators.iter().all(|separator| separator.join.is_none_or(|other| other == join))
            && operands.len() > 1
        {
            let expression = listed(operands, &separators, join)?;
            return Some(Operand { expression, opener: None, is_bracket: true });
        }
        let is_whole = is_first && self.at == self.tokens.len();
        let inner = combine(operands, &separators, self.prohibits && is_whole)?;
        Some(Operand { expression: inner.expression, opener, is_bracket: true })
    }

    /// A code, its title, and other codes behind slashes.
    fn unit(&mut self) -> Option<Operand> {
        let mut alternatives = Vec::new();
        loop {
            let Some(Token::Code(code)) = self.peek() else { return None };
            alternatives.push(Expression::Unit(code.clone()));
            self.at += 1;
            if !self.take(&Token::Slash) {
                break;
            }
        }
        let here = self.at;
        self.at += title_length(&self.tokens[here..], |index| self.begins_operand(here + index));
        let is_bracket = alternatives.len() > 1;
        Some(Operand { expression: Expression::any(alternatives)?, opener: None, is_bracket })
    }

    fn begins_operand(&self, at: usize) -> bool {
        let mut ahead = Parser { tokens: self.tokens, at, depth: 0, prohibits: false };
        ahead.lead_in();
        ahead.opener();
        ahead.lead_in();
        matches!(ahead.peek(), Some(Token::Code(_) | Token::Open)) || ahead.credit_points().is_some()
    }

    /// "24 credit points", "48cp", "24 credit points completed at level 2", "24 level 2 credit points".
    fn credit_points(&mut self) -> Option<Expression> {
        // The variant means "at least" without saying so.
        let _ = self.words(&["at", "least"])
            || self.words(&["a", "minimum", "of"])
            || self.words(&["minimum", "of"])
            || self.word("minimum");
        let number = self.next_word()?;
        let points = CreditPoints::parse(number.strip_suffix("cp").unwrap_or(&number)).ok()?;
        let mut level = None;
        if !number.ends_with("cp") {
            level = self.level_number();
            let is_named = self.words(&["credit", "points"]) || self.words(&["credit", "point"]) || self.word("cp");
            is_named.then_some(())?;
        }
        let _ = self.word("completed") || self.word("passed");
        let before = self.at;
        for words in [&["at"][..], &["from"], &["of"], &["of", "units", "at"], &["of", "subjects", "at"], &["in"]] {
            if level.is_none() && self.words(words) {
                level = self.level_number();
                if level.is_some() {
                    let _ = self.word("units") || self.word("subjects");
                    break;
                }
                self.at = before;
            }
        }
        let _ = self.words(&["of", "study"]);
        Some(Expression::CreditPoints { points, level })
    }

    fn level_number(&mut self) -> Option<u8> {
        let before = self.at;
        let number = if self.word("level") { self.next_word() } else { None };
        let level = number.filter(|word| word.bytes().all(|b| b.is_ascii_digit())).and_then(|word| word.parse().ok());
        if level.is_none() {
            self.at = before;
        }
        level
    }

    /// "Students must have successfully completed the following units:" and parts of it, which change nothing.
    fn lead_in(&mut self) {
        if ["course", "subject", "unit"].iter().any(|what| self.words(&["to", "enrol", "in", "this", what])) {
            self.take(&Token::Comma);
        }
        let _ = self.word("students") || self.word("you") || self.words(&["the", "student"]) || self.word("candidates");
        let _ = self.words(&["must", "have"]) || self.word("must") || self.word("have") || self.word("has");
        let _ = self.word("successfully");
        let before = self.at;
        let _ = self.word("a") || self.word("the");
        let _ = self.word("successful");
        let is_noun = self.words(&["pass", "in"]) || self.words(&["completion", "of"]);
        if !is_noun {
            self.at = before;
            let _ = self.word("passed") || self.word("completed") || self.word("pass") || self.word("complete");
        }
        self.object();
    }

    /// "the following units:"
    fn object(&mut self) {
        let before = self.at;
        let _ = self.word("the");
        let _ = self.word("following");
        let _ = ["unit", "units", "subject", "subjects"].iter().any(|word| self.word(word));
        if self.at > before {
            self.take(&Token::Colon);
        }
    }

    fn opener(&mut self) -> Option<Opener> {
        if self.word("either") {
            // "either of 26012 or 31251"
            self.word("of");
            return Some(Opener::Either);
        }
        let before = self.at;
        let join = if self.words(&["all", "of"]) || self.words(&["both", "of"]) {
            Some(Join::All)
        } else {
            let _ = self.words(&["at", "least"]);
            let _ = self.word("any");
            let _ = self.word("one") || self.word("1");
            (self.at > before && self.word("of")).then_some(Join::Any)
        };
        if let Some(join) = join {
            self.object();
            self.take(&Token::Colon);
            return Some(Opener::Listed(join));
        }
        self.at = before;
        self.word("both").then_some(Opener::Both)
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn next_word(&mut self) -> Option<String> {
        let Some(Token::Word(word)) = self.peek() else { return None };
        let word = word.to_ascii_lowercase();
        self.at += 1;
        Some(word)
    }

    fn word(&mut self, wanted: &str) -> bool {
        self.words(&[wanted])
    }

    fn words(&mut self, wanted: &[&str]) -> bool {
        let are_there = wanted.iter().enumerate().all(|(index, wanted)| {
            matches!(self.tokens.get(self.at + index), Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
        });
        self.at += if are_there { wanted.len() } else { 0 };
        are_there
    }
}
