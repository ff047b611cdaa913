//! A `BGPPeer` as a request.

use std::net::Ipv4Addr;

use ferroute_api::Validate;
use ferroute_api::ferroute::{NodeNeighbor, SessionBfd, SpeakerRouter};
use ferroute_api::metallb::{BgpPeer, DynamicAsn};
use ferroute_api::timers::parse_connect_time;
use ferroute_api::value::{Secret, parse_ip, parse_ipv4};

use super::{BfdProfiles, Nodes, Request, neighbor_id, session_password};
use crate::snapshot::{Key, Kind};
use crate::underlay::{DEFAULT_PORT, seconds, session_timers};
use crate::verdict::Verdict;

pub(super) fn request<'a>(
    profiles: &BfdProfiles<'_>,
    key: &'a Key,
    peer: &'a BgpPeer,
    verdict: &mut Verdict,
) -> Result<Request<'a>, String> {
    peer.validate()
        .map_err(|violations| violations.to_string())?;
    let neighbor = neighbor(key, peer)?;
    if peer.spec.disable_mp {
        verdict
            .not_implemented
            .push("spec.disableMP: deprecated, without effect".to_owned());
    }
    let profile = peer.spec.bfd_profile.as_ref().and_then(|name| {
        let profile = profiles.get(&Key::new(&key.namespace, name));
        if profile.is_none() {
            let message = format!("spec.bfdProfile: there is no usable BFDProfile {name}");
            verdict.unresolved.push(message);
        }
        profile.cloned()
    });
    Ok(Request {
        kind: Kind::BgpPeer,
        key,
        nodes: Nodes::Any(&peer.spec.node_selectors),
        routers: vec![SpeakerRouter {
            vrf: vrf(peer).map(str::to_owned),
            asn: peer.spec.my_asn,
            router_id: router_id(peer)?,
            neighbors: vec![neighbor],
            ..SpeakerRouter::default()
        }],
        bfd_profiles: profile.into_iter().collect(),
        raw: None,
    })
}

/// The id of the session that a `BGPPeer` asks for.
pub(crate) fn id(peer: &BgpPeer) -> String {
    let address = address(peer)
        .or(peer.spec.interface.as_deref())
        .unwrap_or_default();
    let canonical = parse_ip(address).map_or_else(|_| address.to_owned(), |ip| ip.to_string());
    neighbor_id(&canonical, vrf(peer))
}

fn address(peer: &BgpPeer) -> Option<&str> {
    peer.spec
        .peer_address
        .as_deref()
        .filter(|address| !address.is_empty())
}

fn vrf(peer: &BgpPeer) -> Option<&str> {
    peer.spec.vrf.as_deref().filter(|vrf| !vrf.is_empty())
}

fn router_id(peer: &BgpPeer) -> Result<Option<Ipv4Addr>, String> {
    let id = peer.spec.router_id.as_deref().map(parse_ipv4).transpose();
    id.map_err(|problem| format!("spec.routerID: {problem}"))
}

fn neighbor(key: &Key, peer: &BgpPeer) -> Result<NodeNeighbor, String> {
    let spec = &peer.spec;
    let address = address(peer).map(parse_ip).transpose();
    let address = address.map_err(|problem| format!("spec.peerAddress: {problem}"))?;
    let source = spec.source_address.as_deref().map(parse_ip).transpose();
    let connect = spec
        .connect_time
        .as_deref()
        .map(parse_connect_time)
        .transpose();
    let password = spec.password.as_ref().map(Secret::password).transpose();
    let both = spec.dual_stack_address_family || spec.interface.is_some();
    Ok(NodeNeighbor {
        id: id(peer),
        sources: vec![key.source(Kind::BgpPeer)],
        address,
        interface: spec.interface.clone(),
        remote_asn: remote_asn(spec.peer_asn, spec.dynamic_asn),
        local_asn: spec.local_asn,
        port: Some(spec.peer_port).filter(|port| *port != DEFAULT_PORT),
        source_address: source.map_err(|problem| format!("spec.sourceAddress: {problem}"))?,
        password: session_password(
            key,
            password.map_err(|problem| format!("spec.password: {problem}"))?,
            spec.password_secret.as_ref(),
        ),
        timers: peer
            .timers()
            .map_err(|problem| format!("spec.holdTime: {problem}"))?
            .map(session_timers),
        connect_seconds: connect
            .map_err(|problem| format!("spec.connectTime: {problem}"))?
            .map(seconds),
        ebgp_multi_hop: spec.ebgp_multi_hop,
        bfd: spec.bfd_profile.clone().map(|profile| SessionBfd {
            profile: Some(profile),
        }),
        graceful_restart: spec.enable_graceful_restart,
        ipv4: both || address.is_some_and(|address| address.is_ipv4()),
        ipv6: both || address.is_some_and(|address| address.is_ipv6()),
        ..NodeNeighbor::default()
    })
}

/// As FRR takes it: a number, `internal` or `external`.
pub(super) fn remote_asn(number: Option<u32>, dynamic: Option<DynamicAsn>) -> String {
    match (dynamic, number) {
        (Some(DynamicAsn::Internal), _) => "internal".to_owned(),
        (Some(DynamicAsn::External), _) => "external".to_owned(),
        (None, number) => number.unwrap_or_default().to_string(),
    }
}
