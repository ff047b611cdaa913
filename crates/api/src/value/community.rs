//! BGP communities: `64512:100`, and `large:64512:1:2`.

use std::fmt;
use std::str::FromStr;

use crate::violation::Problem;

const ALIAS_MAX: usize = 128;

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

/// The name of a community: a word without colons.
pub fn parse_alias(value: &str) -> Result<&str, Problem> {
    let word = value.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    let fits = word && (1..=ALIAS_MAX).contains(&value.len());
    let refused = || Problem::malformed("a word without colons, at most 128 long", value);
    fits.then_some(value).ok_or_else(refused)
}

/// What an advertisement may name: a community, or (none) the alias of one.
pub fn parse_community_or_alias(value: &str) -> Result<Option<Community>, Problem> {
    if value.contains(':') {
        value.parse().map(Some)
    } else {
        parse_alias(value).map(|_| None)
    }
}
