//! Scenarios as tests: listed and filtered on the host, run one after the other in the guest.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use libtest_mimic::{Arguments, ColorSetting, Failed, Trial};

use crate::console::stage;
use crate::lab::Lab;

/// Something that is true of the system, shown on the lab.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// The sentence it shows, such as `fabric::tenants_are_isolated`.
    pub name: &'static str,
    pub run: fn(&Lab) -> Result<()>,
    /// Not shown yet: reported as ignored, and run by `--include-ignored`.
    pub open: bool,
}

/// Makes scenarios of functions: `scenarios![shown: fabric::tenants_are_isolated; open: deletion::of_a_node]`.
#[macro_export]
macro_rules! scenarios {
    (shown: $($shown:path),* $(,)?; open: $($open:path),* $(,)?) => {
        [
            $($crate::Scenario { name: stringify!($shown), run: $shown, open: false },)*
            $($crate::Scenario { name: stringify!($open), run: $open, open: true },)*
        ]
    };
}

/// Lists the scenarios when that is all that is asked for: it needs no lab.
pub(crate) fn only_listed(scenarios: &[Scenario], arguments: &[String]) -> bool {
    let arguments = parse(arguments);
    if arguments.list {
        let named = |scenario: &Scenario| {
            Trial::test(scenario.name, || Ok(())).with_ignored_flag(scenario.open)
        };
        let trials = scenarios.iter().map(named).collect();
        drop(libtest_mimic::run(&arguments, trials));
    }
    arguments.list
}

/// Runs the scenarios that the arguments choose, one after the other: they share the lab.
pub(crate) fn run(
    scenarios: &[Scenario],
    lab: &Arc<Lab>,
    arguments: &[String],
    color: bool,
) -> ExitCode {
    let mut arguments = parse(arguments);
    arguments.test_threads = Some(1);
    // The guest's console always is a terminal; what the host writes to may not be.
    let default = if color {
        ColorSetting::Always
    } else {
        ColorSetting::Never
    };
    arguments.color.get_or_insert(default);
    let trials = scenarios
        .iter()
        .map(|scenario| trial(*scenario, Arc::clone(lab)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(scenario: Scenario, lab: Arc<Lab>) -> Trial {
    let trial = Trial::test(scenario.name, move || {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            lab.wait_until_heard()?;
            (scenario.run)(&lab)
        }));
        let failure = match outcome {
            Ok(Ok(())) => {
                stage(format_args!(
                    "{} took {:.1?}",
                    scenario.name,
                    start.elapsed()
                ));
                return Ok(());
            }
            Ok(Err(error)) => format!("{error:#}"),
            Err(panic) => panicked(&panic),
        };
        let evidence = lab.collect(scenario.name);
        Err(Failed::from(format!("{failure}\nevidence: {evidence}")))
    });
    trial.with_ignored_flag(scenario.open)
}

fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("panicked")
        .to_owned()
}

fn parse(arguments: &[String]) -> Arguments {
    let words = arguments.iter().map(String::as_str);
    Arguments::from_iter(["scenarios"].into_iter().chain(words))
}
