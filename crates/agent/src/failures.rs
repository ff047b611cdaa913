//! Failures of kernel and FRR, on the objects that they concern.

use ferroute_api::ferroute::{NodeFailure, NodeRouterSpec, Source};
use ferroute_frr::apply::Refused;
use ferroute_frr::diff::Command;
use ferroute_net::Subject;

use crate::node::Instance;

/// What the kernel could not be brought to.
pub(crate) fn of_kernel(failure: &ferroute_net::Failure, spec: &NodeRouterSpec) -> NodeFailure {
    NodeFailure {
        source: source(&failure.subject, spec),
        reason: reason(&failure.error).to_owned(),
        message: chain(&failure.error),
    }
}

/// A line that FRR did not take.
pub(crate) fn of_frr(instance: Instance, refused: &Refused) -> NodeFailure {
    let Refused { line, reason } = refused;
    NodeFailure {
        source: Source::default(),
        reason: "RefusedByFRR".to_owned(),
        message: format!("FRR {} refused \"{line}\": {reason}", instance.as_str()),
    }
}

/// What FRR runs otherwise although it took every line.
pub(crate) fn of_drift(instance: Instance, missing: &Command) -> NodeFailure {
    NodeFailure {
        source: Source::default(),
        reason: "IgnoredByFRR".to_owned(),
        message: format!(
            "FRR {} took \"{missing}\" and does not run it",
            instance.as_str()
        ),
    }
}

/// A part of the node that cannot be reached.
pub(crate) fn of_part(reason: &str, error: &dyn std::error::Error) -> NodeFailure {
    NodeFailure {
        source: Source::default(),
        reason: reason.to_owned(),
        message: chain(error),
    }
}

fn source(subject: &Subject, spec: &NodeRouterSpec) -> Source {
    match subject {
        Subject::Underlay | Subject::Nic(_) => spec
            .underlay
            .as_ref()
            .map(|underlay| underlay.source.clone()),
        Subject::Vni(vni) => spec
            .l3vnis
            .iter()
            .find(|l3vni| l3vni.vni == vni.get())
            .map(|l3vni| l3vni.source.clone()),
    }
    .unwrap_or_default()
}

fn reason(error: &ferroute_net::Error) -> &'static str {
    match error {
        ferroute_net::Error::NicMissing { .. } => "NICNotFound",
        ferroute_net::Error::NicIsPort { .. } => "NICInUse",
        ferroute_net::Error::NoVrf { .. } => "NoVRFSupport",
        ferroute_net::Error::Foreign { .. } => "ForeignLink",
        _ => "KernelRefused",
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
