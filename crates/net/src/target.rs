//! Desired overlays as the links that make them. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;

use crate::{
    Attachment, Desired, Family, HostBridge, Kind, L2Overlay, L3Overlay, Link, LinkName, Mac, Mtu,
    Place, Refusal, Subject, TableId, Unreachable, Veth, Vni, names,
};

/// The least MTU that IPv6 allows: below it the kernel takes IPv6 off the link.
const LEAST_MTU: u32 = 1280;

/// What the kernel should hold, link by link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    pub links: BTreeMap<Place, Link>,
    pub vteps: BTreeSet<IpNet>,
    pub unreachable: BTreeSet<Unreachable>,
    pub nics: BTreeSet<LinkName>,
    /// What contradicts something else that is desired, and is left out.
    pub refused: Vec<Refused>,
}

/// A part of the desired state that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub subject: Subject,
    pub refusal: Refusal,
}

impl Target {
    /// The links of `desired` on an underlay that carries packets of `underlay` bytes, if that is known.
    pub fn new(desired: &Desired, underlay: Option<Mtu>) -> Self {
        let mut builder = Builder {
            underlay,
            ..Builder::default()
        };
        let Desired {
            underlay,
            overlays,
            l2,
        } = desired;
        if let Some(underlay) = underlay {
            builder.target.vteps = underlay.vteps.iter().copied().map(IpNet::from).collect();
            builder.target.nics = underlay.nics.iter().cloned().collect();
        }
        // Layer 3 first: a VRF that both name belongs to the layer 3 VNI.
        for overlay in overlays {
            builder.add(overlay.vni, |builder| builder.l3(overlay));
        }
        for overlay in l2 {
            builder.add(overlay.vni, |builder| builder.l2(overlay));
        }
        builder.target
    }
}

#[derive(Default)]
struct Builder {
    underlay: Option<Mtu>,
    vnis: BTreeSet<Vni>,
    vrfs: BTreeMap<LinkName, Vni>,
    target: Target,
}

impl Builder {
    fn add(&mut self, vni: Vni, overlay: impl FnOnce(&mut Self) -> Result<(), Refusal>) {
        let added = if self.vnis.insert(vni) {
            overlay(self)
        } else {
            Err(Refusal::VniInUse(vni))
        };
        if let Err(refusal) = added {
            self.target.refused.push(Refused {
                subject: Subject::Vni(vni),
                refusal,
            });
        }
    }

    fn l3(&mut self, overlay: &L3Overlay) -> Result<(), Refusal> {
        let L3Overlay {
            vni,
            vrf,
            vxlan_port,
            vtep,
            veth,
        } = overlay;
        if let Some(&owner) = self.vrfs.get(vrf) {
            return Err(Refusal::VrfInUse {
                vrf: vrf.clone(),
                vni: owner,
            });
        }
        self.vrf(*vni, vrf)?;
        let mtu = self.mtu(*vtep);
        self.insert(
            Place::router(names::router_bridge(*vni)),
            Link {
                mac: Some(Mac::router(*vtep, *vni)),
                link_local: false,
                attachment: Attachment::To(vrf.clone()),
                ..up(*vni, Kind::Bridge, mtu)
            },
        );
        self.vxlan(*vni, *vxlan_port, *vtep);
        if let Some(Veth { host, router }) = veth {
            let leg = up(*vni, Kind::Veth { paired: true }, mtu);
            self.insert(
                Place::host(names::host_leg(*vni)),
                Link {
                    attachment: Attachment::Unmanaged,
                    addresses: host.iter().copied().collect(),
                    ..leg.clone()
                },
            );
            self.insert(
                Place::router(names::router_leg(*vni)),
                Link {
                    attachment: Attachment::To(vrf.clone()),
                    addresses: router.iter().copied().collect(),
                    ..leg
                },
            );
        }
        Ok(())
    }

