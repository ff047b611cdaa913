//! Reads both namespaces, one dump per table, and keeps what is ours.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Attachment, Error, Family, Kind, Link, LinkName, Loopback, Nic, NicRecord, Observed, Place,
    Route, Space, Unreachable, names,
    parse::{self, Addresses, RawLink},
    socket::Socket,
};

/// The index of every link of both namespaces, ours or not: controllers may be foreign.
pub(crate) type Indexes = BTreeMap<Place, u32>;

/// What is needed to recognise the NICs.
pub(crate) struct Known<'a> {
    pub(crate) wanted: &'a BTreeSet<LinkName>,
    pub(crate) records: &'a BTreeMap<LinkName, NicRecord>,
}

/// The kernel at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) observed: Observed,
    pub(crate) indexes: Indexes,
}

pub(crate) async fn observe(
    host: &Socket,
    router: &Socket,
    known: Known<'_>,
) -> Result<Snapshot, Error> {
    let host_dump = Dump::of(host).await?;
    let router_dump = Dump::of(router).await?;
    let mut nics = host_dump.nics(&known);
    nics.extend(router_dump.nics(&known));
    for (name, nic) in &mut nics {
        nic.record = known.records.get(name).cloned();
        if nic.space == Space::Host && nic.record.is_none() | !nic.is_marked() {
            nic.routes = routes(host, host_dump.by_name[name]).await?;
        }
    }
    let mut links = host_dump.ours(&router_dump);
    links.extend(router_dump.ours(&host_dump));
    let loopback = router_dump.loopback();
    let unreachable = unreachable(router).await?;
    let indexes = host_dump.indexes().chain(router_dump.indexes()).collect();
    Ok(Snapshot {
        observed: Observed {
            links,
            loopback,
            unreachable,
            nics,
        },
        indexes,
    })
}

async fn unreachable(router: &Socket) -> Result<BTreeSet<Unreachable>, Error> {
    let mut unreachable = BTreeSet::new();
    for family in Family::BOTH {
        unreachable.extend(
            router
                .unreachable(family)
                .await?
                .iter()
                .filter_map(parse::unreachable),
        );
    }
    Ok(unreachable)
}

async fn routes(host: &Socket, index: u32) -> Result<Vec<Route>, Error> {
    let mut routes = Vec::new();
    for family in Family::BOTH {
        let messages = host.routes_through(index, family).await?;
        routes.extend(messages.iter().filter_map(parse::configured_route));
    }
    routes.sort();
    Ok(routes)
}

/// One namespace.
struct Dump {
    space: Space,
    links: BTreeMap<u32, RawLink>,
    by_name: BTreeMap<LinkName, u32>,
    addresses: Addresses,
}

impl Dump {
    async fn of(socket: &Socket) -> Result<Self, Error> {
        let links = socket.links().await?;
        let addresses = socket.addresses().await?;
        let by_name = links
            .iter()
            .map(|link| (link.name.clone(), link.index))
            .collect();
        let links = links.into_iter().map(|link| (link.index, link)).collect();
        Ok(Self {
            space: socket.space,
            links,
            by_name,
            addresses,
        })
    }

    fn indexes(&self) -> impl Iterator<Item = (Place, u32)> {
        self.by_name
            .iter()
            .map(|(name, index)| (self.place(name), *index))
    }

    fn place(&self, name: &LinkName) -> Place {
        Place {
            space: self.space,
            name: name.clone(),
        }
    }

    fn ours(&self, other: &Self) -> BTreeMap<Place, Link> {
        self.links
            .values()
            .filter_map(|raw| self.our_link(raw, other))
            .collect()
    }

    fn our_link(&self, raw: &RawLink, other: &Self) -> Option<(Place, Link)> {
        let place = self.place(&raw.name);
        let vni = names::owner(&place, raw.kind.as_ref()?, raw.group)?;
        let kind = match raw.kind.clone()? {
            Kind::Veth { .. } => {
                let leg = other.by_name.get(&names::other_leg(&place, vni).name);
                let leg = leg.and_then(|index| other.links.get(index));
                Kind::Veth {
                    paired: leg.is_some_and(|leg| are_pair(raw, leg)),
                }
            }
            kind @ (Kind::Vrf { .. } | Kind::Bridge | Kind::Vxlan { .. }) => kind,
        };
        let link = Link {
            vni,
            kind,
            mac: raw.mac,
            mtu: Some(raw.mtu),
            up: raw.up,
            attachment: self.attachment(raw),
            link_local: raw.link_local,
            evpn_port: raw.evpn_port,
            addresses: self.addresses.get(&raw.index).cloned().unwrap_or_default(),
        };
        Some((place, link))
    }

    fn attachment(&self, raw: &RawLink) -> Attachment {
        self.controller(raw)
            .map_or(Attachment::Detached, Attachment::To)
    }

    fn controller(&self, raw: &RawLink) -> Option<LinkName> {
        let controller = self.links.get(&raw.controller?)?;
        Some(controller.name.clone())
    }

    fn loopback(&self) -> Loopback {
        let raw = self
            .by_name
            .get(&LinkName::loopback())
            .and_then(|index| self.links.get(index));
        raw.map(|raw| Loopback {
            up: raw.up,
            addresses: self.addresses.get(&raw.index).cloned().unwrap_or_default(),
        })
        .unwrap_or_default()
    }

    /// The wanted NICs, the recorded ones, and whatever carries the mark.
    fn nics(&self, known: &Known<'_>) -> BTreeMap<LinkName, Nic> {
        let is_nic = |raw: &&RawLink| {
            raw.group == names::NIC_GROUP
                || known.wanted.contains(&raw.name)
                || known.records.contains_key(&raw.name)
        };
        let nics = self.links.values().filter(is_nic);
        nics.map(|raw| (raw.name.clone(), self.nic(raw))).collect()
    }

    fn nic(&self, raw: &RawLink) -> Nic {
        Nic {
            space: self.space,
            group: raw.group,
            mtu: raw.mtu,
            up: raw.up,
            controller: self.controller(raw),
            addresses: self.addresses.get(&raw.index).cloned().unwrap_or_default(),
            routes: Vec::new(),
            record: None,
        }
    }
}

fn are_pair(a: &RawLink, b: &RawLink) -> bool {
    a.peer == Some(b.index) && b.peer == Some(a.index)
}
