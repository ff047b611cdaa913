//! What holds for any cluster. Names, addresses and prefixes are few, so that objects collide.

mod clusters;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ferroute_api::Validate;
use ferroute_plan::allocate::ServicePlan;
use ferroute_plan::slices::MAX_ENTRIES;
use ferroute_plan::snapshot::{Balancer, Key, Kind, Objects, Service, Snapshot};
use ferroute_plan::{Plan, plan};
use ipnet::IpNet;
use proptest::prelude::*;

use self::clusters::snapshot;
use crate::cluster::apply;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_order_in_which_objects_come_does_not_matter(cluster in snapshot()) {
        prop_assert_eq!(plan(&cluster), plan(&reversed(&cluster)));
    }

    #[test]
    fn a_plan_that_is_applied_gives_itself_again(cluster in snapshot()) {
        let mut cluster = cluster;
        let first = plan(&cluster);
        apply(&mut cluster, &first);
        let second = plan(&cluster);
        prop_assert_eq!(&second.services, &first.services);
        prop_assert_eq!(&second.indexes, &first.indexes);
        apply(&mut cluster, &second);
        prop_assert_eq!(plan(&cluster), second);
    }

    #[test]
    fn an_object_that_goes_and_comes_back_leaves_no_trace(cluster in settled(), victim in any::<prop::sample::Index>()) {
        let before = plan(&cluster);
        let mut without = cluster.clone();
        take_one_out(&mut without, victim);
        let planned = plan(&without);
        apply(&mut without, &planned);
        let mut again = cluster;
        again.services = without.services;
        again.nodes = without.nodes;
        prop_assert_eq!(plan(&again), before);
    }

    #[test]
    fn an_address_stays_whatever_happens_to_others(cluster in settled(), other in snapshot(), gone in any::<u64>()) {
        let before = plan(&cluster);
        for (key, had) in before.services.iter().filter(|(_, had)| had.pool.is_some()) {
            let pool = had.pool.clone().expect("a pool");
            let after = plan(&changed_around(&cluster, key, &pool, &other, gone));
            let kept = &after.services[key].addresses;
            prop_assert!(
                had.addresses.iter().all(|address| kept.contains(address)),
                "{} had {:?}, and then {:?}", key, had, after.services[key]
            );
        }
    }

    #[test]
    fn an_address_belongs_to_one_service_or_to_services_that_may_share(cluster in snapshot()) {
        let services = plan(&cluster).services;
        for (one, mine) in &services {
            for (other, theirs) in services.iter().filter(|(other, _)| *other != one) {
                let both = mine.addresses.iter().any(|address| theirs.addresses.contains(address));
                let (one, other) = (&cluster.services[one], &cluster.services[other]);
                prop_assert!(!both || may_share(one, other), "{one:?}\n{other:?}");
            }
        }
    }

    #[test]
    fn an_address_is_one_of_its_pool_and_of_a_family_that_the_service_has(cluster in snapshot()) {
        for (key, ServicePlan { addresses, pool, remark }) in plan(&cluster).services {
            prop_assert_eq!(addresses.is_empty(), pool.is_none());
            prop_assert!(pool.is_none() || remark.is_none());
            let Some(pool) = pool else { continue };
            let service = &cluster.services[&key];
            prop_assert_eq!(service.balancer, Balancer::Ours);
            for address in addresses {
                let kept = service.ingress.contains(&address);
                let held = holds(&cluster, &pool, address, kept);
                prop_assert!(held, "{key} has {address}");
                let family = |ip: &IpAddr| ip.is_ipv4() == address.is_ipv4();
                prop_assert!(service.cluster_ips.iter().any(family));
            }
        }
    }

    #[test]
    fn a_node_announces_what_has_an_address_an_endpoint_and_a_policy_and_nothing_else(cluster in settled()) {
        let planned = plan(&cluster);
        for node in cluster.nodes.keys() {
            prop_assert_eq!(announced(&planned, node), announceable(&cluster, &planned, node));
        }
    }

    #[test]
    fn a_slice_is_small_and_names_a_prefix_once_for_its_audience(cluster in settled()) {
        let mut seen = BTreeSet::new();
        for slice in plan(&cluster).route_slices.values() {
            prop_assert!((1..=MAX_ENTRIES).contains(&slice.entries.len()));
            for entry in &slice.entries {
                prop_assert!(!entry.policies.is_empty());
                prop_assert!(seen.insert((slice.audience.clone(), entry.prefix)));
            }
        }
    }

    #[test]
    fn indexes_are_unique_and_recorded_ones_stay(cluster in snapshot()) {
        let indexes = plan(&cluster).indexes;
        let distinct: BTreeSet<_> = indexes.values().collect();
        prop_assert_eq!(distinct.len(), cluster.nodes.len());
        for (node, report) in cluster.reports.iter().filter(|(node, _)| cluster.nodes.contains_key(*node)) {
            let claims = cluster.reports.iter().filter(|(other, theirs)| {
                cluster.nodes.contains_key(*other) && theirs.index == report.index
            });
            if report.index.is_some() && claims.count() == 1 {
                prop_assert_eq!(indexes.get(node).copied(), report.index);
            }
        }
    }

    #[test]
    fn a_refused_object_might_as_well_not_be_there(cluster in snapshot()) {
        let with = plan(&cluster);
        for (kind, key, verdict) in with.verdicts.iter() {
            let held = with.services.values().any(|service| service.pool.as_ref() == Some(key));
            if verdict.refused.is_none() || held {
                continue;
            }
            let mut cluster = cluster.clone();
            remove(&mut cluster, kind, key);
            let without = plan(&cluster);
            prop_assert_eq!(&without.node_routers, &with.node_routers, "{:?} {}", kind, key);
            prop_assert_eq!(&without.route_slices, &with.route_slices, "{:?} {}", kind, key);
            prop_assert_eq!(given(&without), given(&with), "{:?} {}", kind, key);
        }
    }
}

