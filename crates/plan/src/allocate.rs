//! Addresses for services: kept where they are, given where they are missing.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ferroute_api::value::parse_ip;

use crate::ledger::{Family, Ledger};
use crate::pool::Pool;
use crate::snapshot::{Balancer, FamilyPolicy, Key, RequestedAddresses, Service, Snapshot};
use crate::verdict::{Reason, Remark};

/// What a service gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePlan {
    /// The addresses for its status; none where it is not a load balancer of ours.
    pub addresses: Vec<IpAddr>,
    /// The pool that they are from.
    pub pool: Option<Key>,
    /// Why it gets none.
    pub remark: Option<Remark>,
}

/// Gives every load balancer its addresses. Those that have some are served first, so that nobody new can take them,
/// and of these the ones that have not changed.
pub(crate) fn allocate(snapshot: &Snapshot, pools: &[Pool<'_>]) -> BTreeMap<Key, ServicePlan> {
    let mut allocator = Allocator {
        snapshot,
        pools,
        ledger: Ledger::default(),
    };
    let mut plans = BTreeMap::new();
    let mut kept = Vec::new();
    let mut waiting = Vec::new();
    let (ours, others): (Vec<_>, Vec<_>) = snapshot
        .services
        .iter()
        .partition(|(_, service)| service.balancer == Balancer::Ours);
    plans.extend(
        others
            .iter()
            .map(|(key, _)| ((*key).clone(), ServicePlan::default())),
    );
    let (settled, changed): (Vec<_>, Vec<_>) =
        ours.into_iter().partition(|(_, service)| service.settled);
    for (key, service) in settled.into_iter().chain(changed) {
        match allocator.keep(key, service) {
            Some(pool) => kept.push((key, service, pool)),
            None => waiting.push((key, service)),
        }
    }
    // Two load balancers may have the same pools: what the other one gave is in use.
    for (key, service) in others {
        if service.balancer == Balancer::OfOthers {
            allocator.take(key, service, &service.ingress);
        }
    }
    for (key, service, pool) in kept {
        plans.insert(key.clone(), allocator.complete(key, service, pool));
    }
    // Of those that wait, the ones with something to lose come first.
    waiting.sort_by_key(|(_, service)| service.ingress.is_empty());
    for (key, service) in waiting {
        plans.insert(key.clone(), allocator.give(key, service));
    }
    plans
}

/// Marks the services that have the addresses that were planned for what they ask for now.
pub fn settle(snapshot: &mut Snapshot, plans: &BTreeMap<Key, ServicePlan>) {
    for (key, service) in &mut snapshot.services {
        let planned = plans.get(key).map(|plan| &plan.addresses);
        service.settled = !service.ingress.is_empty() && planned == Some(&service.ingress);
    }
}

struct Allocator<'a> {
    snapshot: &'a Snapshot,
    pools: &'a [Pool<'a>],
    ledger: Ledger<'a>,
}

impl<'a> Allocator<'a> {
    /// The pool of the addresses that a service has, if it may keep them all; they are its own then.
    fn keep(&mut self, key: &'a Key, service: &'a Service) -> Option<&'a Pool<'a>> {
        let had = &service.ingress;
        if had.is_empty() || !families_fit(service, had) {
            return None;
        }
        let asked = requested(service).ok()?;
        let as_asked = asked.is_none_or(|asked| same_addresses(&asked, had));
        let free = had
            .iter()
            .all(|address| self.ledger.allows(*address, key, service));
        let pool = self.home(key, service).filter(|_| as_asked && free)?;
        self.take(key, service, had);
        Some(pool)
    }

    /// The pool that a service has its addresses from: the one that gave them, else any that may have.
    fn home(&self, key: &Key, service: &Service) -> Option<&'a Pool<'a>> {
        let mut homes = self.pools.iter().filter(|pool| {
            pool.backs(service)
                && pool.serves(key, service, self.snapshot)
                && pool.is_named_by(service)
        });
        homes
            .clone()
            .find(|pool| pool.gave(service))
            .or_else(|| homes.next())
    }

