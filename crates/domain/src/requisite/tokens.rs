//! From text to words, joiners, brackets and codes.

use crate::unit_code::UnitCode;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
    Dash,
    /// In words, or as a logician writes it: `and`, `AND`.
    And {
        formal: bool,
    },
    Or,
    /// Between two codes without spaces: binds more tightly than any word.
    Slash,
    Code(UnitCode),
    Word(String),
}

impl Token {
    pub(super) fn is_joiner(&self) -> bool {
        matches!(self, Self::Comma | Self::Semicolon | Self::And { .. } | Self::Or | Self::Slash)
    }
}

/// Numbers in prose: a code without letters is longer, or no year.
const YEARS: std::ops::RangeInclusive<u32> = 1900..=2100;
/// Words in capitals before a number that make no code of it.
const NO_PREFIX: &[&str] = &[
    "ALL", "ANY", "ATAR", "BOTH", "CO", "CODE", "FROM", "GMAT", "GPA", "GRE", "HSC", "IELTS", "IN", "LEVEL", "MARK",
    "NO", "NON", "NOT", "OF", "ONE", "ONLY", "PASS", "PRE", "PTE", "SAT", "SEM", "STAGE", "TAKE", "TERM", "TOEFL",
    "TOTAL", "TWO", "UCAT", "UMAT", "UNIT", "UNITS", "VCE", "WAM", "WITH", "YEAR",
];

/// `None` for a text with an open quotation.
pub(super) fn tokenise(text: &str) -> Option<Vec<Token>> {
    let sentence = text.trim_end().trim_end_matches(['.', ';']).trim_end();
    let mut tokens = Vec::new();
    let (mut is_list, mut joins_within) = (false, false);
    for (index, line) in sentence.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        // Lines are the entries of a list, unless a joiner at either end says how they belong together.
        let begins = tokens.len();
        if index > 0 {
            tokens.push(Token::Comma);
        }
        let depth = depth(&tokens);
        line_tokens(line, &mut tokens)?;
        joins_within |= joins_at(depth, &tokens[begins + usize::from(index > 0)..]);
        let is_joined = |token: Option<&Token>, others: &[Token]| {
            token.is_some_and(|token| token.is_joiner() || others.contains(token))
        };
        let before = begins.checked_sub(1).and_then(|last| tokens.get(last));
        if index > 0
            && (is_joined(before, &[Token::Open, Token::Colon]) || is_joined(tokens.get(begins + 1), &[Token::Close]))
        {
            tokens.remove(begins);
        } else {
            is_list |= index > 0;
        }
    }
    // A word within a line may join what stands in that line or the whole list.
    if is_list && joins_within {
        return None;
    }
    Some(tokens)
}

/// How many brackets are open.
fn depth(tokens: &[Token]) -> i32 {
    tokens.iter().map(|token| i32::from(*token == Token::Open) - i32::from(*token == Token::Close)).sum()
}

/// Whether a word joins within a line, at neither end of it and in no bracket that the line opens itself.
fn joins_at(depth: i32, line: &[Token]) -> bool {
    let mut here = depth;
    let mut joins = false;
    for (index, token) in line.iter().enumerate() {
        here += i32::from(*token == Token::Open) - i32::from(*token == Token::Close);
        let is_word = matches!(token, Token::And { .. } | Token::Or);
        joins |= is_word && here <= depth && index > 0 && index + 1 < line.len();
    }
    joins
}

fn line_tokens(line: &str, tokens: &mut Vec<Token>) -> Option<()> {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        if c == '"' {
            let (quoted, behind) = after.split_once('"')?;
            tokens.push(Token::Code(UnitCode::parse(quoted).ok().filter(|code| code.as_str() == quoted)?));
            rest = behind;
            continue;
        }
        if let Some(token) = sign(c) {
            tokens.push(token);
            rest = after;
            continue;
        }
        if c.is_whitespace() {
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '"' || sign(c).is_some()).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = match spaced_code(word, behind) {
            Some((code, behind)) => {
                tokens.push(Token::Code(code));
                behind
            }
            None => {
                tokens.extend(word_tokens(word));
                behind
            }
        };
    }
    Some(())
}

