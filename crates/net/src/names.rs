//! The naming scheme and the mark of ownership: the one place that decides what is ours.
//!
//! The namespaces are shared with CNI plugins, with other operators and with people. A link is ours if it
//! carries our group *and* the name that this VNI's link of that kind has. The kernel sets the group in the same
//! request that creates the link, so no moment exists in which a link of ours looks foreign; and a foreign
//! `host-7` has no such group. What this module does not recognise, nothing else in this crate can touch.

use crate::{Kind, LinkName, Place, Space, Vni};

/// The high byte of `IFLA_GROUP` of every link that we create; the other 24 bits are the VNI.
const TAG: u32 = 0x4600_0000;

/// The group of an underlay NIC that we moved; the same number that OpenPERouter uses.
pub(crate) const NIC_GROUP: u32 = 4242;

/// The veth leg of a VNI in the host.
pub fn host_leg(vni: Vni) -> LinkName {
    LinkName::trusted(format!("host-{vni}"))
}

/// The veth leg of a VNI in the router's namespace.
pub fn router_leg(vni: Vni) -> LinkName {
    LinkName::trusted(format!("pe-{vni}"))
}

/// The bridge of a VNI in the router's namespace.
pub fn router_bridge(vni: Vni) -> LinkName {
    LinkName::trusted(format!("br-pe-{vni}"))
}

/// The VXLAN link of a VNI.
pub fn vxlan(vni: Vni) -> LinkName {
    LinkName::trusted(format!("vni{vni}"))
}

/// The bridge that we keep in the host for a layer 2 VNI.
pub fn host_bridge(vni: Vni) -> LinkName {
    LinkName::trusted(format!("br-hs-{vni}"))
}

/// The group that marks a link as ours and says whose it is.
pub(crate) const fn group(vni: Vni) -> u32 {
    TAG | vni.get()
}

/// The VNI in a group of ours.
pub(crate) fn tagged(group: u32) -> Option<Vni> {
    (group & !Vni::MAX == TAG)
        .then_some(group & Vni::MAX)
        .and_then(|vni| Vni::new(vni).ok())
}

/// The VNI that a link belongs to, if it is ours.
pub(crate) fn owner(place: &Place, kind: &Kind, group: u32) -> Option<Vni> {
    let vni = tagged(group)?;
    let Place { space, name } = place;
    let ours = match (kind, space) {
        (Kind::Vrf { .. }, Space::Router) => true,
        (Kind::Bridge, Space::Router) => *name == router_bridge(vni),
        (Kind::Vxlan { .. }, Space::Router) => *name == vxlan(vni),
        (Kind::Veth { .. }, Space::Router) => *name == router_leg(vni),
        (Kind::Bridge, Space::Host) => *name == host_bridge(vni),
        (Kind::Veth { .. }, Space::Host) => *name == host_leg(vni),
        (Kind::Vrf { .. } | Kind::Vxlan { .. }, Space::Host) => false,
    };
    ours.then_some(vni)
}

/// Whether a VRF of this name could be taken for a link of the scheme.
pub(crate) fn is_reserved(name: &LinkName) -> bool {
    ["host-", "pe-", "br-pe-", "br-hs-", "vni"]
        .iter()
        .any(|prefix| {
            name.as_str()
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.parse::<u32>().is_ok())
        })
}

/// The other leg of a veth pair of ours.
pub(crate) fn other_leg(place: &Place, vni: Vni) -> Place {
    match place.space {
        Space::Host => Place::router(router_leg(vni)),
        Space::Router => Place::host(host_leg(vni)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vni(vni: u32) -> Vni {
        Vni::new(vni).unwrap()
    }

    #[test]
    fn the_longest_vni_still_makes_valid_names() {
        let longest = vni(Vni::MAX);
        for name in [
            host_leg(longest),
            router_leg(longest),
            router_bridge(longest),
            vxlan(longest),
            host_bridge(longest),
        ] {
            assert_eq!(LinkName::new(name.as_str()), Ok(name));
        }
    }

    #[test]
    fn a_link_is_ours_only_with_our_group_and_the_name_of_its_vni() {
        let veth = Kind::Veth { paired: true };
        let host = |name: &str| Place::host(LinkName::new(name).unwrap());
        assert_eq!(owner(&host("host-7"), &veth, group(vni(7))), Some(vni(7)));
        assert_eq!(owner(&host("host-7"), &veth, 0), None);
        assert_eq!(owner(&host("host-7"), &veth, NIC_GROUP), None);
        assert_eq!(owner(&host("host-7"), &veth, group(vni(8))), None);
        assert_eq!(owner(&host("host-foo"), &veth, group(vni(7))), None);
        assert_eq!(owner(&host("host-07"), &veth, group(vni(7))), None);
        assert_eq!(owner(&host("pe-7"), &veth, group(vni(7))), None);
        assert_eq!(owner(&host("host-7"), &Kind::Bridge, group(vni(7))), None);
        assert_eq!(owner(&host("host-7"), &veth, TAG), None);
    }
}
