//! Who uses which address, while a plan is being made.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use ferroute_api::value::AddressRange;

use crate::pool::Pool;
use crate::snapshot::{Key, Service};

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) fn of(address: IpAddr) -> Self {
        if address.is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }

    pub(crate) fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }

    fn address(self, bits: u128) -> Option<IpAddr> {
        match self {
            Self::V4 => u32::try_from(bits).ok().map(|bits| IpAddr::V4(bits.into())),
            Self::V6 => Some(IpAddr::V6(bits.into())),
        }
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// The addresses in use.
#[derive(Default)]
pub(crate) struct Ledger<'a> {
    users: HashMap<IpAddr, Vec<(&'a Key, &'a Service)>>,
    shared: BTreeMap<&'a str, Vec<IpAddr>>,
    /// By first and last address of a range: everything below is in use. Addresses are only ever taken
    /// while a plan is made, so a search never has to look there again.
    full_below: RefCell<HashMap<AddressRange, u128>>,
}

impl<'a> Ledger<'a> {
    /// Whether a service may use an address that others may use already.
    pub(crate) fn allows(&self, address: IpAddr, key: &Key, service: &Service) -> bool {
        self.users.get(&address).is_none_or(|users| {
            users
                .iter()
                .all(|(user, other)| *user == key || can_share(service, other))
        })
    }

    /// The users of an address, for a message.
    pub(crate) fn users(&self, address: IpAddr) -> String {
        let names = self
            .users
            .get(&address)
            .into_iter()
            .flatten()
            .map(|(key, _)| key.to_string());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Records a user.
    pub(crate) fn take(&mut self, address: IpAddr, key: &'a Key, service: &'a Service) {
        self.users.entry(address).or_default().push((key, service));
        if let Some(sharing) = &service.sharing_key {
            self.shared.entry(sharing).or_default().push(address);
        }
    }

    /// An address of the pool that a service can have: the one it has, or one that it may share, else the
    /// lowest free one.
    pub(crate) fn first_free(
        &self,
        pool: &Pool<'_>,
        family: Family,
        key: &Key,
        service: &Service,
    ) -> Option<IpAddr> {
        let usable = |address: &IpAddr| {
            Family::of(*address) == family
                && pool.contains(*address)
                && self.allows(*address, key, service)
        };
        let shared = service
            .sharing_key
            .as_deref()
            .and_then(|sharing| self.shared.get(sharing));
        let own = service.ingress.iter().copied().find(usable);
        own.or_else(|| shared.into_iter().flatten().copied().filter(usable).min())
            .or_else(|| {
                let mut ranges = pool
                    .ranges
                    .iter()
                    .filter(|range| Family::of(range.first()) == family);
                ranges.find_map(|range| self.unused(pool, range, family))
            })
    }

    fn unused(&self, pool: &Pool<'_>, range: &AddressRange, family: Family) -> Option<IpAddr> {
        let mut full_below = self.full_below.borrow_mut();
        let next = full_below
            .entry(*range)
            .or_insert_with(|| bits(range.first()));
        while *next <= bits(range.last()) {
            let address = family.address(*next)?;
            if !self.users.contains_key(&address) && !pool.leaves_out(address) {
                return Some(address);
            }
            *next = next.checked_add(1)?;
        }
        None
    }
}

/// Two services share an address if both say so with the same key, send traffic to the same nodes, and
/// listen on different ports.
fn can_share(one: &Service, other: &Service) -> bool {
    one.sharing_key.is_some()
        && one.sharing_key == other.sharing_key
        && backend(one) == backend(other)
        && !one.ports.iter().any(|port| other.ports.contains(port))
}

/// With local traffic only nodes with the pods take it, so the pods have to be the same.
fn backend(service: &Service) -> Option<&str> {
    service
        .local_traffic
        .then_some(service.pod_selector.as_str())
}
