//! The kernel's part: NICs, VTEPs, and for each L3VNI a VRF with its bridge, tunnel and veth.

use ferroute_api::ferroute::{NodeFailure, NodeL3vni, NodeRouterSpec, NodeUnderlay};
use ferroute_net::{Desired, L3Overlay, LinkName, Underlay, Veth, Vni};

use super::keep;

pub(super) fn kernel(spec: &NodeRouterSpec, failures: &mut Vec<NodeFailure>) -> Desired {
    let underlay = spec
        .underlay
        .as_ref()
        .and_then(|wanted| underlay(wanted, failures));
    let overlays = spec
        .l3vnis
        .iter()
        .filter_map(|wanted| keep(overlay(wanted), &wanted.source, failures));
    Desired {
        overlays: overlays.collect(),
        underlay,
        l2: Vec::new(),
    }
}

fn underlay(wanted: &NodeUnderlay, failures: &mut Vec<NodeFailure>) -> Option<Underlay> {
    let nics: Result<_, _> = wanted.nics.iter().map(LinkName::new).collect();
    let nics = keep(nics, &wanted.source, failures)?;
    Some(Underlay {
        nics,
        vteps: wanted.vteps.clone(),
    })
}

fn overlay(wanted: &NodeL3vni) -> Result<L3Overlay, Box<dyn std::error::Error>> {
    Ok(L3Overlay {
        vni: Vni::new(wanted.vni)?,
        vrf: LinkName::new(&wanted.vrf)?,
        vxlan_port: wanted.vxlan_port,
        vtep: wanted.vtep,
        veth: wanted.host_session.as_ref().map(|session| Veth {
            host: session.host.clone(),
            router: session.router.clone(),
        }),
    })
}
