use ferroute_frr::bfd::{BfdId, Counters};
use ferroute_frr::session::Messages;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::*;
use crate::metrics::Metrics;

/// The names of FRR-K8s, each with the value that the samples below have.
const UPSTREAM: &str = "\
frrk8s_bfd_control_packet_input 21
frrk8s_bfd_control_packet_output 22
frrk8s_bfd_echo_packet_input 23
frrk8s_bfd_echo_packet_output 24
frrk8s_bfd_session_down_events 26
frrk8s_bfd_session_up 1
frrk8s_bfd_session_up_events 25
frrk8s_bfd_zebra_notifications 27
frrk8s_bgp_announced_prefixes_total 2
frrk8s_bgp_keepalives_received 8
frrk8s_bgp_keepalives_sent 7
frrk8s_bgp_notifications_sent 5
frrk8s_bgp_opens_received 4
frrk8s_bgp_opens_sent 3
frrk8s_bgp_received_prefixes_total 1
frrk8s_bgp_route_refresh_sent 11
frrk8s_bgp_session_up 1
frrk8s_bgp_total_received 13
frrk8s_bgp_total_sent 12
frrk8s_bgp_updates_total 6
frrk8s_bgp_updates_total_received 9";

fn session(vrf: Option<&str>) -> Session {
    Session {
        vrf: vrf.map(str::to_owned),
        peer: "10.0.0.2".to_owned(),
        remote_as: 65001,
        state: State::Established,
        awaits_restart: false,
        end_of_rib: true,
        uptime: None,
        bfd: None,
        prefixes_received: 1,
        prefixes_sent: 2,
        last_reset: None,
        drops: 0,
        messages: Messages {
            opens_sent: 3,
            opens_recv: 4,
            notifications_sent: 5,
            notifications_recv: 99,
            updates_sent: 6,
            updates_recv: 9,
            keepalives_sent: 7,
            keepalives_recv: 8,
            route_refresh_sent: 11,
            route_refresh_recv: 99,
            total_sent: 12,
            total_recv: 13,
        },
    }
}

fn bfd_peer(interface: &str) -> BfdPeer {
    BfdPeer {
        id: BfdId {
            vrf: None,
            peer: [10, 0, 0, 2].into(),
            local: None,
            interface: Some(interface.to_owned()),
            multihop: false,
        },
        status: Status::Up,
        diagnostic: None,
        counters: Counters {
            control_packet_input: 21,
            control_packet_output: 22,
            echo_packet_input: 23,
            echo_packet_output: 24,
            session_up: 25,
            session_down: 26,
            zebra_notifications: 27,
        },
    }
}

/// The series of both instances, without comments.
fn rendered(speaker: Seen, router: Seen) -> Vec<String> {
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry);
    metrics.speaker.set(speaker);
    metrics.router.set(router);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("ferroute_agent_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_names_and_labels_are_those_of_frr_k8s() {
    let speaker = Seen {
        sessions: vec![session(None)],
        bfd: vec![bfd_peer("eth0")],
        vnis: vec![],
    };
    let labels = "{peer=\"10.0.0.2\",vrf=\"default\"}";
    let mut series = rendered(speaker, Seen::default());
    series.sort();
    let mut expected: Vec<_> = UPSTREAM
        .lines()
        .map(|line| line.replacen(' ', &format!("{labels} "), 1))
        .collect();
    expected.sort();
    assert_eq!(series, expected);
}

#[test]
fn no_series_is_there_twice() {
    let speaker = Seen {
        sessions: vec![session(None), session(Some("red"))],
        bfd: vec![bfd_peer("eth0"), bfd_peer("eth1")],
        vnis: vec![],
    };
    let series = rendered(speaker, Seen::default());
    let up = |prefix: &str| {
        let named = series.iter().filter(|line| line.starts_with(prefix));
        named.count()
    };
    assert_eq!(up("frrk8s_bgp_session_up{"), 2);
    assert_eq!(up("frrk8s_bfd_session_up{"), 1);
}

#[test]
fn the_router_is_under_a_name_of_its_own() {
    let router = Seen {
        sessions: vec![session(Some("red"))],
        bfd: vec![],
        vnis: vec![Vni {
            vni: 100,
            kind: Kind::L3,
            vrf: Some("red".to_owned()),
            up: true,
            remote_vteps: None,
        }],
    };
    let series = rendered(Seen::default(), router);
    let session = "ferroute_router_bgp_session_up{peer=\"10.0.0.2\",vrf=\"red\"} 1";
    let vni = "ferroute_router_evpn_vni_up{vni=\"100\",type=\"L3\",vrf=\"red\"} 1";
    for expected in [session, vni] {
        assert!(series.iter().any(|line| line == expected), "{series:#?}");
    }
    assert!(series.iter().all(|line| !line.starts_with("frrk8s_")));
}
