//! Values that only name a parameter (`ssm:/rmu/production/database-url`).

const PREFIX: &str = "ssm:/";

pub(crate) const UNRESOLVED: &str = "is an ssm: reference, which nothing here resolves. \
     Let the platform inject the parameter (ECS: secrets with valueFrom)";

/// Taken as it stands, a reference would be a strange password or address that fails somewhere else.
pub(crate) fn is_reference(value: &str) -> bool {
    value.starts_with(PREFIX)
}
