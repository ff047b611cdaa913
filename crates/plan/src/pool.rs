//! Address pools: which of them give addresses out, to which services, and in which order.

use std::net::IpAddr;

use ferroute_api::Validate;
use ferroute_api::metallb::{IpAddressPool, ServiceAllocation};
use ferroute_api::selector::matches_any;
use ferroute_api::value::AddressRange;
use kube::ResourceExt;

use crate::counters::bounded;
use crate::snapshot::{Key, Kind, Labels, Service, Snapshot, oldest_first};
use crate::verdict::{Reason, Remark, Verdicts};

/// What a pool can still be used for. What it gave before stays in any case: an address must not move
/// because somebody made a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supply {
    /// It gives addresses out.
    Open,
    /// It overlaps with an older pool, and gives none out.
    Overlapping,
    /// Its manifest cannot be used, so only the services know what it gave.
    Unreadable,
}

/// An address pool.
#[derive(Clone, Debug)]
pub(crate) struct Pool<'a> {
    /// Its name and namespace.
    pub(crate) key: &'a Key,
    /// Its labels, by which advertisements find it.
    pub(crate) labels: &'a Labels,
    /// Its addresses, in the order they are given out.
    pub(crate) ranges: Vec<AddressRange>,
    /// Whether services that do not ask for it may get its addresses.
    pub(crate) auto_assign: bool,
    /// Whether IPv4 addresses that end in 0 or 255 are left out.
    pub(crate) avoid_buggy: bool,
    /// The services that it is for; `None`: all.
    pub(crate) scope: Option<&'a ServiceAllocation>,
    /// Whether it gives addresses out.
    pub(crate) supply: Supply,
}

/// All pools, the older first.
pub(crate) fn pools<'a>(snapshot: &'a Snapshot, verdicts: &mut Verdicts) -> Vec<Pool<'a>> {
    let mut pools: Vec<Pool<'a>> = Vec::new();
    for (key, object) in oldest_first(&snapshot.pools) {
        verdicts.of(Kind::IpAddressPool, key);
        let (pool, refused) = match Pool::parse(key, object) {
            Ok(pool) => pool.unless_overlapping(&pools),
            Err(message) => (
                Pool::unreadable(key, object),
                Some(Remark::new(Reason::Invalid, message)),
            ),
        };
        pools.push(pool);
        if let Some(remark) = refused {
            verdicts.refuse(Kind::IpAddressPool, key, remark);
        }
    }
    pools
}

impl<'a> Pool<'a> {
    fn parse(key: &'a Key, object: &'a IpAddressPool) -> Result<Self, String> {
        object
            .validate()
            .map_err(|violations| violations.to_string())?;
        let spec = &object.spec;
        Ok(Self {
            key,
            labels: object.labels(),
            ranges: object
                .ranges()
                .map_err(|problem| format!("spec.addresses: {problem}"))?,
            auto_assign: spec.auto_assign,
            avoid_buggy: spec.avoid_buggy_ips,
            scope: spec.service_allocation.as_ref(),
            supply: Supply::Open,
        })
    }

    /// A pool of which nothing is known but its name and labels.
    fn unreadable(key: &'a Key, object: &'a IpAddressPool) -> Self {
        Self {
            key,
            labels: object.labels(),
            ranges: Vec::new(),
            auto_assign: false,
            avoid_buggy: false,
            scope: None,
            supply: Supply::Unreadable,
        }
    }

    /// The pool as it can be used beside older ones, and why not fully.
    fn unless_overlapping(self, older: &[Self]) -> (Self, Option<Remark>) {
        match overlap(&self, older) {
            None => (self, None),
            Some(message) => {
                let closed = Self {
                    supply: Supply::Overlapping,
                    ..self
                };
                (closed, Some(Remark::new(Reason::Overlap, message)))
            }
        }
    }

    /// Whether it gives addresses out.
    pub(crate) fn is_open(&self) -> bool {
        self.supply == Supply::Open
    }

    /// Whether an address is one of the pool's.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.ranges.iter().any(|range| range.contains(address)) && !self.leaves_out(address)
    }

    /// Whether a service may have the addresses of its status from this pool.
    pub(crate) fn backs(&self, service: &Service) -> bool {
        match self.supply {
            Supply::Open | Supply::Overlapping => service
                .ingress
                .iter()
                .all(|address| self.contains(*address)),
            Supply::Unreadable => self.gave(service),
        }
    }

    /// Whether a service says that its addresses are from this pool.
    pub(crate) fn gave(&self, service: &Service) -> bool {
        service.allocated_from.as_deref() == Some(self.key.name.as_str())
    }

    /// Whether a service asks for this pool, or for none.
    pub(crate) fn is_named_by(&self, service: &Service) -> bool {
        service
            .requested_pool
            .as_ref()
            .is_none_or(|name| *name == self.key.name)
    }

    /// Whether an address within the ranges is left out all the same.
    pub(crate) fn leaves_out(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => self.avoid_buggy && matches!(v4.octets()[3], 0 | 255),
            IpAddr::V6(_) => false,
        }
    }

    /// Whether a service may have an address of the pool. Within each part of the scope one match is
    /// enough; a part that is not there does not restrict.
    pub(crate) fn serves(&self, key: &Key, service: &Service, snapshot: &Snapshot) -> bool {
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
        let ranges = self
            .ranges
            .iter()
            .filter(|range| range.first().is_ipv4() == ipv4);
        let sizes = ranges.map(|range| match (range.first(), range.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => self.size_v4(first.into(), last.into()),
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                bounded(u128::from(last) - u128::from(first)).saturating_add(1)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => 0,
        });
        sizes.fold(0, i64::saturating_add)
    }

    fn size_v4(&self, first: u32, last: u32) -> i64 {
        let below = |end: i64| {
            // Of the addresses below `end`, those that end in 0 or 255.
            if self.avoid_buggy {
                (end + 255) / 256 + end / 256
            } else {
                0
            }
        };
        let (first, end) = (i64::from(first), i64::from(last) + 1);
        end - first - (below(end) - below(first))
    }

    /// The place of the pool among those that serve a service without being asked for: pools that are
    /// made for it come first, by priority (0 is the last), then those for all.
    pub(crate) fn rank(&self) -> (bool, i32, &'a Key) {
        let given = self.scope.and_then(|scope| scope.priority);
        let priority = given.filter(|priority| *priority > 0).unwrap_or(i32::MAX);
        (self.scope.is_none(), priority, self.key)
    }
}

fn overlap(pool: &Pool<'_>, older: &[Pool<'_>]) -> Option<String> {
    older.iter().filter(|other| other.is_open()).find_map(|other| {
        let mut pairs = pool.ranges.iter().flat_map(|mine| {
            other.ranges.iter().map(move |theirs| (mine, theirs))
        });
        let (mine, theirs) = pairs.find(|(mine, theirs)| mine.overlaps(theirs))?;
        Some(format!(
            "spec.addresses: {mine} overlaps with {theirs} of the older pool {}; no address is given out, those given before stay",
            other.key
        ))
    })
}
