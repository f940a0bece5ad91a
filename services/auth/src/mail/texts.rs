//! What our mails say. Nothing that somebody typed into a form is in them: our mail server shall not carry a
//! stranger's words to another stranger.

use rmu_config::Url;
use rmu_domain::text::collapse_whitespace;
use rmu_messaging::contracts::digest::{DigestItemV1, DigestV1};

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

/// Subject and body of the mail that tells what is new, and where its reader ends such mails.
pub(crate) fn digest(public_url: &Url, digest: &DigestV1) -> (String, String, String) {
    let all = digest.items.len() + usize::try_from(digest.more).unwrap_or_default();
    let subject = if all == 1 { "One notification".to_owned() } else { format!("{all} notifications") };
    let mut body = "Hello,\n\nthis is new of units that concern you:\n".to_owned();
    for item in &digest.items {
        let unit = one_line(&format!("{} {} ({})", item.unit_code, item.unit_title, item.university));
        let address = link(public_url, &format!("units/{}", item.unit_id), None);
        body.push_str(&format!("\n* {unit}\n  {}\n  {address}\n", news(item)));
    }
    if digest.more > 0 {
        body.push_str(&format!("\nThere is more: {} further notifications.\n", digest.more));
    }
    let unsubscribe = link(public_url, "api/digest/unsubscribe", Some(&digest.unsubscribe_token));
    body.push_str(&format!(
        "\nAll of them: {}\n\n\
         You get this mail at most once a day because you asked for it. To end it:\n\n\
         {unsubscribe}\n",
        link(public_url, "notifications", None)
    ));
    (format!("{subject} from RateMyUnit"), body, unsubscribe)
}

fn news(item: &DigestItemV1) -> String {
    match item.kind.as_str() {
        "newReview" => "There is a new review.".to_owned(),
        "requestedReview" => "The review that you asked for is there.".to_owned(),
        "handbookChange" if !item.facts.is_empty() => {
            let facts: Vec<String> = item.facts.iter().map(|fact| in_words(fact)).collect();
            format!("The handbook says something else: {}.", facts.join(", "))
        }
        "handbookChange" => "The handbook says something else.".to_owned(),
        "reviewDecided" => "A moderator decided about your review.".to_owned(),
        "appealDecided" => "Your appeal was decided.".to_owned(),
        "reportHandled" => "A review that you reported was dealt with.".to_owned(),
        _ => "There is something new.".to_owned(),
    }
}

/// `creditPoints` becomes "credit points"; what is no such name becomes nothing.
fn in_words(fact: &str) -> String {
    let letters = fact.chars().filter(char::is_ascii_alphabetic).take(40);
    letters.fold(String::new(), |mut words, letter| {
        if letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
        words
    })
}

fn one_line(text: &str) -> String {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    collapse_whitespace(&shown)
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

    #[test]
    fn a_digest_says_what_is_new_and_how_to_end_it() {
        use rmu_messaging::contracts::Contract;
        let url = Url::parse("https://rmu.example").unwrap();
        let mut told = DigestV1 { more: 2, ..DigestV1::example() };
        told.items[0].facts = vec!["creditPoints".to_owned(), "x\r\nBcc: a@b.c".to_owned()];
        told.items[0].unit_title = "Data\r\n\r\nStructures".to_owned();
        let (subject, body, unsubscribe) = digest(&url, &told);
        assert_eq!(subject, "3 notifications from RateMyUnit");
        assert!(body.contains("* 31251 Data Structures (University of Northfield)\n"), "{body}");
        assert!(body.contains("  The handbook says something else: credit points, x bccabc.\n"), "{body}");
        assert!(
            unsubscribe.starts_with("https://rmu.example/api/digest/unsubscribe?token=") && body.contains(&unsubscribe)
        );
    }
}
