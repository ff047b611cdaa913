//! Overlays on a real kernel. Those with a VRF need one that has it: see the lab's scenarios.

use std::time::Duration;

use crate::node::{converge, failures, ip, lines, name, on_a_node, quiet, red, segment, underlay};
use ferroute_net::{Change, Desired, HostBridge};
use tokio::time::timeout;

fn two_segments() -> Desired {
    Desired {
        underlay: Some(underlay(&[])),
        overlays: Vec::new(),
        l2: vec![segment(100), segment(200)],
    }
}

#[test]
fn a_second_reconciliation_changes_nothing() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        assert_ne!(
            lines(&converge(&kernel, &two_segments()).await),
            Vec::<String>::new()
        );
        assert_eq!(
            lines(&converge(&kernel, &two_segments()).await),
            Vec::<String>::new()
        );
    });
}

#[test]
fn a_restarted_agent_takes_over_what_it_finds() {
    on_a_node(async |node| {
        converge(&node.kernel().await, &two_segments()).await;
        assert_eq!(
            lines(&converge(&node.kernel().await, &two_segments()).await),
            Vec::<String>::new()
        );
    });
}

#[test]
fn changes_are_told_although_the_look_after_them_fails() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let desired = two_segments();
        // By its first wait, the reconciliation has read the state directory; the look after it does again.
        let (outcome, ()) = futures::join!(kernel.reconcile(&desired), async {
            std::fs::remove_dir(node.state_dir()).unwrap();
        });
        let outcome = outcome.unwrap();
        assert!(lines(&outcome).contains(&"create veth pair host/host-100".to_owned()));
        assert!(!outcome.is_converged());
    });
}

#[test]
fn a_segment_has_the_properties_that_evpn_needs() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &two_segments()).await;
        let vxlan = node.router("-d link show vni100");
        for property in [
            "master br-pe-100",
            "vxlan id 100 local 100.65.0.1",
            "dstport 4789",
            "nolearning",
            "learning off",
            "neigh_suppress on",
            "addrgenmode none",
            ",UP",
        ] {
            assert!(vxlan.contains(property), "{property:?} is not in {vxlan}");
        }
        let bridge = node.router("-d addr show br-pe-100");
        for property in [
            "00:f3:00:00:00:65",
            "192.0.2.1/24",
            "2001:db8::1/64",
            "inet6 fe80",
            ",UP",
        ] {
            assert!(bridge.contains(property), "{property:?} is not in {bridge}");
        }
        assert!(node.host("link show host-100").contains("master br-hs-100"));
        assert!(node.router("link show pe-100").contains("master br-pe-100"));
        let loopback = node.router("addr show lo");
        assert!(
            loopback.contains("100.65.0.1/32") && loopback.contains("fd00:65::1/128"),
            "{loopback}"
        );
    });
}

#[test]
fn everything_of_ours_goes_when_nothing_is_desired() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let fresh = (node.host("-o link"), node.router("-o -4 addr"));
        converge(&kernel, &two_segments()).await;
        converge(&kernel, &Desired::default()).await;
        assert_eq!((node.host("-o link"), node.router("-o -4 addr")), fresh);
    });
}

#[test]
fn what_was_deleted_behind_our_back_is_put_back() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &two_segments()).await;
        for (command, expected) in [
            (
                "link del vni100",
                "create VXLAN 100 from 100.65.0.1 to port 4789 router/vni100",
            ),
            (
                "addr del 100.65.0.1/32 dev lo",
                "add address 100.65.0.1/32 to router/lo",
            ),
            (
                "addr del 192.0.2.1/24 dev br-pe-100",
                "add address 192.0.2.1/24 to router/br-pe-100",
            ),
            ("link set lo down", "set router/lo up"),
            ("link del pe-200", "create veth pair host/host-200"),
            ("link del br-pe-200", "create bridge router/br-pe-200"),
            (
                "link set vni100 nomaster",
                "leave learning on router/vni100 to EVPN",
            ),
            ("link set br-pe-100 down", "set router/br-pe-100 up"),
            (
                "addr add 198.51.100.9/32 dev lo",
                "remove address 198.51.100.9/32 from router/lo",
            ),
        ] {
            node.router(command);
            let healed = lines(&converge(&kernel, &two_segments()).await);
            assert!(
                healed.contains(&expected.to_owned()),
                "after {command:?}: {healed:#?}"
            );
        }
    });
}

#[test]
fn a_changed_endpoint_replaces_the_vxlan_and_leaves_its_bridge() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let mut desired = Desired {
            l2: vec![segment(100)],
            ..two_segments()
        };
        converge(&kernel, &desired).await;
        desired.l2[0].vtep = ip("100.65.0.9");
        let changes = lines(&converge(&kernel, &desired).await);
        assert_eq!(
            changes,
            [
                "delete router/vni100",
                "create VXLAN 100 from 100.65.0.9 to port 4789 router/vni100",
                "disable link-local addresses of router/vni100",
                "attach router/vni100 to br-pe-100",
                "leave learning on router/vni100 to EVPN",
                "set router/vni100 up",
            ]
        );
    });
}