/// A cluster in which the plan has been applied.
fn settled() -> impl Strategy<Value = Snapshot> {
    snapshot().prop_map(|mut cluster| {
        let planned = plan(&cluster);
        apply(&mut cluster, &planned);
        cluster
    })
}

fn given(plan: &Plan) -> BTreeMap<&Key, (&Vec<IpAddr>, &Option<Key>)> {
    plan.services
        .iter()
        .map(|(key, service)| (key, (&service.addresses, &service.pool)))
        .collect()
}

/// The same, put together from the end.
fn reversed(cluster: &Snapshot) -> Snapshot {
    fn rev<K: Ord + Clone, V: Clone>(map: &BTreeMap<K, V>) -> BTreeMap<K, V> {
        let mut reversed = BTreeMap::new();
        for (key, value) in map.iter().rev() {
            reversed.insert(key.clone(), value.clone());
        }
        reversed
    }
    let mut other = Snapshot {
        nodes: rev(&cluster.nodes),
        services: rev(&cluster.services),
        endpoint_slices: rev(&cluster.endpoint_slices),
        underlays: rev(&cluster.underlays),
        l3vnis: rev(&cluster.l3vnis),
        pools: rev(&cluster.pools),
        peers: rev(&cluster.peers),
        bgp_advertisements: rev(&cluster.bgp_advertisements),
        frr_configurations: rev(&cluster.frr_configurations),
        communities: rev(&cluster.communities),
        ..cluster.clone()
    };
    other
        .endpoint_slices
        .values_mut()
        .for_each(|slice| slice.usable_nodes.reverse());
    other
        .services
        .values_mut()
        .for_each(|service| service.ports.reverse());
    other
}

/// Takes out one object that has no part in who gets which address.
fn take_one_out(cluster: &mut Snapshot, victim: prop::sample::Index) {
    let objects = [
        keys(Kind::Underlay, &cluster.underlays),
        keys(Kind::L3vni, &cluster.l3vnis),
        keys(Kind::BgpPeer, &cluster.peers),
        keys(Kind::BgpAdvertisement, &cluster.bgp_advertisements),
        keys(Kind::FrrConfiguration, &cluster.frr_configurations),
        keys(Kind::Community, &cluster.communities),
    ]
    .concat();
    if !objects.is_empty() {
        let (kind, key) = victim.get(&objects);
        remove(cluster, *kind, key);
    }
}

fn keys<K>(kind: Kind, objects: &Objects<K>) -> Vec<(Kind, Key)> {
    objects.keys().map(|key| (kind, key.clone())).collect()
}

fn remove(cluster: &mut Snapshot, kind: Kind, key: &Key) {
    match kind {
        Kind::Underlay => drop(cluster.underlays.remove(key)),
        Kind::L3vni => drop(cluster.l3vnis.remove(key)),
        Kind::L2vni => drop(cluster.l2vnis.remove(key)),
        Kind::IpAddressPool => drop(cluster.pools.remove(key)),
        Kind::BgpPeer => drop(cluster.peers.remove(key)),
        Kind::BgpAdvertisement => drop(cluster.bgp_advertisements.remove(key)),
        Kind::L2Advertisement => drop(cluster.l2_advertisements.remove(key)),
        Kind::BfdProfile => drop(cluster.bfd_profiles.remove(key)),
        Kind::Community => drop(cluster.communities.remove(key)),
        Kind::FrrConfiguration => drop(cluster.frr_configurations.remove(key)),
        Kind::Service => drop(cluster.services.remove(key)),
    }
}

