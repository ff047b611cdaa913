//! What the agent counts.

mod last_seen;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::node::Instance;

pub(crate) use last_seen::LastSeen;

/// One FRR instance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct InstanceLabels {
    pub(crate) instance: &'static str,
}

/// Clones share the values.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) reconciles: Counter,
    pub(crate) reconcile_duration: Histogram,
    pub(crate) kernel_changes: Counter,
    pub(crate) frr_commands: Family<InstanceLabels, Counter>,
    pub(crate) failures: Gauge,
    /// Of the speaker.
    pub(crate) speaker: LastSeen,
    /// Of the router.
    pub(crate) router: LastSeen,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Counter::default(),
            reconcile_duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            kernel_changes: Counter::default(),
            frr_commands: Family::default(),
            failures: Gauge::default(),
            speaker: LastSeen::default(),
            router: LastSeen::default(),
        };
        metrics.register_own(registry.sub_registry_with_prefix("ferroute_agent"));
        // What FRR-K8s has no word for, the router's part, is under our own name.
        for (prefix, seen) in [
            ("frrk8s", &metrics.speaker),
            ("ferroute_router", &metrics.router),
        ] {
            let registry = registry.sub_registry_with_prefix(prefix);
            registry.register_collector(Box::new(seen.clone()));
        }
        metrics
    }

    /// Where the sessions of an instance are shown.
    pub(crate) fn of(&self, instance: Instance) -> &LastSeen {
        match instance {
            Instance::Router => &self.router,
            Instance::Speaker => &self.speaker,
        }
    }

    fn register_own(&self, registry: &mut Registry) {
        registry.register(
            "reconciles",
            "Reconciliations of the node",
            self.reconciles.clone(),
        );
        registry.register_with_unit(
            "reconcile_duration",
            "Time to make the node as it is asked to be",
            Unit::Seconds,
            self.reconcile_duration.clone(),
        );
        let changes = self.kernel_changes.clone();
        registry.register(
            "kernel_changes",
            "Changes made to links, addresses and routes",
            changes,
        );
        let commands = self.frr_commands.clone();
        registry.register(
            "frr_commands",
            "Configuration commands sent to FRR",
            commands,
        );
        registry.register(
            "failures",
            "What cannot be applied now",
            self.failures.clone(),
        );
    }
}
