//! actix building blocks that every service shares.
//!
//! | module | what |
//! |---|---|
//! | [`problem`] | errors as RFC 9457 problems with a closed set of codes |
//! | [`envelope`] | `{"success": true, "data": …, "meta": …}` |
//! | [`extract`] | JSON, query and path extractors whose refusals name the field |
//! | [`edge`] | the outermost middleware: request id, trace, limits on heads, security headers, drain |
//! | [`rate_limit`] | exact GCRA in Redis, stricter limits of its own without it |
//! | [`etag`], [`cursor`], [`idempotency`] | conventions of reads, lists and POSTs |
//! | [`ops`] | `/health/live`, `/health/ready`, `/metrics` on a port of their own |
//! | [`lifecycle`], [`server`] | serve, drain in phases, stop under a deadline |

pub mod client_address;
pub mod cors;
pub mod cursor;
pub mod edge;
pub mod envelope;
pub mod etag;
pub mod extract;
pub mod idempotency;
pub mod lifecycle;
pub mod ops;
pub mod problem;
pub mod rate_limit;
pub mod request_id;
pub mod security_headers;
pub mod server;
mod trace;

pub use client_address::{ClientAddress, TrustedProxies};
pub use edge::Edge;
pub use envelope::{Data, Meta, Page, answer_read};
pub use extract::{Json, OptionalJson, Path, Query};
pub use idempotency::IdempotencyKey;
pub use lifecycle::Lifecycle;
pub use problem::{ErrorCode, Problem};
pub use request_id::RequestId;