/// The cluster after everything but one service and its pool was replaced by another's, or removed, or kept:
/// `gone` decides bit by bit. Services that come have no address yet, those that stay are not edited.
fn changed_around(
    cluster: &Snapshot,
    service: &Key,
    pool: &Key,
    other: &Snapshot,
    gone: u64,
) -> Snapshot {
    let mut changed = Snapshot {
        services: cluster.services.clone(),
        ..other.clone()
    };
    let mut bit = 0;
    changed.services.retain(|key, _| {
        bit += 1;
        key == service || gone >> (bit % 64) & 1 == 0
    });
    for (key, new) in &other.services {
        let fresh = Service {
            ingress: Vec::new(),
            allocated_from: None,
            ..new.clone()
        };
        changed.services.entry(key.clone()).or_insert(fresh);
    }
    changed
        .pools
        .insert(pool.clone(), cluster.pools[pool].clone());
    changed.namespaces = cluster.namespaces.clone();
    changed
}

fn may_share(one: &Service, other: &Service) -> bool {
    let backend = |service: &Service| service.local_traffic.then(|| service.pod_selector.clone());
    one.sharing_key.is_some()
        && one.sharing_key == other.sharing_key
        && backend(one) == backend(other)
        && one.ports.iter().all(|port| !other.ports.contains(port))
}

/// Whether a pool has an address. One that cannot be read has what services kept.
fn holds(cluster: &Snapshot, pool: &Key, address: IpAddr, kept: bool) -> bool {
    let pool = &cluster.pools[pool];
    match pool.ranges() {
        Ok(ranges) if pool.validate().is_ok() => ranges.iter().any(|range| range.contains(address)),
        Ok(_) | Err(_) => kept,
    }
}

/// Prefixes and policies that a node sees and holds.
fn announced(plan: &Plan, node: &str) -> BTreeSet<(IpNet, String)> {
    let held: BTreeSet<_> = plan.node_routers[node]
        .speaker
        .policies
        .iter()
        .map(|policy| &policy.id)
        .collect();
    let audiences = ["all".to_owned(), format!("node/{node}")];
    let seen = plan
        .route_slices
        .values()
        .filter(|slice| audiences.contains(&slice.audience));
    let entries = seen
        .flat_map(|slice| &slice.entries)
        .flat_map(|entry| entry.policies.iter().map(|policy| (entry.prefix, policy)));
    entries
        .filter(|(_, policy)| held.contains(policy))
        .map(|(prefix, policy)| (prefix, policy.clone()))
        .collect()
}

/// The same, said anew: from the services that have an endpoint and the advertisements that the node holds.
fn announceable(cluster: &Snapshot, plan: &Plan, node: &str) -> BTreeSet<(IpNet, String)> {
    let mut expected = BTreeSet::new();
    for policy in &plan.node_routers[node].speaker.policies {
        let (namespace, name) = policy.id.split_once('/').expect("namespace/name");
        let spec = &cluster.bgp_advertisements[&Key::new(namespace, name)].spec;
        for (key, service) in &cluster.services {
            let Some(pool) = &plan.services[key].pool else {
                continue;
            };
            let named =
                spec.ip_address_pools.is_empty() || spec.ip_address_pools.contains(&pool.name);
            if !named || !has_endpoint(cluster, key, service, node) {
                continue;
            }
            for address in &plan.services[key].addresses {
                let lengths = (spec.aggregation_length, spec.aggregation_length_v6);
                let length = if address.is_ipv4() {
                    lengths.0
                } else {
                    lengths.1
                };
                let length = u8::try_from(length).expect("a length");
                let prefix = IpNet::new(*address, length).expect("a prefix").trunc();
                expected.insert((prefix, policy.id.clone()));
            }
        }
    }
    expected
}

fn has_endpoint(cluster: &Snapshot, key: &Key, service: &Service, node: &str) -> bool {
    let slices = cluster.endpoint_slices.iter().filter(|(slice, endpoints)| {
        slice.namespace == key.namespace && endpoints.service == key.name
    });
    let mut slices = slices.map(|(_, slice)| slice);
    if service.local_traffic {
        slices.any(|slice| slice.usable_nodes.iter().any(|name| name == node))
    } else {
        slices.any(|slice| slice.usable)
    }
}
