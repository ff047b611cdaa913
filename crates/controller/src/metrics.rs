//! What the controller counts.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

mod pools;

use self::pools::Pools;

/// Clones share the values.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub(crate) reconciles: Counter,
    pub(crate) reconcile_duration: Histogram,
    pub(crate) writes: Counter,
    pub(crate) write_errors: Counter,
    leader: Gauge,
    pub(crate) refused_objects: Gauge,
    pub(crate) announced_prefixes: Gauge<f64, AtomicU64>,
    pub(crate) pools: Pools,
}

impl Metrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            reconciles: Counter::default(),
            reconcile_duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 14)),
            writes: Counter::default(),
            write_errors: Counter::default(),
            leader: Gauge::default(),
            refused_objects: Gauge::default(),
            announced_prefixes: Gauge::default(),
            pools: Pools::default(),
        };
        registry.register_collector(Box::new(metrics.pools.clone()));
        let registry = registry.sub_registry_with_prefix("ferroute_controller");
        registry.register("reconciles", "Plans made", metrics.reconciles.clone());
        registry.register_with_unit(
            "reconcile_duration",
            "Time from the beginning of a plan to the end of its writes",
            Unit::Seconds,
            metrics.reconcile_duration.clone(),
        );
        registry.register("writes", "Objects written", metrics.writes.clone());
        registry.register(
            "write_errors",
            "Writes that failed",
            metrics.write_errors.clone(),
        );
        registry.register(
            "leader",
            "Whether this replica leads",
            metrics.leader.clone(),
        );
        let refused = metrics.refused_objects.clone();
        registry.register("refused_objects", "Objects that cannot be used", refused);
        let announced = metrics.announced_prefixes.clone();
        registry.register("announced_prefixes", "Prefixes in route slices", announced);
        metrics
    }

    /// Tells whether this replica leads. What the last plan said is the new leader's to tell.
    pub(crate) fn set_leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
        if !leads {
            self.refused_objects.set(0);
            self.announced_prefixes.set(0.0);
            self.pools.set(&BTreeMap::new());
        }
    }
}
