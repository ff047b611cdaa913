//! What a run found.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Counts and times of a run.
#[derive(Default)]
pub(super) struct Report {
    pub(super) pairs: usize,
    pub(super) by_kind: BTreeMap<&'static str, usize>,
    pub(super) agreed: usize,
    /// Disagreements by reason; a pair may have several.
    pub(super) reasons: BTreeMap<&'static str, usize>,
    pub(super) failures: Vec<String>,
    pub(super) commands: usize,
    pub(super) sessions_kept: usize,
    pub(super) ours: Vec<Duration>,
    pub(super) theirs: Vec<Duration>,
}

impl Report {
    /// Counts the reasons of a disagreement.
    pub(super) fn count(&mut self, reasons: &[&'static str]) {
        for reason in reasons {
            *self.reasons.entry(reason).or_default() += 1;
        }
    }

    /// Prints a failure at once and keeps it for the end.
    pub(super) fn fail(&mut self, failure: String) {
        println!("FAILURE {failure}");
        self.failures.push(failure);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pairs,
            by_kind,
            agreed,
            reasons,
            failures,
            commands,
            sessions_kept,
            ours,
            theirs,
        } = self;
        writeln!(f, "pairs                       {pairs} {by_kind:?}")?;
        writeln!(f, "commands sent by us         {commands}")?;
        writeln!(f, "same running configuration  {agreed}")?;
        writeln!(f, "failures                    {}", failures.len())?;
        writeln!(f, "sessions that had to stay   {sessions_kept}")?;
        writeln!(f, "our time                    {}", Times(ours))?;
        writeln!(f, "frr-reload.py's time        {}", Times(theirs))?;
        for (reason, count) in reasons {
            writeln!(f, "frr-reload.py is wrong      {count:5}  {reason}")?;
        }
        Ok(())
    }
}

struct Times<'a>(&'a [Duration]);

impl fmt::Display for Times<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut times = self.0.to_vec();
        times.sort_unstable();
        let at = |percent| times.get(times.len() * percent / 100).or(times.last());
        let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let (p50, p99, max) = (ms(at(50)), ms(at(99)), ms(times.last()));
        write!(f, "p50 {p50:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")
    }
}
