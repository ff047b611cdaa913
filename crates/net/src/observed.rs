//! What the kernel holds that is ours, and what it does to it when something changes.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::{
    Attachment, Change, Kind, Link, LinkName, Mtu, NicRecord, Place, Route, Space, Unreachable,
    names,
};

/// What the kernel holds that is ours. Foreign links are not in it, so no plan can name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    pub links: BTreeMap<Place, Link>,
    pub loopback: Loopback,
    pub unreachable: BTreeSet<Unreachable>,
    /// The desired NICs and those that we moved at any time, if they exist.
    pub nics: BTreeMap<LinkName, Nic>,
}

/// The loopback of the router.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loopback {
    pub up: bool,
    /// Without those that the kernel puts there.
    pub addresses: BTreeSet<IpNet>,
}

/// An underlay NIC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    pub space: Space,
    pub group: u32,
    pub mtu: Mtu,
    pub up: bool,
    /// What it is a port of in its namespace.
    pub controller: Option<LinkName>,
    pub addresses: BTreeSet<IpNet>,
    /// Read only where a record may be made of them.
    pub routes: Vec<Route>,
    pub record: Option<NicRecord>,
}

impl Nic {
    /// Whether it carries the mark of a NIC that we moved.
    pub fn is_marked(&self) -> bool {
        self.group == names::NIC_GROUP
    }

    /// The bridge, bond or VRF of the host that it is a port of. It is not moved from there: the kernel would take it
    /// out, and nothing could put it back.
    pub(crate) fn controller_in_host(&self) -> Option<&LinkName> {
        let controller = self.controller.as_ref();
        controller.filter(|_| self.space == Space::Host)
    }

    /// Whether its record holds more than the NIC itself does now: that of a marked NIC, and that of one that has
    /// just come back (a reboot, a reloaded driver) and that the host has not set up again yet.
    pub(crate) fn has_fuller_record(&self) -> bool {
        self.record.as_ref().is_some_and(|record| {
            let is_bare = self.addresses.is_empty() && !self.up;
            self.is_marked() || is_bare && (record.up || !record.addresses.is_empty())
        })
    }

    /// What there is to record of it now.
    pub(crate) fn to_record(&self, name: &LinkName) -> NicRecord {
        NicRecord {
            name: name.clone(),
            mtu: self.mtu,
            up: self.up,
            group: if self.is_marked() { 0 } else { self.group },
            addresses: self.addresses.iter().copied().collect(),
            routes: self.routes.clone(),
        }
    }
}

impl Observed {
    /// Does to this what the kernel does when the change is applied, side effects included.
    ///
    /// The planner runs every change through this, so a consequence (a port that loses its controller, an IPv6
    /// address that a VRF drops) is repaired in the same plan. The tests on a real kernel keep it honest.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Create { place, link } => self.create(place, link),
            Change::Delete { place } => self.delete(place),
            Change::SetMac { place, mac } => self.set(place, |link| link.mac = Some(*mac)),
            Change::SetMtu { place, mtu } => self.set_mtu(place, *mtu),
            Change::DisableLinkLocal { place } => self.set(place, |link| link.link_local = false),
            Change::Attach { place, to } => self.attach(place, to),
            Change::SetEvpnPort { place } => self.set(place, |link| link.evpn_port = true),
            Change::SetUp { place } => self.set_up(place),
            Change::AddAddress { place, address } => {
                if let Some(addresses) = self.addresses(place) {
                    addresses.insert(*address);
                }
            }
            Change::RemoveAddress { place, address } => {
                if let Some(addresses) = self.addresses(place) {
                    addresses.remove(address);
                }
            }
            Change::AddUnreachable(route) => {
                self.unreachable.insert(*route);
            }
            Change::RemoveUnreachable(route) => {
                self.unreachable.remove(route);
            }
            Change::SaveNic(record) => {
                self.set_nic(&record.name, |nic| {
                    nic.record = Some(NicRecord::clone(record));
                });
            }
            Change::MoveNic { nic, to } => self.set_nic(nic, |nic| nic.move_to(*to)),
            Change::SetNicGroup { nic, group } => self.set_nic(nic, |nic| nic.group = *group),
            Change::RestoreRoute { .. } => {}
            Change::ForgetNic { nic } => self.set_nic(nic, |nic| nic.record = None),
        }
    }

    fn create(&mut self, place: &Place, link: &Link) {
        self.links.insert(place.clone(), link.clone());
        if matches!(link.kind, Kind::Veth { .. }) {
            self.links
                .insert(names::other_leg(place, link.vni), link.clone());
        }
    }

    fn delete(&mut self, place: &Place) {
        let Some(link) = self.links.remove(place) else {
            return;
        };
        match link.kind {
            Kind::Veth { paired: true } => {
                self.links.remove(&names::other_leg(place, link.vni));
            }
            Kind::Vrf { .. } | Kind::Bridge => self.release_ports(place, &link.kind),
            Kind::Vxlan { .. } | Kind::Veth { paired: false } => {}
        }
    }

    fn release_ports(&mut self, controller: &Place, kind: &Kind) {
        let gone = Attachment::To(controller.name.clone());
        for (place, port) in &mut self.links {
            if place.space == controller.space && port.attachment == gone {
                port.detach(matches!(kind, Kind::Vrf { .. }));
            }
        }
    }

    fn attach(&mut self, place: &Place, to: &Attachment) {
        let Some(link) = self.links.get(place) else {
            return;
        };
        let vrf = self.is_vrf(place.space, &link.attachment) || self.is_vrf(place.space, to);
        self.set(place, |link| {
            link.detach(vrf);
            link.attachment = to.clone();
        });
    }

    fn is_vrf(&self, space: Space, attachment: &Attachment) -> bool {
        let Attachment::To(name) = attachment else {
            return false;
        };
        let controller = Place {
            space,
            name: name.clone(),
        };
        self.links
            .get(&controller)
            .is_some_and(|link| matches!(link.kind, Kind::Vrf { .. }))
    }

    fn set(&mut self, place: &Place, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links.get_mut(place) {
            change(link);
        }
    }

    fn set_mtu(&mut self, place: &Place, mtu: Mtu) {
        self.set(place, |link| link.mtu = Some(mtu));
        self.set_nic(&place.name, |nic| {
            if nic.space == place.space {
                nic.mtu = mtu;
            }
        });
    }

    fn set_up(&mut self, place: &Place) {
        if *place == Place::loopback() {
            self.loopback.up = true;
        }
        self.set(place, |link| link.up = true);
        self.set_nic(&place.name, |nic| nic.up |= nic.space == place.space);
    }

    fn set_nic(&mut self, nic: &LinkName, change: impl FnOnce(&mut Nic)) {
        if let Some(nic) = self.nics.get_mut(nic) {
            change(nic);
        }
    }

    fn addresses(&mut self, place: &Place) -> Option<&mut BTreeSet<IpNet>> {
        if *place == Place::loopback() {
            return Some(&mut self.loopback.addresses);
        }
        if let Some(link) = self.links.get_mut(place) {
            return Some(&mut link.addresses);
        }
        let nic = self.nics.get_mut(&place.name)?;
        (nic.space == place.space).then_some(&mut nic.addresses)
    }
}

