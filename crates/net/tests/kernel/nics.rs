//! Underlay NICs on a real kernel.

use crate::node::{Node, converge, failures, lines, on_a_node, quiet, segment, underlay};
use ferroute_net::{Desired, Kernel};

fn with_nic(nic: &str) -> Desired {
    Desired {
        underlay: Some(underlay(&[nic])),
        overlays: Vec::new(),
        l2: vec![segment(100)],
    }
}

/// A NIC `toswitch` with addresses of both families, a default route and a route through a second gateway.
fn plug(node: &Node) {
    node.host("link add toswitch type veth peer name tor");
    node.host("link set tor up");
    node.host("link set toswitch mtu 9000 group 7");
    node.host("link set toswitch up");
    node.host("addr add 192.168.11.3/24 dev toswitch");
    node.host("addr add 2001:db8:11::3/64 dev toswitch nodad");
    node.host("route add default via 192.168.11.2 dev toswitch metric 50");
    node.host("route add 10.9.0.0/16 via 192.168.11.2 dev toswitch proto static");
    node.host("route add 192.168.77.1 dev toswitch scope link");
    node.host("-6 route add default via 2001:db8:11::2 dev toswitch metric 77");
}

fn state_of(node: &Node) -> (String, String, String, String) {
    (
        node.host("-br -4 addr show toswitch"),
        node.host("-o -6 addr show toswitch scope global"),
        node.host("route show dev toswitch"),
        node.host("-6 route show default"),
    )
}

#[test]
fn a_nic_moves_with_its_addresses_and_comes_back_as_it_was() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        plug(&node);
        let before = state_of(&node);
        let changes = lines(&converge(&kernel, &with_nic("toswitch")).await);
        let saved = changes
            .iter()
            .position(|line| line == "record the state of NIC toswitch");
        let moved = changes
            .iter()
            .position(|line| line.starts_with("move NIC toswitch"));
        assert!(saved.is_some() && saved < moved, "{changes:#?}");
        let there = node.router("-d addr show toswitch");
        for property in ["192.168.11.3/24", "2001:db8:11::3/64", "group 4242", ",UP"] {
            assert!(there.contains(property), "{property:?} is not in {there}");
        }
        assert_eq!(
            lines(&converge(&kernel, &with_nic("toswitch")).await),
            Vec::<String>::new()
        );

        converge(&kernel, &Desired::default()).await;
        assert_eq!(state_of(&node), before);
        assert!(node.host("link show toswitch").contains("mtu 9000"));
        assert!(node.host("link show toswitch").contains("group 7"));
        assert_eq!(std::fs::read_dir(node.state_dir()).unwrap().count(), 0);
    });
}

#[test]
fn a_nic_whose_state_cannot_be_saved_stays_in_the_host() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        plug(&node);
        std::fs::create_dir(node.state_dir().join("nic-toswitch.part")).unwrap();
        let before = state_of(&node);
        let outcome = kernel.reconcile(&with_nic("toswitch")).await.unwrap();
        assert_eq!(outcome.failures.len(), 1, "{:?}", failures(&outcome));
        assert!(failures(&outcome)[0].starts_with("nic toswitch: record of NIC toswitch"));
        assert_eq!(state_of(&node), before);
        node.router("link show vni100");
    });
}

#[test]
fn a_restarted_agent_gives_back_a_nic_that_it_finds_in_the_router() {
    on_a_node(async |node| {
        plug(&node);
        let before = state_of(&node);
        converge(&node.kernel().await, &with_nic("toswitch")).await;
        converge(&node.kernel().await, &Desired::default()).await;
        assert_eq!(state_of(&node), before);
    });
}

#[test]
fn a_nic_gets_back_what_is_taken_from_it_in_the_router() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        plug(&node);
        converge(&kernel, &with_nic("toswitch")).await;
        node.router("link set toswitch down");
        node.router("addr flush dev toswitch");
        let healed = lines(&converge(&kernel, &with_nic("toswitch")).await);
        assert_eq!(
            healed,
            [
                "set router/toswitch up",
                "add address 192.168.11.3/24 to router/toswitch",
                "add address 2001:db8:11::3/64 to router/toswitch",
            ]
        );
    });
}

/// The NIC is taken, disappears, and comes back without anything, as after a reboot.
async fn come_back_bare(node: &Node, kernel: &Kernel) {
    plug(node);
    converge(kernel, &with_nic("toswitch")).await;
    node.router("link del toswitch");
    node.host("link add toswitch type veth peer name tor");
}

