//! Who gets which address: the tables in `testdata/allocation`, played step by step.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ferroute_plan::allocate::ServicePlan;
use ferroute_plan::snapshot::{
    Balancer, FamilyPolicy, Key, Labels, RequestedAddresses, Service, Snapshot,
};
use ferroute_plan::{Plan, PoolCounters, plan};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cluster::{add, apply, documents};

/// A story that begins with an empty cluster.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Story {
    case: String,
    #[serde(default)]
    namespaces: BTreeMap<String, Labels>,
    steps: Vec<Step>,
}

/// A change of the cluster, and what all services have after it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// All pools from here on, each with its spec; the first is the oldest.
    pools: Option<Vec<BTreeMap<String, Value>>>,
    /// Services that are new or edited; they keep their status.
    #[serde(default)]
    services: BTreeMap<String, Wanted>,
    /// Services that go.
    #[serde(default)]
    gone: Vec<String>,
    /// `pool address address`, `none`, or the reason and message.
    expect: BTreeMap<String, String>,
    /// Assigned and available IPv4, assigned and available IPv6.
    #[serde(default)]
    counters: BTreeMap<String, [i64; 4]>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    #[serde(default = "default_namespace")]
    namespace: String,
    #[serde(default)]
    labels: Labels,
    #[serde(default = "default_cluster_ips", rename = "clusterIPs")]
    cluster_ips: Vec<std::net::IpAddr>,
    policy: Option<String>,
    /// The addresses asked for, as they are written.
    ips: Option<String>,
    #[serde(default)]
    ips_twice: bool,
    pool: Option<String>,
    share: Option<String>,
    #[serde(default = "default_ports")]
    ports: Vec<String>,
    /// The pods of a service with local traffic.
    local_pods: Option<String>,
    /// `none` or `others`; otherwise it is ours.
    balancer: Option<String>,
    /// A status that is there already.
    had: Option<Vec<std::net::IpAddr>>,
    #[serde(default)]
    had_host_name: bool,
}

fn default_namespace() -> String {
    "default".to_owned()
}

fn default_cluster_ips() -> Vec<std::net::IpAddr> {
    vec!["10.96.0.1".parse().expect("an address")]
}

fn default_ports() -> Vec<String> {
    vec!["TCP/80".to_owned()]
}

#[test]
fn pinned_requests_are_granted_or_refused() {
    play("requests.yaml");
}

#[test]
fn services_share_an_address_by_key_backend_and_port() {
    play("sharing.yaml");
}

#[test]
fn free_addresses_are_given_in_order_and_given_back() {
    play("free.yaml");
}

#[test]
fn pools_serve_by_scope_and_priority() {
    play("scopes.yaml");
}

#[test]
fn two_families_come_from_one_pool() {
    play("families.yaml");
}

#[test]
fn addresses_outlive_changes_of_pools() {
    play("reload.yaml");
}

#[test]
fn counters_say_how_full_a_pool_is() {
    play("counters.yaml");
}

