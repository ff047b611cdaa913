//! The timers of a BGP session, which three kinds of objects write alike.

use std::time::Duration;

use crate::value::parse_duration;
use crate::violation::{Problem, Report};

pub(crate) const TIMERS_TOGETHER: &str = "holdTime and keepaliveTime go together: set both or none";
pub(crate) const TIMERS_ORDER: &str = "keepaliveTime must not exceed holdTime";

/// What BGP has room for.
const MAX: Duration = Duration::from_secs(65535);

/// Hold and keepalive time of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timers {
    pub hold: Duration,
    pub keepalive: Duration,
}

impl Timers {
    /// The timers of the two fields: where one is absent it follows from the other, a third or three times.
    pub fn of(hold: Option<&str>, keepalive: Option<&str>) -> Result<Option<Self>, Problem> {
        let hold = hold.map(parse_hold_time).transpose()?;
        let keepalive = keepalive.map(parse_keepalive_time).transpose()?;
        Ok(match (hold, keepalive) {
            (None, None) => None,
            (Some(hold), Some(keepalive)) => Some(Self { hold, keepalive }),
            (Some(hold), None) => Some(Self {
                hold,
                keepalive: hold / 3,
            }),
            (None, Some(keepalive)) => Some(Self {
                hold: (keepalive * 3).min(MAX),
                keepalive,
            }),
        })
    }
}

/// 0, or at least three seconds.
pub fn parse_hold_time(value: &str) -> Result<Duration, Problem> {
    let time = parse_duration(value)?;
    let fits = time.is_zero() || (Duration::from_secs(3)..=MAX).contains(&time);
    let refused = || Problem::malformed("0, or 3 to 65535 seconds", value);
    fits.then_some(time).ok_or_else(refused)
}

/// Any time that BGP has room for.
pub fn parse_keepalive_time(value: &str) -> Result<Duration, Problem> {
    let time = parse_duration(value)?;
    let refused = || Problem::malformed("at most 65535 seconds", value);
    (time <= MAX).then_some(time).ok_or_else(refused)
}

/// Whole seconds, at least one.
pub fn parse_connect_time(value: &str) -> Result<Duration, Problem> {
    let time = parse_duration(value)?;
    let whole = time.subsec_nanos() < 1_000_000;
    let fits = whole && (Duration::from_secs(1)..=MAX).contains(&time);
    let refused = || Problem::malformed("1 to 65535 whole seconds", value);
    fits.then_some(time).ok_or_else(refused)
}

/// Both timers, and their order.
pub(crate) fn check(report: &mut Report, hold: Option<&str>, keepalive: Option<&str>) {
    report.optional("holdTime", hold, parse_hold_time);
    report.optional("keepaliveTime", keepalive, parse_keepalive_time);
    if let (Some(Ok(hold)), Some(Ok(keepalive))) = (
        hold.map(parse_hold_time),
        keepalive.map(parse_keepalive_time),
    ) {
        report.rule(keepalive <= hold, TIMERS_ORDER);
    }
}