    fn l2(&mut self, overlay: &L2Overlay) -> Result<(), Refusal> {
        let L2Overlay {
            vni,
            vxlan_port,
            vtep,
            vrf,
            gateway,
            host_bridge,
        } = overlay;
        if let Some(vrf) = vrf.as_ref().filter(|vrf| !self.vrfs.contains_key(vrf)) {
            self.vrf(*vni, vrf)?;
        }
        let mtu = self.mtu(*vtep);
        // The bridge keeps its link-local address: without one, the kernel drops neighbor solicitations that
        // ask for its gateway address.
        self.insert(
            Place::router(names::router_bridge(*vni)),
            Link {
                mac: (!gateway.is_empty()).then(|| Mac::gateway(*vni)),
                attachment: vrf.clone().map_or(Attachment::Detached, Attachment::To),
                addresses: gateway.iter().copied().collect(),
                ..up(*vni, Kind::Bridge, mtu)
            },
        );
        self.vxlan(*vni, *vxlan_port, *vtep);
        let leg = up(*vni, Kind::Veth { paired: true }, mtu);
        let attachment = self.host_bridge(*vni, host_bridge.as_ref(), mtu);
        self.insert(
            Place::host(names::host_leg(*vni)),
            Link {
                attachment,
                ..leg.clone()
            },
        );
        self.insert(
            Place::router(names::router_leg(*vni)),
            Link {
                attachment: Attachment::To(names::router_bridge(*vni)),
                ..leg
            },
        );
        Ok(())
    }

    fn vrf(&mut self, vni: Vni, vrf: &LinkName) -> Result<(), Refusal> {
        if names::is_reserved(vrf) || self.target.nics.contains(vrf) {
            return Err(Refusal::VrfReserved(vrf.clone()));
        }
        let table = TableId::of(vni);
        self.vrfs.insert(vrf.clone(), vni);
        self.insert(
            Place::router(vrf.clone()),
            up(vni, Kind::Vrf { table }, None),
        );
        self.target
            .unreachable
            .extend(Family::BOTH.map(|family| Unreachable { table, family }));
        Ok(())
    }

    fn vxlan(&mut self, vni: Vni, port: u16, vtep: IpAddr) {
        let kind = Kind::Vxlan {
            vni,
            port,
            local: Some(vtep),
            learning: false,
        };
        self.insert(
            Place::router(names::vxlan(vni)),
            Link {
                link_local: false,
                evpn_port: true,
                attachment: Attachment::To(names::router_bridge(vni)),
                ..up(vni, kind, self.mtu(vtep))
            },
        );
    }

    fn host_bridge(
        &mut self,
        vni: Vni,
        bridge: Option<&HostBridge>,
        mtu: Option<Mtu>,
    ) -> Attachment {
        match bridge {
            None => Attachment::Unmanaged,
            Some(HostBridge::Existing(bridge)) => Attachment::To(bridge.clone()),
            Some(HostBridge::Managed) => {
                let name = names::host_bridge(vni);
                let bridge = Link {
                    attachment: Attachment::Unmanaged,
                    ..up(vni, Kind::Bridge, mtu)
                };
                self.insert(Place::host(name.clone()), bridge);
                Attachment::To(name)
            }
        }
    }

    fn insert(&mut self, place: Place, link: Link) {
        self.target.links.insert(place, link);
    }

    /// What is left of the underlay's packets: 50 bytes less for VXLAN over IPv4, 70 over IPv6.
    fn mtu(&self, vtep: IpAddr) -> Option<Mtu> {
        let overhead = if vtep.is_ipv4() { 50 } else { 70 };
        self.underlay
            .map(|Mtu(mtu)| Mtu(mtu.saturating_sub(overhead).max(LEAST_MTU)))
    }
}

fn up(vni: Vni, kind: Kind, mtu: Option<Mtu>) -> Link {
    Link {
        up: true,
        mtu,
        ..Link::fresh(vni, kind)
    }
}
