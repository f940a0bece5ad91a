//! The documents fetched last, so that one which has not changed is not sent again.
//!
//! Only bodies are kept, and what they name is read from them anew each time: nothing is lost by an answer that
//! says no more than "unchanged". What is not kept any more is simply fetched.

use super::{Fetched, Origins};
use chrono::{DateTime, Utc};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use url::Url;

const MOST_DOCUMENTS: usize = 64;
const MOST_BYTES: usize = 32 << 20;
const NOT_MODIFIED: u16 = 304;

/// Clones share what is kept.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    documents: Arc<Mutex<Vec<Document>>>,
}

#[derive(Debug)]
struct Document {
    asked: Url,
    received: Received,
    /// When the server last said that it is so.
    confirmed: Instant,
}

/// A document and when it was so, by the server's word.
#[derive(Debug, Clone)]
pub struct Received {
    pub document: Arc<Fetched>,
    pub as_of: DateTime<Utc>,
}

impl Kept {
    /// The document as it was kept, for a source that might have fetched it itself.
    pub fn get(&self, url: &Url, origins: &Origins) -> Option<Received> {
        self.find(url, origins, Duration::MAX)
    }

    /// The document if the server confirmed it no longer than `age` ago.
    pub fn no_older(&self, url: &Url, origins: &Origins, age: Duration) -> Option<Received> {
        self.find(url, origins, age)
    }

    /// Takes in an answer to a request that named what was kept: the document as it is now.
    pub fn settle(&self, url: &Url, kept: Option<Received>, answer: Fetched) -> Received {
        let document = match kept {
            // Validators go to the address they came from and to no other, so the answer is about this document.
            Some(kept) if answer.status == NOT_MODIFIED => kept.document,
            _ => Arc::new(answer),
        };
        let received = Received { document, as_of: Utc::now() };
        let mut documents = self.lock();
        documents.retain(|document| document.asked != *url);
        if received.document.status == 200 && received.document.body.len() <= MOST_BYTES {
            documents.push(Document { asked: url.clone(), received: received.clone(), confirmed: Instant::now() });
            let mut bytes: usize = documents.iter().map(Document::size).sum();
            while documents.len() > MOST_DOCUMENTS || bytes > MOST_BYTES {
                bytes -= documents.remove(0).size();
            }
        }
        received
    }

    /// Drops a document that turned out to be none, so that the next request gets it whole.
    pub fn forget(&self, url: &Url) {
        self.lock().retain(|document| document.asked != *url);
    }

    fn find(&self, url: &Url, origins: &Origins, age: Duration) -> Option<Received> {
        let documents = self.lock();
        let document = documents.iter().find(|document| document.asked == *url)?;
        // Another source may have been redirected to where this one may not go.
        let is_allowed = origins.allow(&document.received.document.url);
        (is_allowed && document.confirmed.elapsed() <= age).then(|| document.received.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Document>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Document {
    fn size(&self) -> usize {
        self.received.document.body.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::Validators;

    fn url(number: usize) -> Url {
        Url::parse(&format!("https://handbook.example.edu/{number}")).unwrap()
    }

    fn answer(number: usize, status: u16, bytes: usize) -> Fetched {
        let (body, validators) = (vec![b'x'; bytes], Validators::default());
        Fetched { url: url(number), status, content_type: None, body, retry_after: None, validators }
    }

    fn origins(origin: &str) -> Origins {
        Origins::parse(&[origin.to_owned()]).unwrap()
    }

    #[test]
    fn what_is_unchanged_is_what_was_kept_and_failures_are_not_kept() {
        let (kept, ours) = (Kept::default(), origins("https://handbook.example.edu"));
        let first = kept.settle(&url(1), None, answer(1, 200, 10));
        let again = kept.settle(&url(1), kept.get(&url(1), &ours), answer(1, 304, 0));
        assert!(Arc::ptr_eq(&first.document, &again.document) && again.as_of >= first.as_of);
        assert_eq!(kept.settle(&url(1), kept.get(&url(1), &ours), answer(1, 503, 0)).document.status, 503);
        assert!(kept.get(&url(1), &ours).is_none());
        let unasked = kept.settle(&url(2), None, answer(2, 304, 0));
        assert_eq!(unasked.document.status, 304, "there is nothing it could mean");
        kept.settle(&url(1), None, answer(1, 200, 10));
        kept.forget(&url(1));
        assert!(kept.get(&url(1), &ours).is_none(), "what was no document is asked for whole");
    }

    #[test]
    fn a_document_is_for_those_who_might_have_fetched_it() {
        let kept = Kept::default();
        kept.settle(&url(1), None, answer(1, 200, 10));
        assert!(kept.get(&url(1), &origins("https://other.example.edu")).is_none());
        assert!(kept.no_older(&url(1), &origins("https://handbook.example.edu"), Duration::from_secs(60)).is_some());
        assert!(kept.no_older(&url(1), &origins("https://handbook.example.edu"), Duration::ZERO).is_none());
    }

    #[test]
    fn both_number_and_size_are_bounded() {
        let (kept, ours) = (Kept::default(), origins("https://handbook.example.edu"));
        for number in 0..MOST_DOCUMENTS + 5 {
            kept.settle(&url(number), None, answer(number, 200, 1));
        }
        assert_eq!(kept.lock().len(), MOST_DOCUMENTS);
        for number in 100..104 {
            kept.settle(&url(number), None, answer(number, 200, 10 << 20));
        }
        assert!(kept.get(&url(100), &ours).is_none() && kept.get(&url(103), &ours).is_some());
        let bytes: usize = kept.lock().iter().map(Document::size).sum();
        assert!(bytes <= MOST_BYTES, "{bytes}");
    }
}
