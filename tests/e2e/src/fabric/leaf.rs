//! leafA and leafB: the switches behind which the red and the blue hosts are.

use std::net::IpAddr;

use anyhow::Result;

use super::forwarding;
use crate::frr::Frr;

/// A tenant of the fabric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vrf {
    Red,
    Blue,
}

impl Vrf {
    pub const ALL: [Self; 2] = [Self::Red, Self::Blue];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Blue => "blue",
        }
    }

    pub const fn vni(self) -> u32 {
        match self {
            Self::Red => 100,
            Self::Blue => 200,
        }
    }

    const fn table(self) -> u32 {
        match self {
            Self::Red => 1100,
            Self::Blue => 1101,
        }
    }
}

/// A leaf with hosts: its routes of type 5 are what the cluster learns.
#[derive(Debug)]
pub struct Leaf {
    frr: Frr,
    /// Its address on the fabric: the next hop of its type 5 routes.
    pub vtep: &'static str,
    spine: &'static str,
    uplink: &'static str,
    /// Red's and blue's, in this order.
    gateways: [[&'static str; 2]; 2],
    router_macs: [&'static str; 2],
}

impl Leaf {
    pub(super) fn a(frr: Frr) -> Self {
        Self {
            frr,
            vtep: "100.64.0.1",
            spine: "192.168.1.0",
            uplink: "192.168.1.1/31",
            gateways: [
                ["192.168.20.1/24", "2001:db8:20::1/64"],
                ["192.168.21.1/24", "2001:db8:21::1/64"],
            ],
            router_macs: ["aa:bb:cc:00:00:65", "aa:bb:cc:00:00:66"],
        }
    }

    pub(super) fn b(frr: Frr) -> Self {
        Self {
            frr,
            vtep: "100.64.0.2",
            spine: "192.168.1.2",
            uplink: "192.168.1.3/31",
            gateways: [
                ["192.169.20.1/24", "2001:db8:169:20::1/64"],
                ["192.169.21.1/24", "2001:db8:169:21::1/64"],
            ],
            router_macs: ["aa:bb:cc:00:00:67", "aa:bb:cc:00:00:68"],
        }
    }

    pub fn frr(&self) -> &Frr {
        &self.frr
    }

    pub(super) fn start(&self) -> Result<()> {
        let place = self.frr.place();
        place.ip(&self.links())?;
        forwarding(place)?;
        place.sysctl("net/ipv6/conf/all/keep_addr_on_down", "1")?;
        self.frr.start(&self.configuration())
    }

    /// Announces a prefix to a tenant, whether it exists or not.
    pub fn announce(&self, vrf: Vrf, prefix: &str) -> Result<()> {
        self.in_tenant(vrf, prefix, &format!("network {prefix}"))
    }

    /// Takes an announced prefix back.
    pub fn withdraw(&self, vrf: Vrf, prefix: &str) -> Result<()> {
        self.in_tenant(vrf, prefix, &format!("no network {prefix}"))
    }

    /// Announces the tenant's hosts, as the leaf does from its start.
    pub fn announce_hosts(&self, vrf: Vrf) -> Result<()> {
        self.on_hosts(vrf, "redistribute connected")
    }

    /// Hides the tenant's hosts from the fabric.
    pub fn withdraw_hosts(&self, vrf: Vrf) -> Result<()> {
        self.on_hosts(vrf, "no redistribute connected")
    }

    fn on_hosts(&self, vrf: Vrf, line: &str) -> Result<()> {
        self.in_tenant(vrf, "0.0.0.0", line)?;
        self.in_tenant(vrf, "::", line)
    }

    /// Enters a line in the tenant's address family that `address` is of.
    fn in_tenant(&self, vrf: Vrf, address: &str, line: &str) -> Result<()> {
        let address: IpAddr = address.split('/').next().unwrap_or_default().parse()?;
        let family = if address.is_ipv4() { "ipv4" } else { "ipv6" };
        self.frr.configure(&[
            &format!("router bgp 64520 vrf {}", vrf.name()),
            &format!("address-family {family} unicast"),
            line,
        ])
    }

    fn links(&self) -> String {
        let Self { vtep, uplink, .. } = self;
        let mut text = format!(
            "link set lo up\naddr add {vtep}/32 dev lo\n\
             link set eth1 up\naddr add {uplink} dev eth1\n"
        );
        for (index, vrf) in Vrf::ALL.into_iter().enumerate() {
            text.push_str(&self.tenant_links(vrf, self.gateways[index], self.router_macs[index]));
        }
        text
    }

    fn tenant_links(&self, vrf: Vrf, gateways: [&str; 2], router_mac: &str) -> String {
        let (name, vni, table, vtep) = (vrf.name(), vrf.vni(), vrf.table(), self.vtep);
        let [v4, v6] = gateways;
        // Without the last route a lookup that finds nothing goes on in the leaf's own table. It is silent, as the demo's
        // leaves are: a request across tenants times out.
        format!(
            "link add {name} type vrf table {table}\n\
             link set {name} up\n\
             route add blackhole default metric 4278198272 table {table}\n\
             route add blackhole ::/0 metric 4278198272 table {table}\n\
             link add br{vni} address {router_mac} type bridge\n\
             link set br{vni} master {name} addrgenmode none\n\
             link add vni{vni} type vxlan id {vni} local {vtep} dstport 4789 nolearning\n\
             link set vni{vni} master br{vni} addrgenmode none\n\
             link set vni{vni} type bridge_slave neigh_suppress on learning off\n\
             link set vni{vni} up\n\
             link set br{vni} up\n\
             link set eth{name} master {name}\n\
             link set eth{name} up\n\
             addr add {v4} dev eth{name}\n\
             addr add {v6} dev eth{name} nodad\n"
        )
    }

    fn configuration(&self) -> String {
        let Self {
            vtep, spine, frr, ..
        } = self;
        let [red, blue] = Vrf::ALL.map(tenant);
        // The leaves have the same AS number: each takes the other's routes all the same.
        format!(
            "hostname {frr}
ip nht resolve-via-default
router bgp 64520
 bgp router-id {vtep}
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor {spine} remote-as 64612
 address-family ipv4 unicast
  network {vtep}/32
  neighbor {spine} activate
  neighbor {spine} allowas-in
 exit-address-family
 address-family l2vpn evpn
  neighbor {spine} activate
  neighbor {spine} allowas-in
  advertise-all-vni
  advertise-svi-ip
 exit-address-family
exit
{red}{blue}",
            frr = frr.place()
        )
    }
}

fn tenant(vrf: Vrf) -> String {
    let (name, vni) = (vrf.name(), vrf.vni());
    format!(
        "vrf {name}
 vni {vni}
exit-vrf
router bgp 64520 vrf {name}
 no bgp ebgp-requires-policy
 no bgp network import-check
 address-family ipv4 unicast
  redistribute connected
 exit-address-family
 address-family ipv6 unicast
  redistribute connected
 exit-address-family
 address-family l2vpn evpn
  advertise ipv4 unicast
  advertise ipv6 unicast
 exit-address-family
exit
"
    )
}
