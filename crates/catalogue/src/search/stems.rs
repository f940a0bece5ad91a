//! Singular and plural, so that one finds the other. Only as far as English spelling is regular: what is not is left
//! to the rung of typing errors.

/// What else a word may stand as in a title; all long enough to be looked for as beginnings.
pub(crate) fn variants(word: &str) -> Vec<String> {
    const SHORTEST: usize = 3;
    let long_enough = |stem: &str| stem.chars().count() >= SHORTEST;
    let mut variants = Vec::new();
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| long_enough(stem)) {
        variants.push(format!("{stem}y"));
    } else if let Some(stem) = word.strip_suffix('y').filter(|stem| long_enough(stem)) {
        variants.push(format!("{stem}ies"));
    } else if let Some(stem) = word.strip_suffix("es").filter(|stem| is_hissed(stem) && long_enough(stem)) {
        variants.push(stem.to_owned());
    } else if let Some(stem) = word.strip_suffix('s').filter(|stem| is_plain(stem) && long_enough(stem)) {
        variants.push(stem.to_owned());
    }
    variants
}

/// Every form in which a whole word may stand in a text, itself among them. Some are words of no language, and are in no
/// text.
pub(crate) fn forms(word: &str) -> Vec<String> {
    const SHORTEST: usize = 3;
    let mut forms = vec![word.to_owned(), format!("{word}s"), format!("{word}es")];
    forms.extend(word.strip_suffix('y').map(|stem| format!("{stem}ies")));
    forms.extend(word.strip_suffix("ies").map(|stem| format!("{stem}y")));
    forms.extend(word.strip_suffix("es").map(str::to_owned));
    forms.extend(word.strip_suffix('s').filter(|stem| is_plain(stem)).map(str::to_owned));
    forms.retain(|form| form.chars().count() >= SHORTEST || form == word);
    forms
}

/// Whether a plural of the stem ends in -es.
fn is_hissed(stem: &str) -> bool {
    ["s", "x", "z", "ch", "sh"].iter().any(|end| stem.ends_with(end))
}

/// Whether -s after the stem can be a plural: not that of "class", "status" or "basis".
fn is_plain(stem: &str) -> bool {
    !["s", "u", "i"].iter().any(|end| stem.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_are_forms_of_one_another() {
        for (one, other) in [
            ("database", "databases"),
            ("study", "studies"),
            ("process", "processes"),
            ("algorithm", "algorithms"),
            ("analysis", "analysis"),
        ] {
            assert!(forms(one).contains(&other.to_owned()), "{one}: {:?}", forms(one));
            assert!(forms(other).contains(&one.to_owned()), "{other}: {:?}", forms(other));
        }
        assert_eq!(forms("class")[1..], ["classs", "classes"]);
    }

    #[test]
    fn one_finds_the_other() {
        for (word, variant) in [
            ("databases", Some("databas")),
            ("studies", Some("study")),
            ("study", Some("studies")),
            ("analyses", Some("analys")),
            ("processes", Some("process")),
            ("systems", Some("system")),
            ("mathematics", Some("mathematic")),
            ("class", None),
            ("status", None),
            ("basis", None),
            ("gas", None),
            ("algorithm", None),
        ] {
            assert_eq!(variants(word).first().map(String::as_str), variant, "{word}");
        }
    }
}
