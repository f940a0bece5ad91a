//! From a page to facts, by rules that are data. Pure: no network, no browser, no clock.
//!
//! A [`Source`] is a checked [`SourceDocument`]. [`discover`] reads sitemaps and listings, [`read_page`] reads
//! a unit's page; [`survey_feed`] and [`read_entries`] do the same for a feed that holds the units themselves. Both take bytes that a stranger controls, so everything here is bounded: sizes, nodes, depth,
//! backtracking, and the number of nodes that all selectors of a source together may look at.

mod discovery;
mod feed;
mod hash;
mod html;
mod offerings;
mod page;
mod paging;
mod pattern;
mod pointer;
mod preset;
mod requisites;
mod selector;
pub mod source;
mod template;
mod xml;

pub use {
    discovery::{Discovery, DiscoveryError, FoundUnit, discover, discover_results},
    feed::{EntryRead, FeedEntry, FeedError, FeedSurvey, MAX_ENTRIES_OF_A_PART, read_entries, survey_feed, trace_feed},
    hash::content_hash,
    page::{FactTrace, FoundAt, LoadedPage, PageSet, Piece, RuleOutcome, RuleTrace, Verdict, read_page, trace_page},
    paging::ResultsPage,
    preset::{PRESETS, preset, preset_at},
    source::{CodesWritten, Rule, Source, SourceDocument, SourceError, SourceErrors, Step, UnitAddress, source_schema},
    template::fill_step_text,
};

/// The largest page, document or feed that is read at all.
pub const MAX_PAGE_BYTES: usize = 10 * 1024 * 1024;
