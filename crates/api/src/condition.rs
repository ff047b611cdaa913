//! Conditions: what is said of an object in its status.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema;

/// The API server's bound for a message.
const MESSAGE_MAX: usize = 32_768;

/// A status that holds conditions and nothing else.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ConditionedStatus {
    /// What ferroute says of this object, one condition of each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,
}

/// What a condition is about.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ConditionType {
    /// The object is understood, and nothing in it is refused.
    Accepted,
    /// What the object asks for is there on every node.
    Ready,
    /// Some of what the object asks for is not done.
    Degraded,
}

impl ConditionType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Ready => "Ready",
            Self::Degraded => "Degraded",
        }
    }
}

/// A condition before its time is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    pub kind: ConditionType,
    /// None: not known.
    pub status: Option<bool>,
    /// One word in `PascalCase`.
    pub reason: &'static str,
    pub message: String,
}

impl Verdict {
    /// The object is understood.
    pub fn accepted() -> Self {
        Self::new(ConditionType::Accepted, true, "Accepted", String::new())
    }

    /// The object is refused, wholly.
    pub fn refused(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(ConditionType::Accepted, false, reason, message)
    }

    /// What the object asks for is there.
    pub fn ready(message: impl Into<String>) -> Self {
        Self::new(ConditionType::Ready, true, "Ready", message)
    }

    /// What the object asks for is not there.
    pub fn not_ready(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(ConditionType::Ready, false, reason, message)
    }

    /// Some of what the object asks for is not done.
    pub fn degraded(reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(ConditionType::Degraded, true, reason, message)
    }

    /// Any condition that is true or false.
    pub fn new(
        kind: ConditionType,
        status: bool,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            status: Some(status),
            reason,
            message: message.into(),
        }
    }

    fn status_word(&self) -> &'static str {
        match self.status {
            Some(true) => "True",
            Some(false) => "False",
            None => "Unknown",
        }
    }
}

/// The conditions to write: `verdicts` at `generation`, each with the time at which its status last changed.
///
/// Equal verdicts over equal conditions give equal conditions, so a write of them changes nothing.
/// Conditions of types that no verdict names are dropped.
pub fn conditions(
    old: &[Condition],
    verdicts: &[Verdict],
    generation: Option<i64>,
    now: &Time,
) -> Vec<Condition> {
    verdicts
        .iter()
        .map(|verdict| Condition {
            type_: verdict.kind.as_str().to_owned(),
            status: verdict.status_word().to_owned(),
            reason: verdict.reason.to_owned(),
            message: bounded(&verdict.message),
            observed_generation: generation,
            last_transition_time: unchanged_since(old, verdict).unwrap_or(now).clone(),
        })
        .collect()
}

fn unchanged_since<'a>(old: &'a [Condition], verdict: &Verdict) -> Option<&'a Time> {
    old.iter()
        .find(|c| c.type_ == verdict.kind.as_str() && c.status == verdict.status_word())
        .map(|c| &c.last_transition_time)
}

fn bounded(message: &str) -> String {
    message.chars().take(MESSAGE_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        serde_json::from_value(serde_json::json!(text)).unwrap()
    }

    #[test]
    fn a_status_that_stays_keeps_its_transition_time_and_one_that_changes_gets_now() {
        let (then, now) = (time("2026-01-01T00:00:00Z"), time("2026-01-02T00:00:00Z"));
        let old = conditions(
            &[],
            &[Verdict::accepted(), Verdict::not_ready("Waiting", "a")],
            Some(1),
            &then,
        );
        let new = conditions(
            &old,
            &[Verdict::accepted(), Verdict::ready("b")],
            Some(2),
            &now,
        );
        let times: Vec<&Time> = new.iter().map(|c| &c.last_transition_time).collect();
        assert_eq!(times, [&then, &now]);
    }

    #[test]
    fn the_same_verdicts_give_the_same_conditions_later() {
        let verdicts = [Verdict::refused("VniInUse", "blue has it")];
        let old = conditions(&[], &verdicts, Some(1), &time("2026-01-01T00:00:00Z"));
        let new = conditions(&old, &verdicts, Some(1), &time("2026-01-02T00:00:00Z"));
        assert_eq!(new, old);
    }
}
