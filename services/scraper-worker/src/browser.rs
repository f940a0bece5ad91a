//! Browsers: a bounded pool of Chromium processes, each behind a chromedriver of its own.
//!
//! The only place that names fantoccini. What happens outside ([`BrowserPool::lease`], [`Lease`]) knows
//! neither processes nor WebDriver; what happens inside leaves no process, directory or permit behind,
//! whoever is killed.

mod breaker;
mod command;
mod driver;
mod error;
pub mod guard;
mod instance;
mod lease;
mod limits;
mod line;
mod network;
mod pool;
mod processes;
mod registry;
mod scope;
mod session;

pub use error::{LeaseError, PageError};
pub use instance::{Swept, sweep};
pub use lease::{Lease, RenderedSource, Snapshot};
pub use limits::{PoolLimits, PoolSettings};
pub use network::Response;
pub use pool::BrowserPool;
pub use processes::adopt_orphans;
pub use scope::{Pin, Scope};
