//! `BGPAdvertisement`s: which prefixes they announce, and what they are as policies of a node.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ferroute_api::Validate;
use ferroute_api::ferroute::{Audience, Policy};
use ferroute_api::metallb::BgpAdvertisement;
use ferroute_api::selector::matches_any;
use ipnet::IpNet;

use crate::allocate::ServicePlan;
use crate::community::{Aliases, aliases};
use crate::pool::Pool;
use crate::slices::Announcements;
use crate::snapshot::{Key, Kind, Labels, Service, Snapshot, oldest_first};
use crate::verdict::{Reason, Remark, Verdicts};

/// An advertisement that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Advertisement<'a> {
    key: &'a Key,
    object: &'a BgpAdvertisement,
    pools: BTreeSet<&'a Key>,
    communities: Vec<String>,
}

/// The advertisements that can be used. What one names in vain is said of it, the rest of it is used.
pub(crate) fn advertisements<'a>(
    snapshot: &'a Snapshot,
    pools: &[Pool<'a>],
    verdicts: &mut Verdicts,
) -> Vec<Advertisement<'a>> {
    let aliases = aliases(snapshot, verdicts);
    let mut used = Vec::new();
    for (key, object) in oldest_first(&snapshot.bgp_advertisements) {
        let verdict = verdicts.of(Kind::BgpAdvertisement, key);
        if let Err(violations) = object.validate() {
            verdict.refused = Some(Remark::new(Reason::Invalid, violations.to_string()));
            continue;
        }
        let (communities, unknown) = communities(&aliases, key, &object.spec.communities);
        verdict.unresolved.extend(unknown);
        verdict
            .unresolved
            .extend(unknown_pools(snapshot, key, object));
        verdict
            .unresolved
            .extend(unknown_peers(snapshot, key, object));
        let pools = pools
            .iter()
            .filter(|pool| covers(key, object, pool))
            .map(|pool| pool.key);
        used.push(Advertisement {
            key,
            object,
            pools: pools.collect(),
            communities,
        });
    }
    used
}

/// Names refer to objects of the advertisement's own namespace. Without names and selectors all pools count.
fn covers(key: &Key, object: &BgpAdvertisement, pool: &Pool<'_>) -> bool {
    let spec = &object.spec;
    let all = spec.ip_address_pools.is_empty() && spec.ip_address_pool_selectors.is_empty();
    let selected = !spec.ip_address_pool_selectors.is_empty()
        && matches_any(&spec.ip_address_pool_selectors, pool.labels);
    pool.key.namespace == key.namespace
        && (all || selected || spec.ip_address_pools.contains(&pool.key.name))
}

fn unknown_pools(snapshot: &Snapshot, key: &Key, object: &BgpAdvertisement) -> Vec<String> {
    let exists = |name: &String| snapshot.pools.contains_key(&Key::new(&key.namespace, name));
    let unknown = object
        .spec
        .ip_address_pools
        .iter()
        .filter(|name| !exists(name));
    unknown
        .map(|name| format!("spec.ipAddressPools: there is no IPAddressPool {name}"))
        .collect()
}

fn unknown_peers(snapshot: &Snapshot, key: &Key, object: &BgpAdvertisement) -> Vec<String> {
    let exists = |name: &String| snapshot.peers.contains_key(&Key::new(&key.namespace, name));
    let unknown = object.spec.peers.iter().filter(|name| !exists(name));
    unknown
        .map(|name| format!("spec.peers: there is no BGPPeer {name}"))
        .collect()
}

/// Communities with aliases replaced, and what could not be.
fn communities(aliases: &Aliases<'_>, key: &Key, written: &[String]) -> (Vec<String>, Vec<String>) {
    let mut known = BTreeSet::new();
    let mut unknown = Vec::new();
    for text in written {
        let alias = aliases.get(&(key.namespace.as_str(), text.as_str()));
        let community = alias
            .map(|alias| alias.community)
            .or_else(|| text.parse().ok());
        match community {
            Some(community) => drop(known.insert(community.to_string())),
            None => unknown.push(format!(
                "spec.communities: no usable Community names {text:?}"
            )),
        }
    }
    (known.into_iter().collect(), unknown)
}

/// The ids of the neighbors that a node has, by the `BGPPeer`s that ask for them.
pub(crate) type NeighborIds<'a> = BTreeMap<&'a Key, String>;

