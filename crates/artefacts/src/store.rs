//! Putting, getting, listing, deleting, each within a limit.

mod bucket;

use crate::Place;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    Error, ObjectMeta, ObjectStore, ObjectStoreExt, aws::AmazonS3Builder, local::LocalFileSystem, path::Path,
};
use rmu_domain::artefact::ArtefactKey;
use std::{
    future::Future,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Nothing larger is read: a page has at most one MiB, a screenshot two.
pub const MOST_BYTES: u64 = 2 << 20;
const PUT_LIMIT: Duration = Duration::from_secs(2);
const GET_LIMIT: Duration = Duration::from_secs(5);
const LIST_LIMIT: Duration = Duration::from_secs(60);
const DELETE_LIMIT: Duration = Duration::from_secs(5);
const DELETED_AT_ONCE: usize = 8;
/// A store that is away is not asked to take anything for so long: tasks must not wait for it one after the other.
const LEFT_ALONE: Duration = Duration::from_secs(30);

/// The artefacts of this installation. Clones share it.
#[derive(Clone)]
pub struct ArtefactStore {
    store: Arc<dyn ObjectStore>,
    away_until: Arc<Mutex<Option<Instant>>>,
}

/// An artefact as the store lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    pub key: ArtefactKey,
    pub bytes: u64,
    pub at: DateTime<Utc>,
}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the place for artefacts cannot be used: {0}")]
    Place(String),
    #[error("no answer from the place for artefacts within {0:?}")]
    TimedOut(Duration),
    /// It was away a moment ago.
    #[error("the place for artefacts is left alone for a while")]
    LeftAlone,
    #[error("{0} bytes are more than an artefact has")]
    TooLarge(u64),
    #[error("the place for artefacts failed: {0}")]
    Store(#[from] Error),
}

impl ArtefactStore {
    /// Makes the directory if there is none. A bucket is not asked whether it is there: that may change.
    pub fn open(place: &Place) -> Result<Self, StoreError> {
        let store: Arc<dyn ObjectStore> = match place {
            Place::Directory(path) => {
                let unusable = |error: io::Error| StoreError::Place(format!("{}: {error}", path.display()));
                std::fs::create_dir_all(path).map_err(unusable)?;
                Arc::new(LocalFileSystem::new_with_prefix(path)?)
            }
            Place::Bucket { url, prefix } => bucket::open(AmazonS3Builder::from_env(), url.as_str(), prefix)?,
        };
        Ok(Self::over(store))
    }

    fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, away_until: Arc::default() }
    }

    /// Keeps `bytes` under `key`. The same key again replaces what was there.
    pub async fn put(&self, key: ArtefactKey, bytes: Vec<u8>) -> Result<(), StoreError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length > MOST_BYTES {
            return Err(StoreError::TooLarge(length));
        }
        if self.away_until().is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::LeftAlone);
        }
        let put = within(PUT_LIMIT, self.store.put(&path(key), bytes.into())).await;
        self.set_away_until(put.is_err().then(|| Instant::now() + LEFT_ALONE));
        put.map(|_| ())
    }

    /// What is kept under `key`; `None` when nothing is, or no longer.
    pub async fn get(&self, key: ArtefactKey) -> Result<Option<Vec<u8>>, StoreError> {
        let read = async {
            let found = self.store.get(&path(key)).await?;
            let length = found.meta.size;
            if length > MOST_BYTES { Ok(Err(length)) } else { found.bytes().await.map(Ok) }
        };
        match within(GET_LIMIT, read).await {
            Ok(Ok(bytes)) => Ok(Some(bytes.into())),
            Ok(Err(length)) => Err(StoreError::TooLarge(length)),
            Err(StoreError::Store(Error::NotFound { .. })) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Everything that is kept, up to `most`. What has another name than artefacts have is not ours and left out.
    pub async fn list(&self, most: usize) -> Result<Vec<Stored>, StoreError> {
        let listed = self.store.list(None).try_filter_map(|meta| std::future::ready(Ok(stored(&meta))));
        within(LIST_LIMIT, listed.take(most).try_collect()).await
    }

    /// Deletes; what is gone already was what was wanted.
    pub async fn delete(&self, keys: &[ArtefactKey]) -> Result<(), StoreError> {
        let deletions = futures_util::stream::iter(keys.to_vec()).map(|key| async move {
            match within(DELETE_LIMIT, self.store.delete(&path(key))).await {
                Err(StoreError::Store(Error::NotFound { .. })) => Ok(()),
                done => done,
            }
        });
        deletions.buffer_unordered(DELETED_AT_ONCE).try_collect().await
    }

    fn away_until(&self) -> Option<Instant> {
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_away_until(&self, until: Option<Instant>) {
        *self.away_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

fn stored(meta: &ObjectMeta) -> Option<Stored> {
    let key = ArtefactKey::parse(meta.location.as_ref()).ok()?;
    Some(Stored { key, bytes: meta.size, at: meta.last_modified })
}

fn path(key: ArtefactKey) -> Path {
    Path::from(key.to_string())
}

async fn within<T>(limit: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<T, StoreError> {
    match timeout(limit, call).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(StoreError::TimedOut(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmu_domain::{
        artefact::{ArtefactKind, AttemptId},
        ids::TaskId,
    };

    fn key(attempt: u32) -> ArtefactKey {
        ArtefactKey::new(AttemptId { task: TaskId::new(), attempt }, ArtefactKind::Page)
    }

    fn directory(path: &std::path::Path) -> ArtefactStore {
        ArtefactStore::open(&Place::Directory(path.to_owned())).unwrap()
    }

    /// What a store does, wherever it is; `files` is where what it keeps comes to lie.
    pub(super) async fn keeps_and_forgets(store: &ArtefactStore, files: &std::path::Path) {
        let (one, two) = (key(1), key(2));
        assert_eq!(store.get(one).await.unwrap(), None);
        store.put(one, b"first".to_vec()).await.unwrap();
        store.put(one, b"again".to_vec()).await.unwrap();
        store.put(two, b"other".to_vec()).await.unwrap();
        assert_eq!(store.get(one).await.unwrap().as_deref(), Some(b"again".as_slice()));
        std::fs::write(files.join("README"), "of somebody else").unwrap();
        let listed = store.list(10).await.unwrap();
        assert!(listed.len() == 2 && listed.iter().all(|stored| stored.bytes == 5), "{listed:?}");
        assert_eq!(store.list(1).await.unwrap().len(), 1);
        store.delete(&[one, two]).await.unwrap();
        store.delete(&[one]).await.unwrap();
        assert!(store.list(10).await.unwrap().is_empty());
        assert!(files.join("README").exists(), "it was not ours");
    }

    #[tokio::test]
    async fn what_is_put_is_got_listed_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new/deep");
        keeps_and_forgets(&directory(&place), &place).await;
    }

    #[tokio::test]
    async fn what_is_too_large_is_neither_kept_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let (store, key) = (directory(folder.path()), key(1));
        let large = vec![0; usize::try_from(MOST_BYTES).unwrap() + 1];
        assert!(matches!(store.put(key, large.clone()).await, Err(StoreError::TooLarge(_))));
        std::fs::write(folder.path().join(key.to_string()), large).unwrap();
        assert!(matches!(store.get(key).await, Err(StoreError::TooLarge(_))));
    }

    #[tokio::test]
    async fn a_store_that_failed_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("artefacts");
        let store = directory(&place);
        std::fs::remove_dir(&place).unwrap();
        std::fs::write(&place, "no directory").unwrap();
        assert!(matches!(store.put(key(1), b"x".to_vec()).await, Err(StoreError::Store(_))));
        assert!(matches!(store.put(key(1), b"x".to_vec()).await, Err(StoreError::LeftAlone)));
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_said_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "no directory").unwrap();
        assert!(ArtefactStore::open(&Place::Directory(file.join("below"))).is_err());
    }
}
