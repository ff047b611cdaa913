//! The fabric of OpenPERouter's demo: spine, leafA, leafB, leafkind and four hosts, each a namespace with stock FRR.

mod configuration;
mod leaf;

use std::thread;

use anyhow::{Result, anyhow};

pub use leaf::{Leaf, Vrf};

use crate::frr::Frr;
use crate::place::Place;

/// The network around the cluster.
#[derive(Debug)]
pub struct Fabric {
    pub spine: Frr,
    pub leaf_a: Leaf,
    pub leaf_b: Leaf,
    /// The top-of-rack switch that the nodes peer with.
    pub leaf_kind: Frr,
}

/// A host, its address and its leaf's, in both families.
struct Host {
    name: &'static str,
    addresses: [&'static str; 2],
    gateways: [&'static str; 2],
}

const HOSTS: [Host; 4] = [
    Host {
        name: "hostA_red",
        addresses: ["192.168.20.2/24", "2001:db8:20::2/64"],
        gateways: ["192.168.20.1", "2001:db8:20::1"],
    },
    Host {
        name: "hostA_blue",
        addresses: ["192.168.21.2/24", "2001:db8:21::2/64"],
        gateways: ["192.168.21.1", "2001:db8:21::1"],
    },
    Host {
        name: "hostB_red",
        addresses: ["192.169.20.2/24", "2001:db8:169:20::2/64"],
        gateways: ["192.169.20.1", "2001:db8:169:20::1"],
    },
    Host {
        name: "hostB_blue",
        addresses: ["192.169.21.2/24", "2001:db8:169:21::2/64"],
        gateways: ["192.169.21.1", "2001:db8:169:21::1"],
    },
];

impl Fabric {
    /// Starts every switch and host. The cables are laid already.
    pub(crate) fn start() -> Result<Self> {
        let frr = |name| Frr::new(Place::network(name));
        let fabric = Self {
            spine: frr("spine"),
            leaf_a: Leaf::a(frr("leafA")),
            leaf_b: Leaf::b(frr("leafB")),
            leaf_kind: frr("leafkind"),
        };
        thread::scope(|scope| {
            let parts = [
                scope.spawn(|| fabric.start_spine()),
                scope.spawn(|| fabric.leaf_a.start()),
                scope.spawn(|| fabric.leaf_b.start()),
                scope.spawn(|| fabric.start_leaf_kind()),
                scope.spawn(start_hosts),
            ];
            parts.into_iter().try_for_each(|part| {
                part.join()
                    .map_err(|_| anyhow!("a part of the fabric ended early"))?
            })
        })?;
        Ok(fabric)
    }

    /// Every router of the fabric.
    pub fn routers(&self) -> [&Frr; 4] {
        [
            &self.spine,
            self.leaf_a.frr(),
            self.leaf_b.frr(),
            &self.leaf_kind,
        ]
    }

    fn start_spine(&self) -> Result<()> {
        self.spine.place().ip(configuration::SPINE_LINKS)?;
        forwarding(self.spine.place())?;
        self.spine.start(configuration::SPINE)
    }

    fn start_leaf_kind(&self) -> Result<()> {
        self.leaf_kind.place().ip(configuration::LEAF_KIND_LINKS)?;
        forwarding(self.leaf_kind.place())?;
        self.leaf_kind.start(configuration::LEAF_KIND)
    }
}

fn start_hosts() -> Result<()> {
    for Host {
        name,
        addresses: [v4, v6],
        gateways: [gateway4, gateway6],
    } in &HOSTS
    {
        Place::network(name).ip(&format!(
            "link set lo up\n\
             link set eth1 up\n\
             addr add {v4} dev eth1\n\
             addr add {v6} dev eth1 nodad\n\
             route add default via {gateway4}\n\
             route add default via {gateway6}\n"
        ))?;
    }
    Ok(())
}

fn forwarding(place: &Place) -> Result<()> {
    place.sysctl("net/ipv4/ip_forward", "1")?;
    place.sysctl("net/ipv6/conf/all/forwarding", "1")
}
