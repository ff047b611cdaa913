//! The router's FRR: the fabric's sessions in the default VRF, and a VRF with a session to the host for
//! each L3VNI.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ferroute_api::ferroute::{HostVeth, NodeFailure, NodeL3vni, NodeRouterSpec, NodeUnderlay};
use ferroute_frr::config::{
    Config, Evpn, Family, GracefulRestart, Neighbor, NeighborFamily, PeerId, RemoteAs, Router,
    Targets, Vrf,
};
use ferroute_frr::word::{Asn, RouteTarget, Vni, VrfName, WordError};
use ipnet::IpNet;

use super::neighbor::{families, neighbor};
use super::{Secrets, keep};

/// Seconds between attempts to reach a switch; FRR's default is two minutes.
const FABRIC_CONNECT: u16 = 5;

pub(super) fn router(
    spec: &NodeRouterSpec,
    secrets: &Secrets,
    failures: &mut Vec<NodeFailure>,
) -> Config {
    let mut config = Config::default();
    let Some(underlay) = &spec.underlay else {
        return config;
    };
    let Some(fabric) = keep(Asn::try_from(underlay.asn), &underlay.source, failures) else {
        return config;
    };
    config
        .routers
        .insert(None, fabric_router(fabric, underlay, secrets, failures));
    for wanted in &spec.l3vnis {
        // The kernel's part of it has failed already: it is left out as a whole.
        if failures
            .iter()
            .any(|failure| failure.source == wanted.source)
        {
            continue;
        }
        if let Some((vrf, vni, router)) = keep(
            overlay(wanted, underlay.router_id),
            &wanted.source,
            failures,
        ) {
            let l3vni = Some(vni);
            let known = Vrf {
                l3vni,
                ..Vrf::default()
            };
            config.vrfs.insert(vrf.clone(), known);
            config.routers.insert(Some(vrf), router);
        }
    }
    config
}

fn fabric_router(
    asn: Asn,
    underlay: &NodeUnderlay,
    secrets: &Secrets,
    failures: &mut Vec<NodeFailure>,
) -> Router {
    let NodeUnderlay {
        source,
        asn: _,
        router_id,
        vteps,
        nics: _,
        neighbors,
    } = underlay;
    let mut router = restartable(asn, *router_id);
    router.networks = vteps
        .iter()
        .map(|vtep| (IpNet::from(*vtep), None))
        .collect();
    router.evpn = Some(Evpn {
        advertise_all_vni: true,
        ..Evpn::default()
    });
    let family = NeighborFamily {
        allowas_in: true,
        ..NeighborFamily::default()
    };
    for wanted in neighbors {
        if let Some((peer, mut neighbor)) = keep(neighbor(wanted, secrets), source, failures) {
            families(wanted, &mut neighbor, &family);
            neighbor.connect_time.get_or_insert(FABRIC_CONNECT);
            neighbor.evpn = Some(family.clone());
            router.neighbors.insert(peer, neighbor);
        }
    }
    router
}

/// An instance whose peers keep its routes while FRR restarts: the kernel goes on forwarding, so they
/// lose nothing.
fn restartable(asn: Asn, router_id: Ipv4Addr) -> Router {
    let mut router = Router::new(asn);
    router.router_id = Some(router_id);
    router.graceful_restart = Some(GracefulRestart {
        enabled: true,
        restart_time: None,
        preserve_forwarding: true,
    });
    router
}

fn overlay(wanted: &NodeL3vni, router_id: Ipv4Addr) -> Result<(VrfName, Vni, Router), WordError> {
    let vrf: VrfName = wanted.vrf.parse()?;
    let vni = Vni::try_from(wanted.vni)?;
    let mut router = restartable(Asn::try_from(wanted.asn)?, router_id);
    router.evpn = Some(Evpn {
        advertise: BTreeSet::from([Family::Ipv4, Family::Ipv6]),
        targets: Targets {
            rd: Some(wanted.route_distinguisher.parse()?),
            import: route_targets(&wanted.import_route_targets)?,
            export: route_targets(&wanted.export_route_targets)?,
        },
        ..Evpn::default()
    });
    if let Some(session) = &wanted.host_session {
        add_host(&mut router, session)?;
    }
    Ok((vrf, vni, router))
}

fn route_targets(texts: &[String]) -> Result<BTreeSet<RouteTarget>, WordError> {
    texts.iter().map(|text| text.parse()).collect()
}

/// The host's speaker as a neighbor. Its address is announced to the fabric, so that pods can be answered.
fn add_host(router: &mut Router, session: &HostVeth) -> Result<(), WordError> {
    let asn = Asn::try_from(session.host_asn)?;
    for host in &session.host {
        let mut neighbor = Neighbor::new(RemoteAs::Number(asn));
        let family = Some(NeighborFamily::default());
        match host.addr() {
            IpAddr::V4(_) => neighbor.ipv4 = family,
            IpAddr::V6(_) => neighbor.ipv6 = family,
        }
        router
            .neighbors
            .insert(PeerId::Address(host.addr()), neighbor);
        router.networks.insert(IpNet::from(host.addr()), None);
    }
    Ok(())
}

/// Whether an address is the router's leg of one of the node's veths.
pub(super) fn is_own_router(spec: &NodeRouterSpec, address: IpAddr) -> bool {
    spec.l3vnis
        .iter()
        .filter_map(|wanted| wanted.host_session.as_ref())
        .flat_map(|session| &session.router)
        .any(|leg| leg.addr() == address)
}
