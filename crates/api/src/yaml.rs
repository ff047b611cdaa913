//! The one place that knows which crate writes YAML.

use serde::Serialize;

pub(crate) use serde_yaml::Error;

/// A value as a YAML document.
pub(crate) fn document(value: &impl Serialize) -> Result<String, Error> {
    serde_yaml::to_string(value)
}
