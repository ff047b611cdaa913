//! How full the pools are.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::allocate::ServicePlan;
use crate::pool::Pool;
use crate::snapshot::Key;

/// Addresses of a pool. An address that services share counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// IPv4 addresses that services have.
    pub assigned_ipv4: i64,
    /// IPv6 addresses that services have.
    pub assigned_ipv6: i64,
    /// IPv4 addresses that can still be given out.
    pub available_ipv4: i64,
    /// IPv6 addresses that can still be given out; at most what the field can hold.
    pub available_ipv6: i64,
}

pub(crate) fn counters(
    pools: &[Pool<'_>],
    services: &BTreeMap<Key, ServicePlan>,
) -> BTreeMap<Key, PoolCounters> {
    let mut used: BTreeMap<&Key, BTreeSet<IpAddr>> = BTreeMap::new();
    for plan in services.values() {
        if let Some(pool) = &plan.pool {
            used.entry(pool).or_default().extend(&plan.addresses);
        }
    }
    let none = BTreeSet::new();
    pools
        .iter()
        .map(|pool| {
            (
                pool.key.clone(),
                count(pool, used.get(pool.key).unwrap_or(&none)),
            )
        })
        .collect()
}

fn count(pool: &Pool<'_>, used: &BTreeSet<IpAddr>) -> PoolCounters {
    let v4 = used.iter().filter(|address| address.is_ipv4()).count();
    let (assigned_ipv4, assigned_ipv6) = (bounded(v4 as u128), bounded((used.len() - v4) as u128));
    PoolCounters {
        assigned_ipv4,
        assigned_ipv6,
        available_ipv4: left(pool, true, assigned_ipv4),
        available_ipv6: left(pool, false, assigned_ipv6),
    }
}

fn left(pool: &Pool<'_>, ipv4: bool, assigned: i64) -> i64 {
    if pool.is_open() {
        (pool.size(ipv4) - assigned).max(0)
    } else {
        0
    }
}

/// As much as the status can say.
pub(crate) fn bounded(count: u128) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
