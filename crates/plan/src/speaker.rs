//! The speaker of every node: the requests for it, merged, and the policies that hold there.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ferroute_api::ferroute::{Policy, Speaker};
use ferroute_api::hash::fnv1a;

use crate::advertisement::{Advertisement, NeighborIds};
use crate::merge::Draft;
use crate::request::{Request, peer_id};
use crate::snapshot::{Key, Kind, Node, Snapshot};
use crate::verdict::{Reason, Remark, Verdicts};

/// The speakers by node. A request that contradicts another one is left out on the nodes where it does.
pub(crate) fn speakers<'a>(
    snapshot: &'a Snapshot,
    requests: &[Request<'a>],
    advertisements: &[Advertisement<'_>],
    verdicts: &mut Verdicts,
) -> BTreeMap<&'a str, Speaker> {
    let requests: Vec<_> = requests.iter().map(|one| (one, one.size())).collect();
    let mut outcomes = Outcomes::new();
    let mut speakers = BTreeMap::new();
    for (name, node) in &snapshot.nodes {
        let (mut speaker, neighbors) = merged(snapshot, &requests, (name, node), &mut outcomes);
        speaker.policies = policies(node, advertisements, &neighbors);
        speakers.insert(name.as_str(), speaker);
    }
    say(outcomes, verdicts);
    speakers
}

/// What became of each request that some node should have.
type Outcomes<'a> = BTreeMap<(Kind, &'a Key), Outcome>;

#[derive(Default)]
struct Outcome {
    /// Whether a node has it.
    used: bool,
    /// The first node that cannot have it, and why.
    conflict: Option<(String, String)>,
}

fn merged<'a>(
    snapshot: &Snapshot,
    requests: &[(&Request<'a>, usize)],
    (name, node): (&str, &Node),
    outcomes: &mut Outcomes<'a>,
) -> (Speaker, NeighborIds<'a>) {
    let mut draft = Draft::default();
    let mut neighbors = NeighborIds::new();
    for (request, size) in requests
        .iter()
        .filter(|(request, _)| request.selects(&node.labels))
    {
        let outcome = outcomes.entry((request.kind, request.key)).or_default();
        match draft.add(request, *size) {
            Ok(()) => {
                outcome.used = true;
                neighbors.extend(neighbor_id(snapshot, request));
            }
            Err(message) => drop(outcome.conflict.get_or_insert((name.to_owned(), message))),
        }
    }
    let mut speaker = draft.finish();
    for router in &mut speaker.routers {
        // Left to itself FRR takes the highest address of the host, and drops every session when
        // a veth brings a higher one.
        let own = node.internal_ipv4.unwrap_or_else(|| identifier(name));
        router.router_id.get_or_insert(own);
    }
    (speaker, neighbors)
}

/// The BGP identifier of a node without an IPv4 address. Any number but 0 that no other node has will do (RFC 6286);
/// this one stays. Older routers refuse what would be no address of a host.
fn identifier(node: &str) -> Ipv4Addr {
    (fnv1a(node.bytes()) & 0x7fff_ffff).max(1).into()
}

fn neighbor_id<'a>(snapshot: &Snapshot, request: &Request<'a>) -> Option<(&'a Key, String)> {
    let peer = snapshot
        .peers
        .get(request.key)
        .filter(|_| request.kind == Kind::BgpPeer)?;
    Some((request.key, peer_id(peer)))
}

fn policies(
    Node {
        labels, excluded, ..
    }: &Node,
    advertisements: &[Advertisement<'_>],
    neighbors: &NeighborIds<'_>,
) -> Vec<Policy> {
    if *excluded {
        return Vec::new();
    }
    let on_node = |advertisement: &Advertisement<'_>| advertisement.on_node(labels, neighbors);
    let mut policies: Vec<_> = advertisements.iter().filter_map(on_node).collect();
    policies.sort_by(|a, b| a.id.cmp(&b.id));
    policies
}

/// A request that no node can have is refused; one that some node has is used.
fn say(outcomes: Outcomes<'_>, verdicts: &mut Verdicts) {
    for ((kind, key), Outcome { used, conflict }) in outcomes {
        let Some((node, message)) = conflict else {
            continue;
        };
        if used {
            verdicts.fail_on_node(kind, key, &node, &Remark::new(Reason::Conflict, message));
        } else {
            verdicts.refuse(kind, key, Remark::new(Reason::Conflict, message));
        }
    }
}
