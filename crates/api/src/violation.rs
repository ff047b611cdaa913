//! What is wrong with an object, as data: a field path and a problem, ready for a condition's message.
//! The same rules are in the CRDs; they are here again because an object may be older than its CRD.

use std::fmt::Display;

use thiserror::Error;

use crate::value::AddressRange;

/// A value as a message may show it: escaped, and cut where it gets long.
const SHOWN: usize = 64;

/// Why a value is refused.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Problem {
    #[error("must be {min} to {max}, not {value}")]
    OutOfRange { value: u64, min: u64, max: u64 },
    #[error("must be {expected}, not {value}")]
    Malformed {
        expected: &'static str,
        value: String,
    },
    /// For secrets: the value is not repeated.
    #[error("must be {expected}")]
    MalformedSecret { expected: &'static str },
    #[error("{value} appears more than once")]
    Duplicate { value: String },
    #[error("{range} overlaps another range of this pool")]
    Overlap { range: AddressRange },
    #[error("must have {min} to {max} entries, not {count}")]
    Count {
        count: usize,
        min: usize,
        max: usize,
    },
    /// Two or more fields do not go together; the text says which and why.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl Problem {
    /// A value that does not have the form it must have.
    pub fn malformed(expected: &'static str, value: &str) -> Self {
        Self::Malformed {
            expected,
            value: quoted(value),
        }
    }

    /// A value that a list holds twice.
    pub fn duplicate(value: &str) -> Self {
        Self::Duplicate {
            value: quoted(value),
        }
    }
}

fn quoted(value: &str) -> String {
    let shown: String = value.chars().take(SHOWN).collect();
    let more = if shown.len() < value.len() { "…" } else { "" };
    format!("{shown:?}{more}")
}

/// One field and its problem.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{path}: {problem}")]
pub struct Violation {
    /// As `kubectl explain` names it, with list indexes: `spec.neighbors[0].asn`.
    pub path: String,
    pub problem: Problem,
}

/// All that is wrong with one object; never empty.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{}", joined(.0))]
pub struct Violations(pub Vec<Violation>);

fn joined(violations: &[Violation]) -> String {
    let lines: Vec<String> = violations.iter().map(Violation::to_string).collect();
    lines.join("; ")
}

/// Something that can say what is wrong with it.
pub trait Validate {
    /// Adds every violation to `report`, whose path is at `self` already.
    fn check(&self, report: &mut Report);

    /// All violations of the whole object.
    fn validate(&self) -> Result<(), Violations> {
        let mut report = Report::default();
        self.check(&mut report);
        report.finish()
    }
}

/// Collects violations while walking an object.
#[derive(Debug, Default)]
pub struct Report {
    path: String,
    violations: Vec<Violation>,
}

impl Report {
    /// Records the problem of one field.
    pub fn field<T>(&mut self, name: &str, result: Result<T, Problem>) {
        if let Err(problem) = result {
            self.at(name, |report| report.problem(problem));
        }
    }

    /// Records a problem of the value the report is at.
    pub fn problem(&mut self, problem: Problem) {
        self.violations.push(Violation {
            path: self.path.clone(),
            problem,
        });
    }

    /// Records that fields of the value the report is at do not go together.
    pub fn rule(&mut self, holds: bool, broken: &'static str) {
        if !holds {
            self.problem(Problem::Contradiction(broken));
        }
    }

    /// Checks the value of an optional field.
    pub fn optional<V, T>(
        &mut self,
        name: &str,
        value: Option<V>,
        rule: impl FnOnce(V) -> Result<T, Problem>,
    ) {
        if let Some(value) = value {
            self.field(name, rule(value));
        }
    }

    /// Checks every entry of a list.
    pub fn each<V, T>(
        &mut self,
        name: &str,
        values: &[V],
        mut rule: impl FnMut(&V) -> Result<T, Problem>,
    ) {
        for (index, value) in values.iter().enumerate() {
            self.at(&entry(name, index), |report| {
                if let Err(problem) = rule(value) {
                    report.problem(problem);
                }
            });
        }
    }

    /// Checks an object inside the object.
    pub fn nested(&mut self, name: &str, value: &impl Validate) {
        self.at(name, |report| value.check(report));
    }

    /// Checks every object of a list.
    pub fn nested_each(&mut self, name: &str, values: &[impl Validate]) {
        for (index, value) in values.iter().enumerate() {
            self.nested(&entry(name, index), value);
        }
    }

    /// Records the second of two equal entries of a list.
    pub fn distinct<V: AsRef<str>>(&mut self, name: &str, values: impl IntoIterator<Item = V>) {
        let mut seen = std::collections::BTreeSet::new();
        for (index, value) in values.into_iter().enumerate() {
            let value = value.as_ref().to_owned();
            if seen.contains(&value) {
                let duplicate = Problem::duplicate(&value);
                self.field::<()>(&entry(name, index), Err(duplicate));
            }
            seen.insert(value);
        }
    }

    /// Runs `check` with the path one field deeper.
    pub fn at(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        check(self);
        self.path.truncate(length);
    }

    /// The verdict.
    pub fn finish(self) -> Result<(), Violations> {
        if self.violations.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.violations))
        }
    }
}

fn entry(name: &str, index: impl Display) -> String {
    format!("{name}[{index}]")
}

/// A number within its bounds.
pub fn within(value: impl Into<u64>, min: u64, max: u64) -> Result<(), Problem> {
    let value = value.into();
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(Problem::OutOfRange { value, min, max })
    }
}

/// A list within its bounds.
pub fn count<T>(values: &[T], min: usize, max: usize) -> Result<(), Problem> {
    let count = values.len();
    if (min..=max).contains(&count) {
        Ok(())
    } else {
        Err(Problem::Count { count, min, max })
    }
}
