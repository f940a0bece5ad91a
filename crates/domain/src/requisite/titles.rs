//! Titles that stand behind codes: `26012 Statistics`, `31251 - Data Structures and Algorithms`, `26012 (Statistics)`.

use super::tokens::Token;

const MAX_WORDS: usize = 12;
const SMALL_WORDS: &[&str] =
    &["a", "an", "as", "at", "by", "for", "from", "in", "into", "of", "on", "the", "to", "with"];
/// Words of conditions. What has one of them is taken for no title, though some title may have it: a condition that
/// is passed over as a title would leave half an expression.
const CONDITIONS: &[&str] = &[
    "admission",
    "advisory",
    "aid",
    "all",
    "any",
    "apply",
    "approval",
    "atar",
    "audition",
    "average",
    "bachelor",
    "before",
    "both",
    "candidates",
    "certificate",
    "check",
    "clearance",
    "co-requisite",
    "completed",
    "completion",
    "concurrent",
    "concurrently",
    "consent",
    "coordinator",
    "corequisite",
    "course",
    "cr",
    "credit",
    "credits",
    "dean",
    "degree",
    "departmental",
    "desirable",
    "diploma",
    "distinction",
    "either",
    "enrolled",
    "enrolment",
    "equivalent",
    "except",
    "excluding",
    "experience",
    "fail",
    "gpa",
    "grade",
    "hd",
    "head",
    "honours",
    "hsc",
    "ielts",
    "immunisation",
    "including",
    "interview",
    "invitation",
    "knowledge",
    "level",
    "licence",
    "major",
    "mark",
    "master",
    "minimum",
    "must",
    "no",
    "none",
    "not",
    "only",
    "pass",
    "passed",
    "permission",
    "placement",
    "prerequisite",
    "program",
    "recommended",
    "result",
    "school",
    "score",
    "standing",
    "stream",
    "students",
    "training",
    "unless",
    "wam",
    "year",
];

/// How many tokens after a code are its title. `begins_operand` says whether an operand of the expression begins at
/// an index: an "and" before one of those joins, any other belongs to the title.
pub(super) fn title_length(tokens: &[Token], begins_operand: impl Fn(usize) -> bool) -> usize {
    match tokens.first() {
        Some(Token::Open) => in_brackets(tokens).unwrap_or(0),
        Some(Token::Dash | Token::Colon) => match words(&tokens[1..], |index| begins_operand(index + 1)) {
            0 => 0,
            length => length + 1,
        },
        _ => words(tokens, begins_operand),
    }
}

fn in_brackets(tokens: &[Token]) -> Option<usize> {
    let close = tokens.iter().position(|token| *token == Token::Close)?;
    let inner = &tokens[1..close];
    (!inner.is_empty() && words(inner, |_| false) == inner.len()).then_some(close + 1)
}

fn words(tokens: &[Token], begins_operand: impl Fn(usize) -> bool) -> usize {
    let mut length = 0;
    while let Some(token) = tokens.get(length) {
        let is_next = match token {
            Token::Word(word) if length == 0 => begins_with_capital(word),
            Token::Word(word) => begins_with_capital(word) || is_small(word) || is_ordinal(word),
            Token::And { formal: false } if length > 0 && !begins_operand(length + 1) => {
                matches!(tokens.get(length + 1), Some(Token::Word(word)) if begins_with_capital(word))
            }
            // "Informatics: Data and Computation"
            Token::Colon if length > 0 => {
                matches!(tokens.get(length + 1), Some(Token::Word(word)) if begins_with_capital(word))
            }
            _ => false,
        };
        if !is_next {
            break;
        }
        length += 1;
    }
    let is_condition = |token: &Token| matches!(token, Token::Word(word) if CONDITIONS.contains(&word.trim_end_matches('.').to_lowercase().as_str()));
    let ends_well = tokens[..length].last().is_none_or(|last| !matches!(last, Token::Word(word) if is_small(word)));
    if length > MAX_WORDS || !ends_well || tokens[..length].iter().any(is_condition) { 0 } else { length }
}

/// Not so many digits that a code may hide in it: "Title/26012".
fn begins_with_capital(word: &str) -> bool {
    word.starts_with(char::is_uppercase) && !word.ends_with('.') && word.bytes().filter(u8::is_ascii_digit).count() < 3
}

fn is_small(word: &str) -> bool {
    SMALL_WORDS.contains(&word)
}

/// "Mathematics 1", "Physics 2A"; a larger number is a mark, most likely.
fn is_ordinal(word: &str) -> bool {
    match word.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [digit, letter] => digit.is_ascii_digit() && letter.is_ascii_alphabetic(),
        _ => false,
    }
}