#[test]
fn every_table_is_played() {
    let files = fs::read_dir(folder()).expect("the folder of tables");
    let mut names: Vec<_> = files
        .map(|file| {
            file.expect("a table")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let played = [
        "counters.yaml",
        "families.yaml",
        "free.yaml",
        "reload.yaml",
        "requests.yaml",
        "scopes.yaml",
        "sharing.yaml",
    ];
    assert_eq!(names, played);
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/allocation")
}

fn play(file: &str) {
    let yaml = fs::read_to_string(folder().join(file)).expect("a table");
    let cases: Vec<Story> = documents::<Vec<Story>>(&yaml).concat();
    assert!(!cases.is_empty(), "{file} is empty");
    for case in cases {
        let mut snapshot = Snapshot {
            namespaces: case.namespaces,
            ..Snapshot::default()
        };
        for (n, step) in case.steps.into_iter().enumerate() {
            let at = format!("{file}: {}, step {}", case.case, n + 1);
            play_step(&mut snapshot, step, &at);
        }
    }
}

fn play_step(snapshot: &mut Snapshot, step: Step, at: &str) {
    let Step {
        pools,
        services,
        gone,
        expect,
        counters,
    } = step;
    if let Some(pools) = pools {
        snapshot.pools.clear();
        let named = pools.into_iter().flatten().enumerate();
        named.for_each(|(age, (name, spec))| add(snapshot, pool(&name, &spec, age)));
    }
    snapshot.services.retain(|key, _| !gone.contains(&key.name));
    for (name, wanted) in services {
        let key = Key::new(&wanted.namespace, name);
        let old = snapshot.services.remove(&key).unwrap_or_default();
        snapshot.services.insert(key, service(wanted, &old));
    }
    let planned = plan(snapshot);
    assert_eq!(outcome(&planned), expect, "{at}");
    let seen: BTreeMap<_, _> = planned
        .pools
        .iter()
        .map(|(key, pool)| (&key.name, row(*pool)))
        .collect();
    let known = counters
        .iter()
        .filter(|(name, _)| seen.contains_key(name))
        .count();
    assert_eq!(known, counters.len(), "{at}: a pool that does not exist");
    for (name, expected) in &counters {
        assert_eq!(seen[name], *expected, "{at}: counters of {name}");
    }
    apply(snapshot, &planned);
    assert_eq!(outcome(&plan(snapshot)), expect, "{at}: and once more");
}

fn pool(name: &str, spec: &Value, age: usize) -> Value {
    let created = format!("2026-01-01T00:00:{age:02}Z");
    let metadata = json!({ "name": name, "namespace": "m", "creationTimestamp": created });
    json!({
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": metadata,
        "spec": spec,
    })
}

fn service(wanted: Wanted, old: &Service) -> Service {
    let requested_addresses = match (wanted.ips, wanted.ips_twice) {
        (_, true) => RequestedAddresses::Twice,
        (Some(text), false) => RequestedAddresses::Written(text),
        (None, false) => RequestedAddresses::Any,
    };
    let ports = wanted.ports.iter().map(|port| {
        let (protocol, number) = port.split_once('/').expect("PROTOCOL/NUMBER");
        (protocol.to_owned(), number.parse().expect("a port"))
    });
    Service {
        balancer: match wanted.balancer.as_deref() {
            None => Balancer::Ours,
            Some("none") => Balancer::None,
            Some("others") => Balancer::OfOthers,
            Some(other) => panic!("no balancer {other}"),
        },
        labels: wanted.labels,
        cluster_ips: wanted.cluster_ips,
        family_policy: match wanted.policy.as_deref() {
            None => FamilyPolicy::SingleStack,
            Some("prefer") => FamilyPolicy::PreferDualStack,
            Some("require") => FamilyPolicy::RequireDualStack,
            Some(other) => panic!("no policy {other}"),
        },
        local_traffic: wanted.local_pods.is_some(),
        requested_addresses,
        requested_pool: wanted.pool,
        sharing_key: wanted.share,
        pod_selector: wanted.local_pods.unwrap_or_default(),
        ports: ports.collect(),
        ingress: wanted.had.unwrap_or_else(|| old.ingress.clone()),
        foreign_ingress: wanted.had_host_name,
        allocated_from: old.allocated_from.clone(),
        settled: false,
    }
    .after(old)
}

fn outcome(plan: &Plan) -> BTreeMap<String, String> {
    plan.services
        .iter()
        .map(|(key, service)| (key.name.clone(), word(service)))
        .collect()
}

fn word(
    ServicePlan {
        addresses,
        pool,
        remark,
    }: &ServicePlan,
) -> String {
    match (pool, remark) {
        (Some(pool), None) => {
            let words: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!("{} {}", pool.name, words.join(" "))
        }
        (None, Some(remark)) => format!("{}: {}", remark.reason, remark.message),
        (None, None) => "none".to_owned(),
        (Some(pool), Some(remark)) => panic!("{pool} and {remark:?}"),
    }
}

fn row(counters: PoolCounters) -> [i64; 4] {
    let PoolCounters {
        assigned_ipv4,
        assigned_ipv6,
        available_ipv4,
        available_ipv6,
    } = counters;
    [assigned_ipv4, available_ipv4, assigned_ipv6, available_ipv6]
}