    /// The plan of a service that keeps its addresses, with a second one where it may have that.
    fn complete(&mut self, key: &'a Key, service: &'a Service, pool: &Pool<'a>) -> ServicePlan {
        let second = self.second_family(key, service, pool);
        self.take(key, service, second.as_slice());
        let addresses = service.ingress.iter().copied().chain(second).collect();
        service_plan(pool, addresses)
    }

    /// The address of the other family, where a service that prefers both has one only.
    fn second_family(&self, key: &Key, service: &Service, pool: &Pool<'a>) -> Option<IpAddr> {
        let [only] = service.ingress[..] else {
            return None;
        };
        let wants_both = service.family_policy == FamilyPolicy::PreferDualStack
            && families(service).len() == 2
            && service.requested_addresses == RequestedAddresses::Any;
        if !wants_both || !pool.is_open() {
            return None;
        }
        self.ledger
            .first_free(pool, Family::of(only).other(), key, service)
    }

    /// Addresses for a service that has none, or may not keep those it has.
    fn give(&mut self, key: &'a Key, service: &'a Service) -> ServicePlan {
        match self.choose(key, service) {
            Ok(Some((pool, addresses))) => {
                self.take(key, service, &addresses);
                service_plan(pool, addresses)
            }
            Ok(None) => ServicePlan::default(),
            Err(message) => ServicePlan {
                remark: Some(Remark::new(Reason::AllocationFailed, message)),
                ..ServicePlan::default()
            },
        }
    }

    /// `None` while the cluster has given the service no address of its own.
    fn choose(
        &self,
        key: &Key,
        service: &Service,
    ) -> Result<Option<(&'a Pool<'a>, Vec<IpAddr>)>, String> {
        let families = families(service);
        if families.is_empty() {
            return Ok(None);
        }
        if acceptable(service, &families).is_empty() {
            return Err(
                "the service requires two address families, the cluster gave it one".into(),
            );
        }
        match requested(service)? {
            Some(addresses) => self.choose_requested(key, service, addresses).map(Some),
            None => self.choose_free(key, service, &families).map(Some),
        }
    }

    fn choose_requested(
        &self,
        key: &Key,
        service: &Service,
        addresses: Vec<IpAddr>,
    ) -> Result<(&'a Pool<'a>, Vec<IpAddr>), String> {
        let shown = shown(&addresses);
        if !families_fit(service, &addresses) {
            return Err(format!(
                "requested address {shown} is not of the service's address family"
            ));
        }
        let pool = self.pool_for_requested(key, service, &addresses)?;
        match addresses
            .iter()
            .find(|address| !self.ledger.allows(**address, key, service))
        {
            Some(taken) => Err(format!(
                "requested address {taken} is in use by {}",
                self.ledger.users(*taken)
            )),
            None => Ok((pool, addresses)),
        }
    }

    /// The pool that holds all of the addresses and may give them to a service.
    fn pool_for_requested(
        &self,
        key: &Key,
        service: &Service,
        addresses: &[IpAddr],
    ) -> Result<&'a Pool<'a>, String> {
        let holds_all = |pool: &&Pool<'_>| addresses.iter().all(|address| pool.contains(*address));
        let holding: Vec<_> = self.pools.iter().filter(holds_all).collect();
        let mut named = holding.iter().filter(|pool| pool.is_named_by(service));
        let usable = named.clone().find(|pool| self.may_give(pool, key, service));
        usable.copied().ok_or_else(|| {
            let shown = shown(addresses);
            match (named.next(), &service.requested_pool) {
                (Some(Pool { key, .. }), _) => {
                    format!(
                        "pool {key} with the requested address {shown} does not serve this service"
                    )
                }
                (None, Some(name)) if !holding.is_empty() => {
                    format!("requested address {shown} is not in the requested pool {name}")
                }
                (None, _) => format!("requested address {shown} is in no pool, or not all in one"),
            }
        })
    }

    fn may_give(&self, pool: &Pool<'_>, key: &Key, service: &Service) -> bool {
        pool.is_open() && pool.serves(key, service, self.snapshot)
    }

