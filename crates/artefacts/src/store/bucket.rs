//! A bucket of S3, or of what speaks as it does.

use super::GET_LIMIT;
use object_store::{
    BackoffConfig, Error, ObjectStore, RetryConfig, aws::AmazonS3Builder, path::Path, prefix::PrefixStore,
};
use std::{sync::Arc, time::Duration};

/// The bucket that `url` names, with `prefix` before every key; all else is as the builder knows it.
pub(super) fn open(builder: AmazonS3Builder, url: &str, prefix: &str) -> Result<Arc<dyn ObjectStore>, Error> {
    // Few and short: whoever waits has a limit of his own, a few seconds away.
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_millis(500),
        ..BackoffConfig::default()
    };
    let retry = RetryConfig { backoff, max_retries: 2, retry_timeout: GET_LIMIT };
    let bucket = builder.with_url(url).with_retry(retry).build()?;
    Ok(Arc::new(PrefixStore::new(bucket, Path::parse(prefix)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{ArtefactStore, StoreError, tests::keeps_and_forgets};
    use hyper_util::{
        rt::{TokioExecutor, TokioIo},
        server::conn::auto::Builder,
    };
    use rmu_domain::{
        artefact::{ArtefactKey, ArtefactKind, AttemptId},
        ids::TaskId,
    };
    use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
    use tokio::net::TcpListener;

    /// A server that speaks S3 over a folder, knows one pair of keys and one bucket, `kept`.
    async fn serve(folder: &std::path::Path) -> String {
        std::fs::create_dir_all(folder.join("kept")).unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
        service.set_auth(SimpleAuth::from_single("known", "secret"));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        format!("http://{address}")
    }

    fn store(endpoint: &str, secret: &str, url: &str, prefix: &str) -> ArtefactStore {
        let builder = AmazonS3Builder::new().with_endpoint(endpoint).with_allow_http(true).with_region("eu-central-1");
        let builder = builder.with_access_key_id("known").with_secret_access_key(secret);
        ArtefactStore::over(open(builder, url, prefix).unwrap())
    }

    #[tokio::test]
    async fn a_bucket_keeps_and_forgets_as_a_directory_does() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = serve(folder.path()).await;
        let files = folder.path().join("kept/failures/of-today");
        keeps_and_forgets(&store(&endpoint, "secret", "s3://kept", "failures/of-today"), &files).await;
    }

    #[tokio::test]
    async fn whom_the_bucket_does_not_know_it_refuses() {
        let folder = tempfile::tempdir().unwrap();
        let endpoint = serve(folder.path()).await;
        let key = ArtefactKey::new(AttemptId { task: TaskId::new(), attempt: 1 }, ArtefactKind::Page);
        let stranger = store(&endpoint, "guessed", "s3://kept", "");
        assert!(matches!(stranger.put(key, b"x".to_vec()).await, Err(StoreError::Store(_))));
        assert!(matches!(stranger.get(key).await, Err(StoreError::Store(_))));
        // It is not asked again at once, as any store that failed.
        assert!(matches!(stranger.put(key, b"x".to_vec()).await, Err(StoreError::LeftAlone)));
    }
}
