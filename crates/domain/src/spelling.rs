//! How far two spellings are apart, and what somebody may have meant who mistyped a code.

use std::collections::BTreeMap;

/// How many letters two words differ by: one is missing, one is too many, one is another, or two stand the other way
/// round. Counting stops beyond `most`.
pub fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    // Three rows of the table are enough: the one before the last knows of exchanged letters.
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i; other.len() + 1];
        for j in 1..=other.len() {
            let differs = usize::from(one[i - 1] != other[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                row[j] = row[j].min(before_last[j - 2] + 1);
            }
        }
        if row.iter().all(|distance| *distance > most) {
            return None;
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

/// How many letters of a word may be wrong for it to be recognised: none of a short one, since all short words are
/// alike.
pub fn tolerance(word: &str) -> usize {
    match word.chars().count() {
        0..=3 => 0,
        4..=5 => 1,
        _ => 2,
    }
}

/// Signs that are taken for one another.
const LOOK_ALIKE: [(char, char); 6] = [('0', 'O'), ('1', 'I'), ('1', 'L'), ('5', 'S'), ('2', 'Z'), ('8', 'B')];

/// Everything that a normalised code may have been meant as, with how unlikely the mistake is (0 to 4): signs that
/// look alike, two the other way round, one too many, one missing, one other.
pub fn mistyped_codes(code: &str) -> BTreeMap<String, u8> {
    let typed: Vec<char> = code.chars().collect();
    let mut meant = BTreeMap::new();
    let mut add = |signs: Vec<char>, unlikely: u8| {
        let signs: String = signs.into_iter().collect();
        if signs != code {
            meant.entry(signs).or_insert(unlikely);
        }
    };
    for (at, sign) in typed.iter().enumerate() {
        for (one, other) in LOOK_ALIKE {
            let swapped = if *sign == one {
                other
            } else if *sign == other {
                one
            } else {
                continue;
            };
            let mut signs = typed.clone();
            signs[at] = swapped;
            add(signs, 0);
        }
    }
    for at in 1..typed.len() {
        let mut signs = typed.clone();
        signs.swap(at - 1, at);
        add(signs, 1);
    }
    for at in 0..typed.len() {
        let mut signs = typed.clone();
        signs.remove(at);
        add(signs, 2);
    }
    let any = || ('0'..='9').chain('A'..='Z');
    for at in 0..=typed.len() {
        for sign in any() {
            let mut signs = typed.clone();
            signs.insert(at, sign);
            add(signs, 3);
        }
    }
    for at in 0..typed.len() {
        for sign in any() {
            let mut signs = typed.clone();
            signs[at] = sign;
            add(signs, 4);
        }
    }
    meant
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_what_fingers_do_wrong() {
        for (one, other, expected) in [
            ("physics", "physics", Some(0)),
            ("phyiscs", "physics", Some(1)),
            ("algoritms", "algorithms", Some(1)),
            ("fysics", "physics", Some(2)),
            ("chemistrry", "chemistry", Some(1)),
            ("physics", "music", None),
            ("", "ab", Some(2)),
            ("éa", "ea", Some(1)),
        ] {
            assert_eq!(distance(one, other, 2), expected, "{one} {other}");
        }
    }

    #[test]
    fn a_mistyped_code_may_mean_its_neighbours() {
        let meant = mistyped_codes("FIT2040");
        assert_eq!(meant["FIT2004"], 1);
        assert_eq!(meant["FIT204"], 2);
        assert_eq!(meant["FIT2041"], 4);
        assert_eq!(mistyped_codes("C0MP1511")["COMP1511"], 0);
        assert!(!meant.contains_key("FIT2040"));
        assert!(meant.len() < 700, "{}", meant.len());
    }

    proptest! {
        #[test]
        fn the_distance_is_the_same_both_ways_and_bounded(one in "[a-d]{0,8}", other in "[a-d]{0,8}") {
            let far = distance(&one, &other, 8);
            prop_assert_eq!(far, distance(&other, &one, 8));
            prop_assert_eq!(far == Some(0), one == other);
            prop_assert!(far.unwrap() <= one.len().max(other.len()));
            prop_assert_eq!(distance(&one, &other, 1), far.filter(|far| *far <= 1));
        }

        #[test]
        fn every_neighbour_is_one_mistake_away(code in "[A-Z]{3}[0-9]{4}") {
            for (meant, unlikely) in mistyped_codes(&code) {
                prop_assert_eq!(distance(&code, &meant, 1), Some(1));
                prop_assert!(unlikely <= 4);
            }
        }
    }
}
