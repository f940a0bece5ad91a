//! How operands of one level belong together. What could be read in two ways is not read.

use super::Expression;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    All,
    Any,
}

impl Join {
    fn group(self, parts: Vec<Expression>) -> Option<Expression> {
        match self {
            Self::All => Expression::all(parts),
            Self::Any => Expression::any(parts),
        }
    }
}

/// A later one binds less tightly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    Word,
    Comma,
    Semicolon,
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Separator {
    pub(super) strength: Strength,
    /// `None` for a comma or semicolon alone.
    pub(super) join: Option<Join>,
    /// Written AND: logic, not prose.
    pub(super) formal: bool,
}

/// A word that opens a group which no bracket closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opener {
    /// "either 26012 or 31251"
    Either,
    /// "both 26012 and 31251"
    Both,
    /// "one of 26012, 31251", "all of …"
    Listed(Join),
}

#[derive(Debug, Clone)]
pub(super) struct Operand {
    pub(super) expression: Expression,
    pub(super) opener: Option<Opener>,
    /// What stood in brackets stays a group of its own.
    pub(super) is_bracket: bool,
}

/// One operand of all; there is always one separator less than operands.
pub(super) fn combine(operands: Vec<Operand>, separators: &[Separator], prohibits: bool) -> Option<Operand> {
    if prohibits && is_list_in_words(&operands, separators) {
        let alone = operands.into_iter().map(|operand| Operand { is_bracket: false, ..operand });
        return joined(Join::Any, alone.collect());
    }
    if separators.iter().any(|separator| separator.strength == Strength::Semicolon) {
        return split_at(Strength::Semicolon, operands, separators);
    }
    let (operands, separators) = with_groups_closed(operands, separators.to_vec())?;
    combine_plain(operands, &separators)
}

/// Units of which each forbids on its own: "26012, 31251 and 48730".
fn is_list_in_words(operands: &[Operand], separators: &[Separator]) -> bool {
    let is_unit = |operand: &Operand| operand.opener.is_none() && is_some_unit(&operand.expression);
    operands.len() > 1
        && operands.iter().all(is_unit)
        && separators.iter().all(|separator| separator.join != Some(Join::Any) && !separator.formal)
}

/// A unit, or several of which any will do: "26012/31251".
fn is_some_unit(expression: &Expression) -> bool {
    match expression {
        Expression::Unit(_) => true,
        Expression::Any(parts) => parts.iter().all(|part| matches!(part, Expression::Unit(_))),
        Expression::All(_) | Expression::CreditPoints { .. } => false,
    }
}

/// Groups that words have opened become one operand each, the last first, so that inner ones are closed before outer.
fn with_groups_closed(
    mut operands: Vec<Operand>,
    mut separators: Vec<Separator>,
) -> Option<(Vec<Operand>, Vec<Separator>)> {
    while let Some(first) = operands.iter().rposition(|operand| operand.opener.is_some()) {
        let opener = operands[first].opener.take()?;
        let length = extent(opener, &separators[first..]);
        let inner: Vec<_> = operands.drain(first..=first + length).collect();
        let between: Vec<_> = separators.drain(first..first + length).collect();
        let expression = match opener {
            // "either 26012 or 31251 and 48730" does not say where it ends.
            Opener::Either if between.iter().any(|separator| separator.join == Some(Join::All)) => return None,
            Opener::Either => {
                Some(combine_plain(inner, &between)?.expression).filter(|it| matches!(it, Expression::Any(_)))?
            }
            Opener::Both => Some(combine_plain(inner, &between)?.expression)
                .filter(|it| matches!(it, Expression::All(parts) if parts.len() == 2))?,
            Opener::Listed(join) => listed(inner, &between, join)?,
        };
        operands.insert(first, Operand { expression, opener: None, is_bracket: true });
    }
    Some((operands, separators))
}

/// How many of the separators that follow belong to an open group.
fn extent(opener: Opener, separators: &[Separator]) -> usize {
    let (join, mut has_own) = match opener {
        Opener::Both => return separators.len().min(1),
        Opener::Either => (Join::Any, true),
        Opener::Listed(join) => (join, false),
    };
    for (index, separator) in separators.iter().enumerate() {
        match separator.join {
            Some(other) if other == join => has_own = true,
            // "one of 26012 or 31251, and 48730": the comma ends the list. "one of 26012, 31251, and 48730" has none.
            Some(_) if separator.strength == Strength::Comma && has_own => return index,
            _ => {}
        }
    }
    separators.len()
}