#[test]
fn a_nic_that_comes_back_bare_gets_what_it_had_before() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        come_back_bare(&node, &kernel).await;
        node.host("link set tor up");
        converge(&kernel, &with_nic("toswitch")).await;
        let there = node.router("addr show toswitch");
        for property in ["192.168.11.3/24", "2001:db8:11::3/64", ",UP"] {
            assert!(there.contains(property), "{property:?} is not in {there}");
        }

        converge(&kernel, &Desired::default()).await;
        let back = node.host("addr show toswitch");
        for property in ["192.168.11.3/24", "2001:db8:11::3/64", "mtu 9000", ",UP"] {
            assert!(back.contains(property), "{property:?} is not in {back}");
        }
        assert!(node.host("route show default").contains("192.168.11.2"));
    });
}

#[test]
fn a_nic_that_the_host_has_set_up_otherwise_is_recorded_anew() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        come_back_bare(&node, &kernel).await;
        node.host("addr add 192.168.11.4/24 dev toswitch");
        converge(&kernel, &with_nic("toswitch")).await;
        let there = node.router("addr show toswitch");
        assert!(there.contains("192.168.11.4/24"), "{there}");
        assert!(!there.contains("192.168.11.3/24"), "{there}");
    });
}

#[test]
fn a_nic_that_is_exchanged_for_another_goes_back() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        plug(&node);
        let before = state_of(&node);
        node.host("link add second type veth peer name tor2");
        converge(&kernel, &with_nic("toswitch")).await;
        converge(&kernel, &with_nic("second")).await;
        assert_eq!(state_of(&node), before);
        node.router("link show second");
    });
}

#[test]
fn a_missing_nic_is_told_and_everything_else_is_made() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let outcome = kernel.reconcile(&with_nic("toswitch")).await.unwrap();
        assert_eq!(
            failures(&outcome),
            ["nic toswitch: nic toswitch not found on this node"]
        );
        node.router("link show vni100");
        plug(&node);
        converge(&kernel, &with_nic("toswitch")).await;
    });
}

#[test]
fn a_nic_that_is_a_port_in_the_host_stays_there_until_it_is_taken_out() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        plug(&node);
        node.host("link add br0 type bridge");
        node.host("link set toswitch master br0");
        let before = state_of(&node);
        let outcome = kernel.reconcile(&with_nic("toswitch")).await.unwrap();
        assert_eq!(
            failures(&outcome),
            [
                "nic toswitch: nic toswitch is a port of br0, to which it could not be given back: take it out first"
            ]
        );
        assert_eq!(state_of(&node), before);
        assert!(node.host("link show toswitch").contains("master br0"));
        node.router("link show vni100");

        quiet(&kernel).await;
        node.host("link set toswitch nomaster");
        kernel.changed().await.unwrap();
        converge(&kernel, &with_nic("toswitch")).await;
        node.router("link add br0 type bridge");
        node.router("link set toswitch master br0");
        converge(&kernel, &with_nic("toswitch")).await;
    });
}

#[test]
fn a_nic_that_appears_is_noticed() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        kernel.reconcile(&with_nic("toswitch")).await.unwrap();
        quiet(&kernel).await;
        node.host("link add toswitch type veth peer name tor");
        kernel.changed().await.unwrap();
    });
}

#[test]
fn the_overlay_carries_what_vxlan_leaves_of_the_underlay() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        plug(&node);
        let mut desired = with_nic("toswitch");
        converge(&kernel, &desired).await;
        for (expected, vtep) in [("mtu 8950", "100.65.0.1"), ("mtu 8930", "fd00:65::1")] {
            desired.l2[0].vtep = crate::node::ip(vtep);
            converge(&kernel, &desired).await;
            assert!(node.host("link show host-100").contains(expected));
            for link in ["pe-100", "br-pe-100", "vni100"] {
                assert!(
                    node.router(&format!("link show {link}")).contains(expected),
                    "{link}"
                );
            }
        }
        node.router("link set toswitch mtu 1500");
        converge(&kernel, &desired).await;
        assert!(node.host("link show host-100").contains("mtu 1430"));
        assert_eq!(
            lines(&converge(&kernel, &desired).await),
            Vec::<String>::new()
        );
    });
}
