//! What the agent counts. The names of the session metrics are those that dashboards of FRR-K8s know.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// One session of the speaker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SessionLabels {
    pub(crate) peer: String,
    pub(crate) vrf: String,
}

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
    pub(crate) session_up: Family<SessionLabels, Gauge>,
    pub(crate) received_prefixes: Family<SessionLabels, Gauge>,
    pub(crate) announced_prefixes: Family<SessionLabels, Gauge>,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Counter::default(),
            reconcile_duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            kernel_changes: Counter::default(),
            frr_commands: Family::default(),
            failures: Gauge::default(),
            session_up: Family::default(),
            received_prefixes: Family::default(),
            announced_prefixes: Family::default(),
        };
        metrics.register_own(registry.sub_registry_with_prefix("ferroute_agent"));
        metrics.register_sessions(registry.sub_registry_with_prefix("frrk8s_bgp"));
        metrics
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

    fn register_sessions(&self, registry: &mut Registry) {
        registry.register(
            "session_up",
            "1: established, 0: not",
            self.session_up.clone(),
        );
        let received = self.received_prefixes.clone();
        registry.register(
            "received_prefixes_total",
            "Prefixes accepted from the peer",
            received,
        );
        let announced = self.announced_prefixes.clone();
        registry.register(
            "announced_prefixes_total",
            "Prefixes sent to the peer",
            announced,
        );
    }
}
