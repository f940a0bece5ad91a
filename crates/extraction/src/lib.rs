//! From a page to facts, by rules that are data. Pure: no network, no browser, no clock.
//!
//! A [`Source`] is a checked [`SourceDocument`]. [`discover`] reads sitemaps and listings, [`read_page`] reads
//! a unit's page. Both take bytes that a stranger controls, so everything here is bounded: sizes, nodes, depth,
//! backtracking, and the number of nodes that all selectors of a source together may look at.

mod discovery;
mod hash;
mod html;
mod offerings;
mod page;
mod pattern;
mod pointer;
mod preset;
mod requisites;
mod selector;
pub mod source;

pub use {
    discovery::{Discovery, DiscoveryError, FoundUnit, discover},
    hash::content_hash,
    page::{FactTrace, FoundAt, LoadedPage, PageSet, Piece, RuleOutcome, RuleTrace, Verdict, read_page, trace_page},
    preset::{PRESETS, preset, preset_at},
    source::{Rule, Source, SourceDocument, SourceError, SourceErrors, Step, UnitAddress, source_schema},
};

/// The largest page, document or feed that is read at all.
pub const MAX_PAGE_BYTES: usize = 10 * 1024 * 1024;
