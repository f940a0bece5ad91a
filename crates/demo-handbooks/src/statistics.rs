//! Who asked for what, and how politely: tests of crawlers read this.
//!
//! Only documents count for politeness: a browser fetches a page's own script, style and data without asking
//! its driver. Gaps are measured between requests of one user agent.

use serde::Serialize;
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// More different paths or agents than this are counted under `other`.
const MOST_PATHS: usize = 200_000;
const MOST_AGENTS: usize = 1_000;

#[derive(Debug, Default)]
pub struct Statistics(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    report: Report,
    agents: BTreeMap<String, Agent>,
    in_flight: u64,
}

#[derive(Debug, Default)]
struct Agent {
    report: AgentReport,
    in_flight: u64,
    last_start: Option<Instant>,
    last_end: Option<Instant>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Requests of every sort, control excepted.
    pub requests: u64,
    pub documents: u64,
    /// Documents that were not answered as the site would by itself, see [`crate::faults`].
    pub faulty: u64,
    /// Requests for the truth, which no scraper may make.
    pub truth_visits: u64,
    /// The most documents being answered at once, over all agents.
    pub max_concurrent_documents: u64,
    pub paths: BTreeMap<String, u64>,
    pub agents: BTreeMap<String, AgentReport>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentReport {
    pub documents: u64,
    pub max_concurrent_documents: u64,
    /// The least time from the start of one document to the start of the next.
    pub least_gap_ms: Option<u64>,
    /// The least time from the end of one document to the start of the next.
    pub least_pause_ms: Option<u64>,
    pub truth_visits: u64,
}

/// What a request asks for, by its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Document,
    /// Part of a page: its script, style or data.
    Part,
    Truth,
    /// Faults, statistics and the like.
    Control,
}

impl Sort {
    pub fn of(path: &str) -> Self {
        if path.starts_with("/_truth") {
            Self::Truth
        } else if path.starts_with("/_next/")
            || path.starts_with("/api/")
            || path == "/style.css"
            || path == "/favicon.ico"
        {
            Self::Part
        } else if path.starts_with("/_") {
            Self::Control
        } else {
            Self::Document
        }
    }
}

impl Statistics {
    /// Notes the start of a request; the end of a document is told by [`Statistics::ended`].
    pub fn started(&self, sort: Sort, path: &str, agent: &str) {
        if sort == Sort::Control {
            return;
        }
        let now = Instant::now();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { report, agents, in_flight } = &mut *inner;
        report.requests += 1;
        let known = report.paths.len() < MOST_PATHS || report.paths.contains_key(path);
        *report.paths.entry(if known { path } else { "other" }.to_owned()).or_default() += 1;
        let known = agents.len() < MOST_AGENTS || agents.contains_key(agent);
        let agent = agents.entry(if known { agent } else { "other" }.to_owned()).or_default();
        match sort {
            Sort::Truth => {
                report.truth_visits += 1;
                agent.report.truth_visits += 1;
            }
            Sort::Document => {
                report.documents += 1;
                *in_flight += 1;
                report.max_concurrent_documents = report.max_concurrent_documents.max(*in_flight);
                agent.document_started(now);
            }
            Sort::Part | Sort::Control => {}
        }
    }

    pub fn ended(&self, sort: Sort, agent: &str) {
        if sort != Sort::Document {
            return;
        }
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.in_flight = inner.in_flight.saturating_sub(1);
        let agent = if inner.agents.contains_key(agent) { agent } else { "other" };
        if let Some(agent) = inner.agents.get_mut(agent) {
            agent.in_flight = agent.in_flight.saturating_sub(1);
            agent.last_end = Some(Instant::now());
        }
    }

    /// Notes that the document being answered is spoiled by a fault.
    pub fn spoiled(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).report.faulty += 1;
    }

    pub fn report(&self) -> Report {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let agents = inner.agents.iter().map(|(name, agent)| (name.clone(), agent.report.clone())).collect();
        Report { agents, ..inner.report.clone() }
    }

    /// Forgets everything but the requests being answered.
    pub fn reset(&self) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.report = Report::default();
        inner.agents.retain(|_, agent| agent.in_flight > 0);
        for agent in inner.agents.values_mut() {
            agent.report = AgentReport::default();
        }
    }
}

impl Agent {
    fn document_started(&mut self, now: Instant) {
        let milliseconds = |since: Option<Instant>| {
            since.map(|since| u64::try_from(now.duration_since(since).as_millis()).unwrap_or(u64::MAX))
        };
        let least = |before: Option<u64>, now: Option<u64>| before.into_iter().chain(now).min();
        self.report.documents += 1;
        self.report.least_gap_ms = least(self.report.least_gap_ms, milliseconds(self.last_start));
        let pause = if self.in_flight > 0 { Some(0) } else { milliseconds(self.last_end) };
        self.report.least_pause_ms = least(self.report.least_pause_ms, pause);
        self.last_start = Some(now);
        self.in_flight += 1;
        self.report.max_concurrent_documents = self.report.max_concurrent_documents.max(self.in_flight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_documents_at_once_and_visits_to_the_truth() {
        let statistics = Statistics::default();
        statistics.started(Sort::Document, "/a", "crawler");
        statistics.started(Sort::Document, "/b", "crawler");
        statistics.ended(Sort::Document, "crawler");
        statistics.ended(Sort::Document, "crawler");
        statistics.started(Sort::Document, "/a", "reader");
        statistics.started(Sort::Truth, "/_truth/units.json", "test");
        statistics.started(Sort::Part, "/style.css", "crawler");
        let report = statistics.report();
        assert_eq!((report.requests, report.documents, report.truth_visits), (5, 3, 1));
        assert_eq!(report.max_concurrent_documents, 2);
        assert_eq!(report.paths["/a"], 2);
        let crawler = &report.agents["crawler"];
        assert_eq!((crawler.documents, crawler.max_concurrent_documents), (2, 2));
        assert_eq!(crawler.least_pause_ms, Some(0));
        assert!(crawler.least_gap_ms.is_some());
        assert_eq!(report.agents["reader"].least_gap_ms, None);
        statistics.reset();
        assert_eq!(statistics.report().requests, 0);
    }

    #[test]
    fn control_is_not_counted() {
        assert_eq!(Sort::of("/_stats"), Sort::Control);
        assert_eq!(Sort::of("/_truth/units.json"), Sort::Truth);
        assert_eq!(Sort::of("/_next/static/x.js"), Sort::Part);
        assert_eq!(Sort::of("/robots.txt"), Sort::Document);
    }
}
