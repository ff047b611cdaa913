//! Why a value was refused as a word of a configuration line.

/// A value that FRR's configuration cannot hold. The value is shown escaped and shortened;
/// that of a password is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordError {
    /// Nothing, or nothing but white space.
    #[error("a {kind} must not be empty")]
    Empty {
        /// What the value was meant to be.
        kind: &'static str,
    },
    /// More bytes than FRR or the kernel keeps.
    #[error("{kind} {value} is longer than {max} bytes")]
    TooLong {
        /// What the value was meant to be.
        kind: &'static str,
        /// The value, escaped.
        value: String,
        /// The longest allowed.
        max: usize,
    },
    /// A character that would end the word or the line, or that FRR reads as something else.
    #[error("{kind} {value} contains {found:?}")]
    Character {
        /// What the value was meant to be.
        kind: &'static str,
        /// The value, escaped.
        value: String,
        /// The first offending character.
        found: char,
    },
    /// A word that means something else to FRR.
    #[error("{kind} {value} is reserved")]
    Reserved {
        /// What the value was meant to be.
        kind: &'static str,
        /// The value, escaped.
        value: String,
    },
    /// A value of another form, or a number out of its range.
    #[error("{value} is not a {kind}: expected {expected}")]
    Form {
        /// What the value was meant to be.
        kind: &'static str,
        /// The value, escaped.
        value: String,
        /// The form that is accepted.
        expected: &'static str,
    },
}

/// The longest part of a refused value that an error repeats.
const SHOWN: usize = 40;

/// A value as an error may show it: escaped, in quotes, shortened.
pub(super) fn shown(value: &str) -> String {
    let head: String = value.chars().take(SHOWN).collect();
    let rest = if head.len() < value.len() { "…" } else { "" };
    format!("{head:?}{rest}")
}
