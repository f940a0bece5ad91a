//! Reading what the mail sink has stored.

use std::path::{Path, PathBuf};

/// All messages to `recipient` in the sink's folder so far, oldest first, as they were sent.
pub fn messages_to(dir: &Path, recipient: &str) -> Vec<String> {
    let wanted = format!("Delivered-To: {recipient}").to_lowercase();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "eml"));
    // Names begin with the time of arrival.
    files.sort();
    let texts = files.iter().filter_map(|file| std::fs::read(file).ok());
    let texts = texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    texts.filter(|text| text.lines().take(110).any(|line| line.to_lowercase() == wanted)).collect()
}

/// The value of `token=` in a message's first link, whatever transfer encoding wrapped the line.
pub fn token_in(message: &str) -> Option<String> {
    let unwrapped = message.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
    let (_, rest) = unwrapped.split_once("token=")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.~%".contains(c))).unwrap_or(rest.len());
    let token = &rest[..end];
    (!token.is_empty()).then(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_a_wrapped_quoted_printable_line() {
        let message = "Content-Transfer-Encoding: quoted-printable\r\n\r\nOpen http://127.0.0.1:3000/verify?token=3Dab=\r\nc-1_2\r\nBye";
        assert_eq!(token_in(message).as_deref(), Some("abc-1_2"));
        assert_eq!(token_in("nothing here"), None);
    }
}
