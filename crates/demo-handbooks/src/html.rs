//! How text is written into markup.

use crate::random::Stream;

/// An author's habits with entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Only what must be escaped.
    Escaped,
    /// Named and numeric entities wherever an editor knows one, and hard spaces here and there.
    Entities,
    /// `<` and `&` before a space are left as they are, as browsers put up with.
    Bare,
}

impl Spelling {
    pub(crate) const ALL: [(Self, u32); 3] = [(Self::Escaped, 5), (Self::Entities, 3), (Self::Bare, 2)];

    pub(crate) fn encode(self, text: &str, stream: &mut Stream) -> String {
        let mut html = String::with_capacity(text.len() + 16);
        let mut signs = text.chars().peekable();
        while let Some(sign) = signs.next() {
            let bare = self == Self::Bare && signs.peek() == Some(&' ');
            match sign {
                '&' | '<' if bare => html.push(sign),
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' if self != Self::Bare => html.push_str("&gt;"),
                ' ' if self == Self::Entities && stream.chance(60) => html.push_str("&nbsp;"),
                _ => match entity(sign).filter(|_| self == Self::Entities) {
                    Some(entity) => html.push_str(entity),
                    None => html.push(sign),
                },
            }
        }
        html
    }
}

fn entity(sign: char) -> Option<&'static str> {
    Some(match sign {
        'é' => "&eacute;",
        'ö' => "&ouml;",
        'ï' => "&#239;",
        '–' => "&ndash;",
        '’' => "&rsquo;",
        '“' => "&ldquo;",
        '”' => "&rdquo;",
        '≥' => "&ge;",
        '≤' => "&#x2264;",
        'α' => "&alpha;",
        'β' => "&#946;",
        '°' => "&deg;",
        'ā' => "&#x101;",
        '"' => "&quot;",
        _ => return None,
    })
}

/// For element text and attribute values written by a program.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// JSON that may stand in a `script` element: nothing in it can end the element.
pub(crate) fn json_in_script(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_habit_spells_its_own_way() {
        let spell = |habit: Spelling| habit.encode("a < b&c & é’s", &mut Stream::of(1, "", 0));
        assert_eq!(spell(Spelling::Escaped), "a &lt; b&amp;c &amp; é’s");
        assert_eq!(spell(Spelling::Bare), "a < b&amp;c & é’s");
        assert!(spell(Spelling::Entities).ends_with("&eacute;&rsquo;s"));
    }

    #[test]
    fn json_cannot_end_its_script() {
        let text = json_in_script(&serde_json::json!({"a": "</script><b>&amp;"}));
        assert!(!text.contains('<') && !text.contains('&'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["a"], "</script><b>&amp;");
    }
}
