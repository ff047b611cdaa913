//! The key of a TCP MD5 session.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::violation::Problem;

/// Linux' `TCP_MD5SIG_MAXKEYLEN`.
const MAX: usize = 80;

/// 1 to 80 printable ASCII characters without white space. Neither `Debug` nor an error shows it.
#[derive(Clone, Eq, PartialEq)]
pub struct Password(String);

impl Password {
    /// The secret itself, for the one who must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl FromStr for Password {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        if (1..=MAX).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(value.to_owned()))
        } else {
            Err(Problem::MalformedSecret {
                expected: "1 to 80 printable characters without white space",
            })
        }
    }
}

/// A password as it stands in a resource: not yet checked, and already kept out of `Debug`.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The password, if it is one.
    pub fn password(&self) -> Result<Password, Problem> {
        self.0.parse()
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_by_debug_or_by_an_error() {
        let (good, bad) = (
            Secret::from("hunter2".to_owned()),
            Secret::from("hunter 2".to_owned()),
        );
        let password = good.password().unwrap();
        let error = bad.password().unwrap_err();
        let shown = format!("{good:?} {password:?} {bad:?} {error:?} {error}");
        assert!(!shown.contains("hunter"), "{shown}");
        assert_eq!(password.reveal(), "hunter2");
    }
}