    fn choose_free(
        &self,
        key: &Key,
        service: &Service,
        families: &[Family],
    ) -> Result<(&'a Pool<'a>, Vec<IpAddr>), String> {
        let candidates = self.candidates(key, service)?;
        for families in acceptable(service, families) {
            for pool in &candidates {
                let free: Option<Vec<_>> = families
                    .iter()
                    .map(|family| self.ledger.first_free(pool, *family, key, service))
                    .collect();
                if let Some(addresses) = free {
                    return Ok((pool, addresses));
                }
            }
        }
        Err(match &service.requested_pool {
            Some(name) => format!("requested pool {name} has no free address"),
            None if candidates.is_empty() => "no pool serves this service".to_owned(),
            None => "no pool that serves this service has a free address".to_owned(),
        })
    }

    /// The pools that may be used, best first.
    fn candidates(&self, key: &Key, service: &Service) -> Result<Vec<&'a Pool<'a>>, String> {
        let serving = |pool: &&Pool<'a>| self.may_give(pool, key, service);
        if let Some(name) = &service.requested_pool {
            let named: Vec<_> = self
                .pools
                .iter()
                .filter(|pool| pool.key.name == *name)
                .collect();
            if named.is_empty() {
                return Err(format!("requested pool {name} does not exist"));
            }
            let usable: Vec<_> = named.into_iter().filter(serving).collect();
            if usable.is_empty() {
                return Err(format!("requested pool {name} does not serve this service"));
            }
            return Ok(usable);
        }
        let mut pools: Vec<_> = self
            .pools
            .iter()
            .filter(|pool| pool.auto_assign)
            .filter(serving)
            .collect();
        pools.sort_by_key(|pool| pool.rank());
        Ok(pools)
    }

    fn take(&mut self, key: &'a Key, service: &'a Service, addresses: &[IpAddr]) {
        for address in addresses {
            self.ledger.take(*address, key, service);
        }
    }
}

/// IPv4 comes first, whatever was asked for: the order in a status must not flap.
fn service_plan(pool: &Pool<'_>, mut addresses: Vec<IpAddr>) -> ServicePlan {
    addresses.sort_by_key(|address| Family::of(*address));
    ServicePlan {
        addresses,
        pool: Some(pool.key.clone()),
        remark: None,
    }
}

/// The addresses that a service asks for.
fn requested(service: &Service) -> Result<Option<Vec<IpAddr>>, String> {
    match &service.requested_addresses {
        RequestedAddresses::Any => Ok(None),
        RequestedAddresses::Twice => Err(
            "metallb.io/loadBalancerIPs and spec.loadBalancerIP are both set; use one".to_owned(),
        ),
        RequestedAddresses::Written(text) => text
            .split(',')
            .map(|part| {
                parse_ip(part.trim()).map_err(|problem| format!("requested address: {problem}"))
            })
            .collect::<Result<_, _>>()
            .map(Some),
    }
}

/// The families of the cluster's own addresses, the first one first.
fn families(service: &Service) -> Vec<Family> {
    let mut families: Vec<_> = service
        .cluster_ips
        .iter()
        .copied()
        .map(Family::of)
        .collect();
    families.dedup();
    families
}

/// Sets of families to try, best first.
fn acceptable(service: &Service, families: &[Family]) -> Vec<Vec<Family>> {
    match service.family_policy {
        FamilyPolicy::PreferDualStack if families.len() > 1 => {
            let mut sets = vec![families.to_vec()];
            sets.extend(families.iter().map(|family| vec![*family]));
            sets
        }
        FamilyPolicy::RequireDualStack if families.len() < 2 => Vec::new(),
        FamilyPolicy::PreferDualStack
        | FamilyPolicy::SingleStack
        | FamilyPolicy::RequireDualStack => vec![families.to_vec()],
    }
}

/// Whether addresses are of the families that a service can have.
fn families_fit(service: &Service, addresses: &[IpAddr]) -> bool {
    let mut given: Vec<_> = addresses.iter().copied().map(Family::of).collect();
    given.sort();
    acceptable(service, &families(service))
        .into_iter()
        .any(|mut set| {
            set.sort();
            set == given
        })
}

fn same_addresses(left: &[IpAddr], right: &[IpAddr]) -> bool {
    left.len() == right.len() && left.iter().all(|address| right.contains(address))
}

fn shown(addresses: &[IpAddr]) -> String {
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}