/// The operands of "one of …" or "all of …". In "one of 26012, 31251 and 48730" the word joins the list only.
pub(super) fn listed(operands: Vec<Operand>, separators: &[Separator], join: Join) -> Option<Expression> {
    let joins: Vec<Join> = separators.iter().filter_map(|separator| separator.join).collect();
    let own = joins.iter().filter(|other| **other == join).count();
    let is_list = own == joins.len() || join == Join::Any && own == 0 && is_last_only(separators);
    let is_open = operands.iter().any(|operand| operand.opener.is_some());
    if !is_list || is_open || separators.iter().any(|separator| separator.strength == Strength::Semicolon) {
        return None;
    }
    join.group(operands.into_iter().map(|operand| operand.expression).collect())
}

/// Whether the operands are a list as English writes it: a joining word before the last alone.
fn is_last_only(separators: &[Separator]) -> bool {
    separators.split_last().is_some_and(|(last, others)| {
        last.join.is_some() && others.iter().all(|other| other.join.is_none() && other.strength == Strength::Comma)
    })
}

/// Operands none of which opens a group, without semicolons.
fn combine_plain(operands: Vec<Operand>, separators: &[Separator]) -> Option<Operand> {
    if separators.iter().all(|separator| separator.strength == Strength::Word) {
        return by_precedence(operands, separators);
    }
    if is_last_only(separators) {
        return joined(separators.last()?.join?, operands);
    }
    split_at(Strength::Comma, operands, separators)
}

/// Parts between the separators of one strength that have a word; those words must agree.
fn split_at(strength: Strength, operands: Vec<Operand>, separators: &[Separator]) -> Option<Operand> {
    // Between semicolons the word before the last is enough, as in a list; a comma alone cuts nothing here.
    let cuts = |separator: &Separator| {
        separator.strength == strength && (separator.join.is_some() || strength == Strength::Semicolon)
    };
    let join = separators.iter().rfind(|separator| cuts(separator))?.join?;
    if separators.iter().any(|separator| cuts(separator) && separator.join.is_some_and(|other| other != join)) {
        return None;
    }
    let mut parts = Vec::new();
    let (mut some, mut between) = (Vec::new(), Vec::new());
    let mut separators = separators.iter();
    for operand in operands {
        some.push(operand);
        match separators.next() {
            Some(separator) if !cuts(separator) => between.push(*separator),
            _ => {
                // "26012, 31251 or 48730, and 48024": the first comma may stand for either word.
                let joins_otherwise = between.iter().any(|it: &Separator| it.join.is_some_and(|own| own != join));
                if joins_otherwise && between.iter().any(|it| it.join.is_none()) {
                    return None;
                }
                let (some, between) = with_groups_closed(std::mem::take(&mut some), std::mem::take(&mut between))?;
                parts.push(combine_plain(some, &between)?);
            }
        }
    }
    joined(join, parts)
}

/// Words alone: AND before OR.
fn by_precedence(operands: Vec<Operand>, separators: &[Separator]) -> Option<Operand> {
    let mut alternatives = Vec::new();
    let mut together = Vec::new();
    let mut separators = separators.iter();
    for operand in operands {
        together.push(operand);
        match separators.next().map(|separator| separator.join) {
            Some(Some(Join::All)) => {}
            Some(None) => return None,
            Some(Some(Join::Any)) | None => alternatives.push(joined(Join::All, std::mem::take(&mut together))?),
        }
    }
    joined(Join::Any, alternatives)
}

/// One group of all parts; a part that is such a group already, and stood in no brackets, is taken apart.
fn joined(join: Join, mut parts: Vec<Operand>) -> Option<Operand> {
    if parts.len() == 1 {
        return parts.pop();
    }
    let flat = parts.into_iter().flat_map(|part| match (join, part.expression, part.is_bracket) {
        (Join::All, Expression::All(inner), false) | (Join::Any, Expression::Any(inner), false) => inner,
        (_, other, _) => vec![other],
    });
    Some(Operand { expression: join.group(flat.collect())?, opener: None, is_bracket: false })
}