#[test]
fn a_leg_without_a_host_bridge_stays_where_the_user_put_it() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let mut desired = Desired {
            l2: vec![segment(100)],
            ..two_segments()
        };
        desired.l2[0].host_bridge = None;
        converge(&kernel, &desired).await;
        node.host("link add mine type bridge");
        node.host("link set host-100 master mine");
        assert_eq!(
            lines(&converge(&kernel, &desired).await),
            Vec::<String>::new()
        );
        desired.l2[0].host_bridge = Some(HostBridge::Existing(name("absent")));
        let outcome = kernel.reconcile(&desired).await.unwrap();
        assert_eq!(
            failures(&outcome),
            ["vni 100: attach host/host-100 to absent"]
        );
    });
}

#[test]
fn foreign_links_survive_with_whatever_name_they_have() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        node.host("link add host-7 type veth peer name pe-7");
        node.host("link add host-foo type bridge");
        node.host("link add br-hs-8 type bridge");
        node.host("link add host-9 group 4242424 type bridge");
        node.router("link add br-pe-9 type bridge");
        node.router("link add vni9 type vxlan id 9 dstport 4789");
        let links = (node.host("-o link"), node.router("-o link show type vxlan"));
        converge(
            &kernel,
            &Desired {
                l2: vec![segment(100)],
                ..two_segments()
            },
        )
        .await;
        converge(&kernel, &Desired::default()).await;
        assert_eq!(
            (node.host("-o link"), node.router("-o link show type vxlan")),
            links
        );
    });
}

#[test]
fn a_foreign_link_in_the_way_fails_its_vni_and_no_other() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        node.router("link add br-pe-100 type bridge");
        let outcome = kernel.reconcile(&two_segments()).await.unwrap();
        assert_eq!(
            failures(&outcome),
            [
                "vni 100: create bridge router/br-pe-100: a link of that name or VNI exists and is not ours"
            ]
        );
        node.router("link show vni200");
        node.router("link del br-pe-100");
        converge(&kernel, &two_segments()).await;
    });
}

#[test]
fn two_overlays_of_one_vni_are_one_overlay_and_a_refusal() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let desired = Desired {
            l2: vec![segment(100), segment(100)],
            ..two_segments()
        };
        let outcome = kernel.reconcile(&desired).await.unwrap();
        assert_eq!(failures(&outcome), ["vni 100: VNI 100 is desired twice"]);
        node.router("link show vni100");
    });
}

/// On a kernel without VRF the overlay fails and says why; on one that has it, it works.
#[test]
fn an_overlay_without_vrf_support_fails_clearly_and_alone() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let desired = Desired {
            overlays: vec![red()],
            ..two_segments()
        };
        let outcome = kernel.reconcile(&desired).await.unwrap();
        node.router("link show vni200");
        if outcome.is_converged() {
            assert!(node.router("link show pe-300").contains("master red"));
            return;
        }
        assert_eq!(
            failures(&outcome),
            ["vni 300: create VRF red: this kernel has no VRF support (CONFIG_NET_VRF)"]
        );
        // Without its VRF, a leg would put the tenant's addresses into the main table.
        assert!(!node.router("-o link").contains("pe-300"));
        assert!(
            outcome
                .pending
                .iter()
                .any(|change| matches!(change, Change::Create { .. }))
        );
    });
}

#[test]
fn a_change_of_ours_in_the_host_is_noticed() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &two_segments()).await;
        quiet(&kernel).await;
        node.host("link del host-100");
        kernel.changed().await.unwrap();
    });
}

/// No VRF is needed: what matters is the number of the table.
#[test]
fn a_table_that_no_longer_ends_in_nothing_is_noticed_and_a_learned_route_is_not() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        quiet(&kernel).await;
        for route in ["203.0.113.0/24 dev lo", "unreachable 2001:db8:9::/64"] {
            node.router(&format!("route add {route} table 100300"));
            node.router(&format!("route del {route} table 100300"));
        }
        for family in ["-4", "-6"] {
            let default = "unreachable default metric 4278198272 table 100300";
            node.router(&format!("{family} route add {default}"));
            let moment = Duration::from_millis(200);
            assert!(timeout(moment, kernel.changed()).await.is_err());
            node.router(&format!("{family} route flush table 100300"));
            kernel.changed().await.unwrap();
        }
    });
}

/// With nothing of ours in the host, only the router's namespace can have told.
#[test]
fn a_change_in_the_router_is_noticed() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(
            &kernel,
            &Desired {
                l2: Vec::new(),
                ..two_segments()
            },
        )
        .await;
        quiet(&kernel).await;
        node.router("addr del 100.65.0.1/32 dev lo");
        kernel.changed().await.unwrap();
    });
}
