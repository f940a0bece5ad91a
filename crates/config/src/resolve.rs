//! Values that only name a parameter (`ssm:/rmu/production/database-url`) and are fetched at start.

use crate::MapSource;
use std::{future::Future, pin::Pin};

const PREFIX: &str = "ssm:/";

pub(crate) const UNRESOLVED: &str = if cfg!(feature = "ssm") {
    "is an ssm: reference that was not resolved before the configuration was read"
} else {
    "is an ssm: reference; these need the `ssm` feature, which this binary was built without. \
     Let the platform inject the parameter instead (ECS: secrets with valueFrom)"
};

pub(crate) fn is_reference(value: &str) -> bool {
    value.starts_with(PREFIX)
}

/// Why a parameter could not be had. Never holds its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResolveError(pub String);

/// A store of parameters. One call gets all that are needed, so that a start is one round trip.
pub trait Resolver: Send + Sync {
    /// The decrypted values of `paths`, in their order.
    fn resolve<'a>(
        &'a self,
        paths: &'a [String],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<String>, ResolveError>> + Send + 'a>>;
}

/// For binaries without a parameter store: every reference is an error.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoParameterStore;

impl Resolver for NoParameterStore {
    fn resolve<'a>(
        &'a self,
        _paths: &'a [String],
    ) -> Pin<Box<dyn Future<Output = Result<Vec<String>, ResolveError>> + Send + 'a>> {
        Box::pin(async { Err(ResolveError(UNRESOLVED.to_owned())) })
    }
}

/// The same values with every reference replaced. A source without references asks nobody.
pub async fn resolve(source: MapSource, resolver: &dyn Resolver) -> Result<MapSource, ResolveError> {
    let (names, paths): (Vec<String>, Vec<String>) = source
        .iter()
        .filter(|(_, value)| is_reference(value.trim()))
        .map(|(name, value)| (name.to_owned(), value.trim().trim_start_matches("ssm:").to_owned()))
        .unzip();
    if paths.is_empty() {
        return Ok(source);
    }
    let values = resolver.resolve(&paths).await?;
    if values.len() != paths.len() {
        return Err(ResolveError(format!("{} parameters were asked for, {} came", paths.len(), values.len())));
    }
    Ok(names.into_iter().zip(values).fold(source, |source, (name, value)| source.with(&name, value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    struct Upper;

    impl Resolver for Upper {
        fn resolve<'a>(
            &'a self,
            paths: &'a [String],
        ) -> Pin<Box<dyn Future<Output = Result<Vec<String>, ResolveError>> + Send + 'a>> {
            Box::pin(async move { Ok(paths.iter().map(|path| path.to_uppercase()).collect()) })
        }
    }

    /// The futures of these tests never wait.
    fn now<T>(future: impl Future<Output = T>) -> T {
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("waited"),
        }
    }

    #[test]
    fn only_references_are_replaced() {
        let source = MapSource::from([("A", "ssm:/rmu/a"), ("B", "plain")]);
        let resolved = now(resolve(source, &Upper)).unwrap();
        assert_eq!(resolved, MapSource::from([("A", "/RMU/A"), ("B", "plain")]));
    }

    #[test]
    fn without_a_store_a_reference_is_an_error_and_its_absence_is_none() {
        assert!(now(resolve(MapSource::from([("A", "ssm:/rmu/a")]), &NoParameterStore)).is_err());
        assert!(now(resolve(MapSource::from([("A", "plain")]), &NoParameterStore)).is_ok());
    }
}
