//! What the browser does with a page.

use super::{Checker, child};
use crate::{
    source::{PageSteps, Step},
    template::{STEP_PLACES, Template},
};

const MAX_STEPS: usize = 20;
const MAX_SCROLLS: u32 = 50;

impl Checker {
    pub(super) fn steps(&mut self, page: &PageSteps) {
        self.at_most("/page/ready", &page.ready, MAX_STEPS);
        self.at_most("/page/steps", &page.steps, MAX_STEPS);
        for (index, selector) in page.ready.iter().enumerate() {
            self.selector(&format!("/page/ready/{index}"), selector);
        }
        for (index, step) in page.steps.iter().enumerate() {
            self.step(&format!("/page/steps/{index}"), step);
        }
    }

    fn step(&mut self, path: &str, step: &Step) {
        match step {
            Step::ClickAll { selector } => drop(self.selector(&child(path, "selector"), selector)),
            Step::WaitFor { selector, unless } => {
                self.selector(&child(path, "selector"), selector);
                unless.as_deref().map(|raw| self.selector(&child(path, "unless"), raw));
            }
            Step::Type { selector, text, enter: _ } => {
                self.selector(&child(path, "selector"), selector);
                self.step_text(path, text);
            }
            Step::Click { selector, text } => {
                self.selector(&child(path, "selector"), selector);
                if let Some(text) = text {
                    self.step_text(path, text);
                }
            }
            Step::Scroll { times } => {
                if !(1..=MAX_SCROLLS).contains(times) {
                    self.error(child(path, "times"), format!("must be 1 to {MAX_SCROLLS}"));
                }
            }
            Step::Follow { selector, name, ready } => {
                self.selector(&child(path, "selector"), selector);
                ready.as_deref().map(|raw| self.selector(&child(path, "ready"), raw));
                let plain = (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric());
                if !plain {
                    self.error(child(path, "name"), "must be 1 to 40 letters or digits");
                }
                if !self.pages.insert(name.clone()) {
                    self.error(child(path, "name"), "is the name of an earlier step");
                }
            }
        }
    }

    fn step_text(&mut self, path: &str, text: &str) {
        let place = child(path, "text");
        self.note(&place, Template::parse(text, &STEP_PLACES));
        // Keys such as Tab and Enter are characters of their own to a driver.
        if text.chars().any(|c| c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c)) {
            self.error(place, "must be plain text in one line");
        }
    }
}
