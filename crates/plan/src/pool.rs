//! Address pools: which of them can be used, for which services, and in which order.

use std::net::IpAddr;

use ferroute_api::Validate;
use ferroute_api::metallb::{IpAddressPool, ServiceAllocation};
use ferroute_api::selector::matches_any;
use ferroute_api::value::AddressRange;
use kube::ResourceExt;

use crate::counters::bounded;
use crate::snapshot::{Key, Kind, Labels, Service, Snapshot, oldest_first};
use crate::verdict::{Reason, Remark, Verdicts};

/// A pool that parses.
#[derive(Clone, Debug)]
pub struct Pool<'a> {
    /// Its name and namespace.
    pub key: &'a Key,
    /// Its labels, by which advertisements find it.
    pub labels: &'a Labels,
    /// Its addresses, in the order they are given out.
    pub ranges: Vec<AddressRange>,
    /// Whether services that do not ask for it may get its addresses.
    pub auto_assign: bool,
    /// Whether IPv4 addresses that end in 0 or 255 are left out.
    pub avoid_buggy: bool,
    /// The services that it is for; `None`: all.
    pub scope: Option<&'a ServiceAllocation>,
    /// Whether it gives addresses out. One that overlaps with an older pool does not, but what it gave
    /// before stays: an address must not move because somebody made a mistake elsewhere.
    pub open: bool,
}

/// All pools that parse, the older first.
pub(crate) fn pools<'a>(snapshot: &'a Snapshot, verdicts: &mut Verdicts) -> Vec<Pool<'a>> {
    let mut pools: Vec<Pool<'a>> = Vec::new();
    for (key, object) in oldest_first(&snapshot.pools) {
        verdicts.of(Kind::IpAddressPool, key);
        match Pool::parse(key, object) {
            Ok(mut pool) => {
                if let Some(message) = overlap(&pool, &pools) {
                    pool.open = false;
                    verdicts.refuse(Kind::IpAddressPool, key, Remark::new(Reason::Overlap, message));
                }
                pools.push(pool);
            }
            Err(message) => {
                verdicts.refuse(Kind::IpAddressPool, key, Remark::new(Reason::Invalid, message));
            }
        }
    }
    pools
}

impl<'a> Pool<'a> {
    fn parse(key: &'a Key, object: &'a IpAddressPool) -> Result<Self, String> {
        object.validate().map_err(|violations| violations.to_string())?;
        let spec = &object.spec;
        Ok(Self {
            key,
            labels: object.labels(),
            ranges: object.ranges().map_err(|problem| format!("spec.addresses: {problem}"))?,
            auto_assign: spec.auto_assign,
            avoid_buggy: spec.avoid_buggy_ips,
            scope: spec.service_allocation.as_ref(),
            open: true,
        })
    }

    /// Whether an address is one of the pool's.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address)) && !self.leaves_out(address)
    }

    /// Whether an address within the ranges is left out all the same.
    pub fn leaves_out(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => self.avoid_buggy && matches!(v4.octets()[3], 0 | 255),
            IpAddr::V6(_) => false,
        }
    }

    /// Whether a service may have an address of the pool. Within each part of the scope one match is
    /// enough; a part that is not there does not restrict.
    pub fn serves(&self, key: &Key, service: &Service, snapshot: &Snapshot) -> bool {
        let Some(scope) = self.scope else { return true };
        let labels = snapshot.namespaces.get(&key.namespace);
        let any_namespace = scope.namespaces.is_empty() && scope.namespace_selectors.is_empty();
        let namespace = any_namespace
            || scope.namespaces.contains(&key.namespace)
            || labels.is_some_and(|labels| {
                !scope.namespace_selectors.is_empty()
                    && matches_any(&scope.namespace_selectors, labels)
            });
        namespace && matches_any(&scope.service_selectors, &service.labels)
    }

    /// How many addresses of a family the pool has.
    pub(crate) fn size(&self, ipv4: bool) -> i64 {
        let ranges = self.ranges.iter().filter(|range| range.first().is_ipv4() == ipv4);
        let sizes = ranges.map(|range| match (range.first(), range.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => self.size_v4(first.into(), last.into()),
            (IpAddr::V6(first), IpAddr::V6(last)) => bounded(u128::from(last) - u128::from(first)).saturating_add(1),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
        });
        sizes.fold(0, i64::saturating_add)
    }

    fn size_v4(&self, first: u32, last: u32) -> i64 {
        let below = |end: i64| {
            // Of the addresses below `end`, those that end in 0 or 255.
            if self.avoid_buggy { (end + 255) / 256 + end / 256 } else { 0 }
        };
        let (first, end) = (i64::from(first), i64::from(last) + 1);
        end - first - (below(end) - below(first))
    }

    /// The place of the pool among those that serve a service without being asked for: pools that are
    /// made for it come first, by priority (0 is the last), then those for all.
    pub fn rank(&self) -> (bool, u64, &'a Key) {
        let priority = self.scope.and_then(|scope| scope.priority).map_or(0, |given| u64::try_from(given).unwrap_or(0));
        (self.scope.is_none(), if priority == 0 { u64::MAX } else { priority }, self.key)
    }
}

fn overlap(pool: &Pool<'_>, older: &[Pool<'_>]) -> Option<String> {
    let own = pool.ranges.iter().enumerate().find_map(|(n, range)| {
        let twin = pool.ranges.iter().take(n).find(|other| range.overlaps(other))?;
        Some(format!("spec.addresses: {range} overlaps with {twin} of the same pool"))
    });
    own.or_else(|| {
        older.iter().filter(|other| other.open).find_map(|other| {
            let (mine, theirs) = pool
                .ranges
                .iter()
                .flat_map(|mine| other.ranges.iter().map(move |theirs| (mine, theirs)))
                .find(|(mine, theirs)| mine.overlaps(theirs))?;
            Some(format!(
                "spec.addresses: {mine} overlaps with {theirs} of the older pool {}; no address is given out, those given before stay",
                other.key
            ))
        })
    })
}