impl Link {
    /// Leaving or joining a VRF takes the link down and up again, which drops its IPv6 addresses.
    fn detach(&mut self, vrf: bool) {
        self.attachment = Attachment::Detached;
        self.evpn_port = false;
        if vrf {
            self.addresses
                .retain(|address| matches!(address, IpNet::V4(_)));
        }
    }
}

impl Nic {
    /// A link that changes its namespace is down, alone and has no address there.
    fn move_to(&mut self, space: Space) {
        self.space = space;
        self.group = names::NIC_GROUP;
        self.up = false;
        self.controller = None;
        self.addresses.clear();
    }
}

/// These state what the kernel does; the plan's properties take it for granted.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TableId, Vni};

    fn vni() -> Vni {
        Vni::new(1).unwrap()
    }

    fn vrf() -> Place {
        Place::router(LinkName::new("red").unwrap())
    }

    fn bridge() -> Place {
        Place::router(names::router_bridge(vni()))
    }

    fn leg() -> Place {
        Place::router(names::router_leg(vni()))
    }

    /// A VRF and a bridge, with a veth leg of both families and of EVPN's port settings attached to one of them.
    fn attached_to(controller: &Place) -> Observed {
        let link = |kind| Link::fresh(vni(), kind);
        let leg_link = Link {
            attachment: Attachment::To(controller.name.clone()),
            evpn_port: true,
            addresses: ["10.0.0.1/24", "fd00::1/64"]
                .map(|net| net.parse().unwrap())
                .into(),
            ..link(Kind::Veth { paired: true })
        };
        let links = [
            (
                vrf(),
                link(Kind::Vrf {
                    table: TableId::of(vni()),
                }),
            ),
            (bridge(), link(Kind::Bridge)),
            (leg(), leg_link),
            (
                Place::host(names::host_leg(vni())),
                link(Kind::Veth { paired: true }),
            ),
        ];
        Observed {
            links: links.into(),
            ..Observed::default()
        }
    }

    fn leg_after(mut observed: Observed, change: &Change) -> (Attachment, bool, usize) {
        observed.apply(change);
        let leg = &observed.links[&leg()];
        (leg.attachment.clone(), leg.evpn_port, leg.addresses.len())
    }

    #[test]
    fn a_deleted_controller_releases_its_ports() {
        let after = leg_after(attached_to(&bridge()), &Change::Delete { place: bridge() });
        assert_eq!(after, (Attachment::Detached, false, 2));
    }

    #[test]
    fn leaving_a_vrf_costs_the_ipv6_addresses() {
        let after = leg_after(attached_to(&vrf()), &Change::Delete { place: vrf() });
        assert_eq!(after, (Attachment::Detached, false, 1));
        let detach = Change::Attach {
            place: leg(),
            to: Attachment::Detached,
        };
        assert_eq!(
            leg_after(attached_to(&vrf()), &detach),
            (Attachment::Detached, false, 1)
        );
    }

    #[test]
    fn joining_a_vrf_costs_the_ipv6_addresses_and_the_port_settings() {
        let to = Attachment::To(vrf().name);
        let change = Change::Attach {
            place: leg(),
            to: to.clone(),
        };
        assert_eq!(leg_after(attached_to(&bridge()), &change), (to, false, 1));
    }

    #[test]
    fn one_leg_of_a_pair_takes_the_other_with_it() {
        let mut observed = attached_to(&bridge());
        observed.apply(&Change::Delete { place: leg() });
        assert_eq!(
            observed.links.into_keys().collect::<Vec<_>>(),
            [bridge(), vrf()]
        );
    }
}
