//! What a page looks like.

use super::Lease;
use crate::browser::error::PageError;

/// A picture beyond this is not shown; a window's worth of any page is smaller.
const MOST_BYTES: usize = 2 << 20;

impl Lease {
    /// The window as PNG; `None` when that is larger than anybody should have to load.
    pub async fn picture(&mut self) -> Result<Option<Vec<u8>>, PageError> {
        let client = self.browser()?.client.clone();
        let picture = self.command(async { client.screenshot().await }).await?;
        Ok((picture.len() <= MOST_BYTES).then_some(picture))
    }
}
