//! How full the pools are, under the names that dashboards and alerts of MetalLB know.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ferroute_plan::PoolCounters;
use ferroute_plan::snapshot::Key;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

/// A name, a help text, and where the value is.
type Gauge = (&'static str, &'static str, fn(&PoolCounters) -> i64);

const GAUGES: &[Gauge] = &[
    (
        "metallb_allocator_addresses_total",
        "Addresses of the pool",
        |pool| total_ipv4(pool).saturating_add(total_ipv6(pool)),
    ),
    (
        "metallb_allocator_ipv4_addresses_total",
        "IPv4 addresses of the pool",
        total_ipv4,
    ),
    (
        "metallb_allocator_ipv6_addresses_total",
        "IPv6 addresses of the pool",
        total_ipv6,
    ),
    (
        "metallb_allocator_addresses_in_use_total",
        "Addresses that services have",
        |pool| pool.assigned_ipv4.saturating_add(pool.assigned_ipv6),
    ),
    (
        "metallb_allocator_ipv4_addresses_in_use_total",
        "IPv4 addresses that services have",
        |pool| pool.assigned_ipv4,
    ),
    (
        "metallb_allocator_ipv6_addresses_in_use_total",
        "IPv6 addresses that services have",
        |pool| pool.assigned_ipv6,
    ),
];

const fn total_ipv4(pool: &PoolCounters) -> i64 {
    pool.assigned_ipv4.saturating_add(pool.available_ipv4)
}

const fn total_ipv6(pool: &PoolCounters) -> i64 {
    pool.assigned_ipv6.saturating_add(pool.available_ipv6)
}

/// The pools of the last plan. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pools(Arc<Mutex<BTreeMap<Key, PoolCounters>>>);

impl Pools {
    pub(crate) fn set(&self, pools: &BTreeMap<Key, PoolCounters>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(pools);
    }
}

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pools = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A series that is there twice spoils the whole scrape: of two namespaces' pools the first speaks.
        let mut series = BTreeMap::new();
        for (key, counters) in pools.iter() {
            series.entry(key.name.as_str()).or_insert(counters);
        }
        if series.is_empty() {
            return Ok(());
        }
        for (name, help, read) in GAUGES {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (name, counters) in &series {
                let labels = [("pool", *name)];
                metric
                    .encode_family(&labels)?
                    .encode_gauge(&read(counters))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;

    #[test]
    fn a_pool_is_told_of_under_the_names_of_metallb_until_it_goes() {
        let pools = Pools::default();
        let mut registry = Registry::default();
        registry.register_collector(Box::new(pools.clone()));
        let told = || {
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            let values = text.lines().filter(|line| !line.starts_with('#'));
            values.map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(told().is_empty());
        let counters = PoolCounters {
            assigned_ipv4: 3,
            assigned_ipv6: 1,
            available_ipv4: 5,
            available_ipv6: i64::MAX,
        };
        let of = |namespace: &str| Key {
            namespace: namespace.to_owned(),
            name: "red".to_owned(),
        };
        pools.set(&BTreeMap::from([
            (of("metallb-system"), counters),
            (of("other"), PoolCounters::default()),
        ]));
        let most = i64::MAX;
        let expected = [
            format!("metallb_allocator_addresses_total{{pool=\"red\"}} {most}"),
            "metallb_allocator_ipv4_addresses_total{pool=\"red\"} 8".to_owned(),
            format!("metallb_allocator_ipv6_addresses_total{{pool=\"red\"}} {most}"),
            "metallb_allocator_addresses_in_use_total{pool=\"red\"} 4".to_owned(),
            "metallb_allocator_ipv4_addresses_in_use_total{pool=\"red\"} 3".to_owned(),
            "metallb_allocator_ipv6_addresses_in_use_total{pool=\"red\"} 1".to_owned(),
        ];
        assert_eq!(told(), expected);
        pools.set(&BTreeMap::new());
        assert!(told().is_empty());
    }
}
