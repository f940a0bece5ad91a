//! What our mails say. Nothing that somebody typed into a form is in them: our mail server shall not carry a
//! stranger's words to another stranger.

use rmu_config::Url;

/// Subject and body of the mail that asks to confirm an address.
pub(crate) fn verify_address(public_url: &Url, token: &str) -> (String, String) {
    let link = link(public_url, "verify-email", Some(token));
    let body = format!(
        "Hello,\n\n\
         somebody, probably you, registered this address with RateMyUnit.\n\
         To confirm it, open\n\n\
         {link}\n\n\
         within 24 hours. The link works once.\n\n\
         If it was not you, do nothing: without the link there will be no account.\n"
    );
    ("Confirm your address for RateMyUnit".to_owned(), body)
}

/// Subject and body of the mail to somebody whose address was registered again.
pub(crate) fn address_is_taken(public_url: &Url) -> (String, String) {
    let link = link(public_url, "login", None);
    let body = format!(
        "Hello,\n\n\
         somebody, perhaps you, tried to register this address with RateMyUnit,\n\
         where it has an account already. Nothing was changed. If it was you,\n\
         log in instead:\n\n\
         {link}\n\n\
         If it was not you, there is nothing to do.\n"
    );
    ("You have an account with RateMyUnit already".to_owned(), body)
}

fn link(public_url: &Url, page: &str, token: Option<&str>) -> String {
    let mut link = public_url.clone();
    let base = link.path().trim_end_matches('/').to_owned();
    link.set_path(&format!("{base}/{page}"));
    link.set_query(None);
    if let Some(token) = token {
        link.query_pairs_mut().append_pair("token", token);
    }
    link.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_leads_below_the_public_address() {
        for base in ["https://rmu.example/app/", "https://rmu.example/app"] {
            let (_, body) = verify_address(&Url::parse(base).unwrap(), "a-b_c");
            assert!(body.contains("\nhttps://rmu.example/app/verify-email?token=a-b_c\n"), "{body}");
        }
    }

    #[test]
    fn mails_are_plain_ascii_with_short_lines() {
        let url = Url::parse("https://rmu.example").unwrap();
        for (subject, body) in [verify_address(&url, &"x".repeat(43)), address_is_taken(&url)] {
            assert!(subject.is_ascii() && body.is_ascii());
            assert!(body.lines().all(|line| line.len() <= 100), "{body}");
        }
    }
}
