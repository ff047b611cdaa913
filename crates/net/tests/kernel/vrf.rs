//! Layer 3 overlays. They need a kernel with VRF; the lab's guest has one.

use crate::node::{
    Node, converge, failures, ip, lines, name, on_a_node, red, segment, underlay, vni,
};
use ferroute_net::{Desired, L3Overlay};

fn desired() -> Desired {
    let routed = ferroute_net::L2Overlay {
        vrf: Some(name("red")),
        ..segment(100)
    };
    Desired {
        underlay: Some(underlay(&[])),
        overlays: vec![red()],
        l2: vec![routed],
    }
}

fn only_red() -> Desired {
    Desired {
        l2: Vec::new(),
        ..desired()
    }
}

fn assert_has(output: &str, properties: &[&str]) {
    for property in properties {
        assert!(output.contains(property), "{property:?} is not in {output}");
    }
}

fn assert_complete(node: &Node) {
    assert_has(
        &node.router("-d link show red"),
        &["vrf table 100300", ",UP"],
    );
    let bridge = ferroute_net::Mac::router(ip("100.65.0.1"), vni(300)).to_string();
    let bridge = ["master red", "addrgenmode none", ",UP", &bridge];
    assert_has(&node.router("-d link show br-pe-300"), &bridge);
    let port = [
        "master br-pe-300",
        "nolearning",
        "learning off",
        "neigh_suppress on",
        ",UP",
    ];
    assert_has(&node.router("-d link show vni300"), &port);
    let leg = ["master red", "192.169.10.1/24", "2001:db8:10::1/64", ",UP"];
    assert_has(&node.router("addr show pe-300"), &leg);
    assert_has(
        &node.host("addr show host-300"),
        &["192.169.10.2/24", "2001:db8:10::2/64", ",UP"],
    );
    let routes = ["unreachable default", "metric 4278198272"];
    assert_has(&node.router("route show table 100300"), &routes);
    assert_has(
        &node.router("-6 route show table 100300"),
        &["unreachable default", "metric 4278198272"],
    );
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn an_overlay_is_complete_and_a_second_reconciliation_changes_nothing() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &desired()).await;
        assert_complete(&node);
        assert_has(&node.router("link show br-pe-100"), &["master red"]);
        assert_eq!(
            lines(&converge(&kernel, &desired()).await),
            Vec::<String>::new()
        );
        assert_eq!(
            lines(&converge(&node.kernel().await, &desired()).await),
            Vec::<String>::new()
        );
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn the_host_reaches_the_router_over_both_families() {
    on_a_node(async |node| {
        converge(&node.kernel().await, &desired()).await;
        for address in ["192.169.10.1", "2001:db8:10::1"] {
            node.ping_from_host(address);
        }
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn a_vrf_that_was_deleted_comes_back_with_all_that_hung_on_it() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &desired()).await;
        for command in [
            "link del red",
            "link set pe-300 nomaster",
            "link del br-pe-300",
            "link del pe-300",
        ] {
            node.router(command);
            converge(&kernel, &desired()).await;
            assert_complete(&node);
        }
        node.router("route flush table 100300");
        converge(&kernel, &desired()).await;
        assert_complete(&node);
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn a_renamed_vrf_keeps_the_links_and_takes_them_over() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &only_red()).await;
        let renamed = L3Overlay {
            vrf: name("green"),
            ..red()
        };
        let changes = lines(
            &converge(
                &kernel,
                &Desired {
                    overlays: vec![renamed],
                    ..only_red()
                },
            )
            .await,
        );
        assert_eq!(
            changes,
            [
                "delete router/red",
                "create VRF with table 100300 router/green",
                "set router/green up",
                "attach router/br-pe-300 to green",
                "attach router/pe-300 to green",
                "add address 2001:db8:10::1/64 to router/pe-300",
            ]
        );
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn a_packet_without_a_route_in_its_vrf_does_not_leave_through_the_main_table() {
    on_a_node(async |node| {
        converge(&node.kernel().await, &only_red()).await;
        node.router("link add exit type dummy");
        node.router("link set exit up");
        node.router("route add default dev exit");
        let lookup = node.router_fails("route get 203.0.113.1 vrf red");
        assert!(lookup.contains("No route to host"), "{lookup}");
        // What would happen without it.
        node.router("route del unreachable default metric 4278198272 table 100300");
        assert_has(&node.router("route get 203.0.113.1 vrf red"), &["dev exit"]);
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn nothing_of_an_overlay_is_left_when_it_goes() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        let state = |node: &Node| (node.host("-o link"), node.router("route show table all"));
        converge(
            &kernel,
            &Desired {
                overlays: Vec::new(),
                l2: Vec::new(),
                ..desired()
            },
        )
        .await;
        let fresh = state(&node);
        converge(&kernel, &desired()).await;
        converge(
            &kernel,
            &Desired {
                overlays: Vec::new(),
                l2: Vec::new(),
                ..desired()
            },
        )
        .await;
        assert_eq!(state(&node), fresh);
        assert!(!node.router("-o link").contains("red"));
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn a_segment_keeps_the_vrf_when_its_layer_3_overlay_goes() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        converge(&kernel, &desired()).await;
        converge(
            &kernel,
            &Desired {
                overlays: Vec::new(),
                ..desired()
            },
        )
        .await;
        assert_has(&node.router("-d link show red"), &["vrf table 100100"]);
        assert_has(
            &node.router("addr show br-pe-100"),
            &["master red", "2001:db8::1/64"],
        );
    });
}

#[test]
#[ignore = "needs a kernel with VRF"]
fn a_foreign_link_with_the_name_of_a_vrf_is_not_replaced() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        node.router("link add red type dummy");
        let outcome = kernel.reconcile(&desired()).await.unwrap();
        let blocked = "vni 300: create VRF with table 100300 router/red: a link of that name or VNI exists and is not ours";
        assert_eq!(failures(&outcome), [blocked]);
        assert!(node.router("-d link show red").contains("dummy"));
    });
}