fn sign(c: char) -> Option<Token> {
    Some(match c {
        '(' | '[' => Token::Open,
        ')' | ']' => Token::Close,
        ',' => Token::Comma,
        ';' => Token::Semicolon,
        ':' => Token::Colon,
        '&' => Token::And { formal: false },
        '–' | '—' => Token::Dash,
        _ => return None,
    })
}

fn word_tokens(word: &str) -> Vec<Token> {
    match word {
        "AND" => return vec![Token::And { formal: true }],
        "-" => return vec![Token::Dash],
        _ => {}
    }
    if let Some(code) = plain_code(word) {
        return vec![Token::Code(code)];
    }
    match word.to_ascii_lowercase().as_str() {
        "and" => vec![Token::And { formal: false }],
        "or" | "and/or" => vec![Token::Or],
        _ => alternatives(word).unwrap_or_else(|| vec![Token::Word(word.to_owned())]),
    }
}

/// `26012/31251`: codes of one shape. `MATH1052/7052` leaves a prefix out, so that it is left alone.
fn alternatives(word: &str) -> Option<Vec<Token>> {
    let codes: Vec<UnitCode> = word.split('/').map(plain_code).collect::<Option<_>>()?;
    let letters = |code: &UnitCode| code.as_str().chars().take_while(char::is_ascii_alphabetic).count();
    let first = letters(codes.first()?);
    if codes.len() < 2 || codes.iter().any(|code| letters(code) != first) {
        return None;
    }
    let mut tokens = Vec::new();
    for code in codes {
        if !tokens.is_empty() {
            tokens.push(Token::Slash);
        }
        tokens.push(Token::Code(code));
    }
    Some(tokens)
}

/// A word that is a code wherever it stands: `26012`, `FIT2004`, `CSSE-2010`, `MATH1052A`.
fn plain_code(word: &str) -> Option<UnitCode> {
    let digits_from = word.find(|c: char| !c.is_ascii_uppercase())?;
    let (letters, behind) = word.split_at(digits_from);
    let number = if letters.is_empty() { behind } else { behind.strip_prefix(['-', '.']).unwrap_or(behind) };
    let (digits, suffix) = number.split_at(number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()));
    if suffix.len() > 3 || !suffix.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let is_code = match (letters.len(), digits.len()) {
        (0, 4) => suffix.is_empty() && !digits.parse().is_ok_and(|year| YEARS.contains(&year)),
        (0, 5..=8) => true,
        (1..=6, 3..=6) => true,
        _ => false,
    };
    if is_code { UnitCode::parse(word).ok() } else { None }
}

/// `MATH 1052`: letters and number apart. Gives what stands behind the number as well.
fn spaced_code<'t>(word: &str, behind: &'t str) -> Option<(UnitCode, &'t str)> {
    let is_prefix = (2..=5).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_uppercase())
        && !matches!(word, "AND" | "OR")
        && !NO_PREFIX.contains(&word);
    let behind = behind.strip_prefix(' ').filter(|_| is_prefix)?;
    let end = behind.find(|c: char| c.is_whitespace() || c == '"' || sign(c).is_some()).unwrap_or(behind.len());
    let (number, behind) = behind.split_at(end);
    let (digits, suffix) = number.split_at(number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len()));
    // Five digits are a code on their own, whatever stands before them.
    let is_number =
        (3..=4).contains(&digits.len()) && suffix.len() <= 2 && suffix.bytes().all(|b| b.is_ascii_uppercase());
    let code = UnitCode::parse(&format!("{word} {number}")).ok()?;
    is_number.then_some((code, behind))
}

/// Whether a code reads as itself wherever it stands.
pub(super) fn is_plain(code: &UnitCode) -> bool {
    tokenise(code.as_str()).is_some_and(|tokens| tokens == [Token::Code(code.clone())])
}