impl Advertisement<'_> {
    /// The policy on a node; `None` where the advertisement does not hold or reaches nobody.
    pub(crate) fn on_node(&self, labels: &Labels, neighbors: &NeighborIds<'_>) -> Option<Policy> {
        let spec = &self.object.spec;
        if !matches_any(&spec.node_selectors, labels) {
            return None;
        }
        let named = |peer: &Key| {
            peer.namespace == self.key.namespace
                && (spec.peers.is_empty() || spec.peers.contains(&peer.name))
        };
        let peers: BTreeSet<&String> = neighbors
            .iter()
            .filter(|(peer, _)| named(peer))
            .map(|(_, id)| id)
            .collect();
        (!peers.is_empty()).then(|| Policy {
            id: self.key.to_string(),
            peers: peers.into_iter().cloned().collect(),
            local_pref: spec.local_pref.filter(|preference| *preference > 0),
            communities: self.communities.clone(),
        })
    }

    fn announces(&self, service: &Service, pool: &Key) -> bool {
        self.pools.contains(pool)
            && matches_any(&self.object.spec.service_selectors, &service.labels)
    }

    /// The prefix that an address is announced in.
    fn prefix(&self, address: IpAddr) -> Option<IpNet> {
        let spec = &self.object.spec;
        let length = match address {
            IpAddr::V4(_) => spec.aggregation_length,
            IpAddr::V6(_) => spec.aggregation_length_v6,
        };
        let length = u8::try_from(length).ok()?;
        IpNet::new(address, length).ok().map(|net| net.trunc())
    }
}

/// What is announced, by whom. An address is announced once the service's status has it, so that
/// nothing is announced that another leader could give to somebody else.
pub(crate) fn announcements(
    snapshot: &Snapshot,
    advertisements: &[Advertisement<'_>],
    services: &BTreeMap<Key, ServicePlan>,
) -> Announcements {
    let endpoints = endpoints(snapshot);
    let mut announcements = Announcements::new();
    for (key, plan) in services {
        let Some(service) = snapshot.services.get(key) else {
            continue;
        };
        let Some(endpoints) = endpoints.get(key) else {
            continue;
        };
        let audiences = audiences(snapshot, service, endpoints);
        for (prefix, policy) in announced(service, plan, advertisements) {
            for audience in &audiences {
                let prefixes = announcements.entry(audience.clone()).or_default();
                prefixes.entry(prefix).or_default().insert(policy.clone());
            }
        }
    }
    announcements
}

/// The prefixes of one service, each with the id of a policy that announces it.
fn announced(
    service: &Service,
    plan: &ServicePlan,
    advertisements: &[Advertisement<'_>],
) -> Vec<(IpNet, String)> {
    let Some(pool) = &plan.pool else {
        return Vec::new();
    };
    let written = plan
        .addresses
        .iter()
        .filter(|address| service.ingress.contains(address));
    let pairs = written.flat_map(|address| {
        let holding = advertisements
            .iter()
            .filter(|held| held.announces(service, pool));
        holding.filter_map(|held| Some((held.prefix(*address)?, held.key.to_string())))
    });
    pairs.collect()
}

/// The endpoints of a service that can take traffic.
#[derive(Default)]
struct Endpoints<'a> {
    any: bool,
    nodes: BTreeSet<&'a str>,
}

fn endpoints(snapshot: &Snapshot) -> BTreeMap<Key, Endpoints<'_>> {
    let mut by_service: BTreeMap<Key, Endpoints<'_>> = BTreeMap::new();
    for (key, slice) in &snapshot.endpoint_slices {
        let service = Key::new(&key.namespace, &slice.service);
        let endpoints = by_service.entry(service).or_default();
        endpoints.any |= slice.usable;
        endpoints
            .nodes
            .extend(slice.usable_nodes.iter().map(String::as_str));
    }
    by_service
}

/// Local traffic is taken by the nodes with an endpoint, any other by every node as long as there is one.
fn audiences(snapshot: &Snapshot, service: &Service, endpoints: &Endpoints<'_>) -> Vec<Audience> {
    if service.local_traffic {
        let nodes = endpoints
            .nodes
            .iter()
            .filter(|node| snapshot.nodes.contains_key(**node));
        nodes
            .map(|node| Audience::Node((*node).to_owned()))
            .collect()
    } else if endpoints.any {
        vec![Audience::All]
    } else {
        Vec::new()
    }
}
