//! BGP communities: `64512:100`, and `large:64512:1:2`.

use std::fmt;
use std::str::FromStr;

use crate::violation::Problem;

/// A community value.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Community {
    Standard(u16, u16),
    Large(u32, u32, u32),
}

impl FromStr for Community {
    type Err = Problem;

    fn from_str(value: &str) -> Result<Self, Problem> {
        parts(value).ok_or_else(|| {
            Problem::malformed("a community such as 64512:100 or large:64512:1:2", value)
        })
    }
}

fn parts(value: &str) -> Option<Community> {
    let words: Vec<&str> = value.split(':').collect();
    match words[..] {
        [a, b] => Some(Community::Standard(number(a)?, number(b)?)),
        ["large", a, b, c] => Some(Community::Large(number(a)?, number(b)?, number(c)?)),
        _ => None,
    }
}

/// Digits only: `FromStr` of integers would also take a sign.
fn number<N: FromStr>(digits: &str) -> Option<N> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard(a, b) => write!(f, "{a}:{b}"),
            Self::Large(a, b, c) => write!(f, "large:{a}:{b}:{c}"),
        }
    }
}

/// What an advertisement may name: a community, or the alias of one (a word without colons).
pub fn parse_community_or_alias(value: &str) -> Result<Option<Community>, Problem> {
    if value.contains(':') {
        return value.parse().map(Some);
    }
    let alias = !value.is_empty() && value.len() <= 253 && value.bytes().all(|b| b.is_ascii_graphic());
    if alias {
        Ok(None)
    } else {
        Err(Problem::malformed("a community or the name of one", value))
    }
}
