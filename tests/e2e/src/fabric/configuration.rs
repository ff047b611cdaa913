//! What the routers of the fabric are told: interfaces for `ip`, the rest for FRR.

pub(super) const SPINE_LINKS: &str = "\
link set lo up
link set eth1 up
link set eth2 up
link set eth3 up
addr add 192.168.1.0/31 dev eth1
addr add 192.168.1.2/31 dev eth2
addr add 192.168.1.4/31 dev eth3
";

pub(super) const SPINE: &str = "\
hostname spine
router bgp 64612
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor 192.168.1.1 remote-as 64520
 neighbor 192.168.1.3 remote-as 64520
 neighbor 192.168.1.5 remote-as 64512
 address-family ipv4 unicast
  neighbor 192.168.1.1 activate
  neighbor 192.168.1.3 activate
  neighbor 192.168.1.5 activate
 exit-address-family
 address-family l2vpn evpn
  neighbor 192.168.1.1 activate
  neighbor 192.168.1.3 activate
  neighbor 192.168.1.5 activate
  advertise-all-vni
  advertise-svi-ip
 exit-address-family
exit
";

pub(super) const LEAF_KIND_LINKS: &str = "\
link set lo up
link set eth1 up
link set toswitch up
addr add 192.168.1.5/31 dev eth1
addr add 192.168.11.2/24 dev toswitch
";

pub(super) const LEAF_KIND: &str = "\
hostname leafkind
router bgp 64512
 no bgp ebgp-requires-policy
 no bgp network import-check
 no bgp default ipv4-unicast
 neighbor kind-nodes peer-group
 neighbor kind-nodes remote-as 64514
 bgp listen range 192.168.11.0/24 peer-group kind-nodes
 neighbor 192.168.1.4 remote-as 64612
 address-family ipv4 unicast
  neighbor kind-nodes activate
  neighbor 192.168.1.4 activate
 exit-address-family
 address-family l2vpn evpn
  neighbor kind-nodes activate
  neighbor 192.168.1.4 activate
  advertise-all-vni
  advertise-svi-ip
 exit-address-family
exit
";
