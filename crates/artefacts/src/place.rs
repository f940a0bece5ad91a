//! Where artefacts are kept, as `ARTEFACTS_URL` says it.

use rmu_config::{Reader, Url};
use std::{fmt, path::PathBuf};

/// A place for artefacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A directory that workers and gateways share.
    Directory(PathBuf),
    /// A bucket of S3; what follows its name comes before every key. Region and credentials are found where AWS'
    /// own tools look for them.
    Bucket { url: Url, prefix: String },
}

impl Place {
    /// Reads `ARTEFACTS_URL`. Without it nothing is kept.
    pub fn read(env: &mut Reader<'_>) -> Option<Option<Self>> {
        let doc = "Where the page and a screenshot of a failed task are kept, the same for workers and gateways: a \
                   shared directory, or S3 (`AWS_REGION` and AWS' usual credentials). Without it they are not.";
        env.parsed("ARTEFACTS_URL", doc, "file:///directory or s3://bucket/prefix", Self::parse).optional()
    }

    fn parse(raw: &str) -> Result<Self, &'static str> {
        let url = Url::parse(raw).map_err(|_| "must be an address file:///directory or s3://bucket/prefix")?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
            return Err("must have neither credentials nor anything after the path");
        }
        match url.scheme() {
            "file" => match url.to_file_path() {
                Ok(path) if path.parent().is_some() => Ok(Self::Directory(path)),
                _ => Err("must name a directory below the root: file:///var/lib/ratemyunit/artefacts"),
            },
            "s3" if url.host_str().is_some_and(|bucket| !bucket.is_empty()) && url.port().is_none() => {
                let prefix = url.path().trim_matches('/').to_owned();
                Ok(Self::Bucket { url, prefix })
            }
            "s3" => Err("must name a bucket: s3://bucket/prefix"),
            _ => Err("must be an address file:///directory or s3://bucket/prefix"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "directory {}", path.display()),
            Self::Bucket { url, .. } => write!(f, "{url}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_and_buckets_are_places() {
        let directory = Place::parse("file:///var/lib/rmu%20artefacts").unwrap();
        assert_eq!(directory, Place::Directory(PathBuf::from("/var/lib/rmu artefacts")));
        for (raw, wanted) in [("s3://bucket", ""), ("s3://bucket/", ""), ("s3://bucket/a/b/", "a/b")] {
            let Ok(Place::Bucket { prefix, .. }) = Place::parse(raw) else { panic!("{raw}") };
            assert_eq!(prefix, wanted, "{raw}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for raw in [
            "artefacts",
            "/var/lib/artefacts",
            "file:///",
            "file://elsewhere/var",
            "s3:///prefix",
            "s3://key:secret@bucket",
            "s3://bucket/prefix?x=1",
            "https://bucket.s3.amazonaws.com",
            "memory:///",
        ] {
            assert!(Place::parse(raw).is_err(), "{raw}");
        }
    }
}
