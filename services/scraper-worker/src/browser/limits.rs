//! Every bound of the pool in one place.

use std::{path::PathBuf, time::Duration};

/// How the pool finds its programs and where it keeps what they write.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    pub chromium: PathBuf,
    pub chromedriver: PathBuf,
    /// Directories of browsers live below this, one folder per running worker.
    pub state_directory: PathBuf,
    /// The program that stays behind when the worker is killed and clears away its browsers: the worker's
    /// own binary, called with `guard`.
    pub guard_program: Option<PathBuf>,
    pub user_agent: String,
    pub limits: PoolLimits,
}

#[derive(Debug, Clone)]
pub struct PoolLimits {
    /// Browsers at once.
    pub cap: usize,
    /// Callers that may wait at once.
    pub line: usize,
    pub wait: Duration,
    /// Starting a driver, and starting a browser by it.
    pub start: Duration,
    /// One WebDriver command.
    pub command: Duration,
    /// Everything that is done with one page.
    pub page: Duration,
    /// How long a page may change nothing and ask for nothing before what it is waited for counts as not coming.
    /// Well below what one command may take.
    pub still: Duration,
    /// Saying goodbye, before the process group is killed.
    pub close: Duration,
    pub recycle_pages: u32,
    pub recycle_age: Duration,
    pub recycle_memory: u64,
    /// With so much, of all its processes or of one, a browser is killed in the middle of its page. In bytes.
    pub runaway_memory: u64,
    /// A rendered page, in bytes.
    pub page_bytes: u64,
    /// Failed starts in a row after which nobody tries for a while.
    pub breaker_failures: u32,
    pub breaker_pause: Duration,
    pub breaker_longest_pause: Duration,
    /// How often memory is measured and idle browsers are looked after.
    pub upkeep: Duration,
}

impl PoolLimits {
    pub fn new(cap: usize) -> Self {
        Self {
            cap,
            line: cap.saturating_mul(8),
            wait: Duration::from_secs(30),
            start: Duration::from_secs(15),
            command: Duration::from_secs(15),
            page: Duration::from_secs(30),
            still: Duration::from_secs(7),
            close: Duration::from_secs(5),
            recycle_pages: 50,
            recycle_age: Duration::from_secs(30 * 60),
            recycle_memory: 700 << 20,
            runaway_memory: 1400 << 20,
            page_bytes: 10 << 20,
            breaker_failures: 3,
            breaker_pause: Duration::from_secs(5),
            breaker_longest_pause: Duration::from_secs(60),
            upkeep: Duration::from_secs(3),
        }
    }
}
