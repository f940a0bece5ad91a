//! How the hands that enter units write text into XML.

use crate::{
    html::{Spelling, escape},
    prose::Prose,
    random::Stream,
};

/// A way of writing text that has XML's special signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// Escapes what must be.
    Escaping,
    /// Escapes everything outside ASCII as well, by number.
    Numeric,
    /// Puts everything into sections that need no escaping.
    Sections,
    /// Leaves comments behind.
    Commenting,
}

impl Hand {
    pub(super) const ALL: [(Self, u32); 4] =
        [(Self::Escaping, 4), (Self::Numeric, 2), (Self::Sections, 3), (Self::Commenting, 1)];

    /// A text of one line.
    pub(super) fn text(self, text: &str) -> String {
        match self {
            Self::Escaping => escape(text),
            Self::Numeric => numeric(&escape(text)),
            Self::Sections => section(text),
            Self::Commenting => escape(text).replacen(' ', "<!-- checked --> ", 1),
        }
    }

    /// Nothing, as this hand writes it.
    pub(super) fn nothing(self) -> &'static str {
        match self {
            Self::Escaping | Self::Numeric => "",
            Self::Sections => "<![CDATA[ ]]>",
            Self::Commenting => "<!-- to be filled in -->",
        }
    }

    /// Text with paragraphs and lists: as HTML in a section or escaped once more, or as elements of the feed itself.
    pub(super) fn prose(self, prose: &Prose, stream: &mut Stream) -> String {
        let spelling = stream.weighted(&Spelling::ALL);
        match self {
            Self::Sections => section(&prose.html(spelling, false, stream)),
            Self::Escaping => escape(&prose.html(spelling, true, stream)),
            Self::Numeric => numeric(&escape(&prose.html(spelling, false, stream))),
            Self::Commenting => {
                let xhtml = prose.html(Spelling::Escaped, true, stream).replace("<br>", "<br/>");
                format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><!-- from the old catalogue -->{xhtml}</div>")
            }
        }
    }
}

/// No text of ours holds what would end a section.
fn section(text: &str) -> String {
    format!("<![CDATA[{text}]]>")
}

fn numeric(text: &str) -> String {
    text.chars()
        .map(|sign| if sign.is_ascii() { sign.to_string() } else { format!("&#x{:x};", u32::from(sign)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hand_writes_its_own_way() {
        let written = Hand::ALL.map(|(hand, _)| hand.text("A < é & b"));
        assert_eq!(
            written,
            ["A &lt; é &amp; b", "A &lt; &#xe9; &amp; b", "<![CDATA[A < é & b]]>", "A<!-- checked --> &lt; é &amp; b"]
        );
    }
}
