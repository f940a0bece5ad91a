//! What RateMyUnit talks about: ids, parsed values, rules and formulas.
//!
//! Nothing here does I/O and nothing here knows a transport or a store. A value of one of these types is
//! valid by construction: the only way in is `parse` (or serde, which calls it), and what fails says why
//! in words that may be shown to whoever sent it.

pub mod account;
pub mod artefact;
pub mod audit;
pub mod burst;
pub mod code_template;
pub mod credit_points;
pub mod facts;
pub mod fingerprint;
pub mod helpfulness;
pub mod ids;
pub mod moderation;
pub mod notification;
pub mod parse_error;
pub mod query;
pub mod rating;
pub mod report;
pub mod requisite;
pub mod retry;
pub mod review;
pub mod score;
pub mod scrape;
pub mod slug;
pub mod spelling;
pub mod text;
pub mod unit_code;
pub mod year;

pub use parse_error::ParseError;
