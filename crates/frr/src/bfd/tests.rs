use super::*;

/// As bfdd 10.3 prints it.
const PEERS: &str = r#"[
  {
    "multihop":false,
    "peer":"10.0.0.2",
    "local":"10.0.0.1",
    "vrf":"default",
    "interface":"wire",
    "id":478686703,
    "remote-id":0,
    "passive-mode":false,
    "status":"down",
    "downtime":1,
    "diagnostic":"control detection time expired",
    "remote-diagnostic":"ok",
    "type":"dynamic",
    "receive-interval":300,
    "transmit-interval":300,
    "echo-receive-interval":50,
    "echo-transmit-interval":0,
    "detect-multiplier":3,
    "remote-receive-interval":300,
    "remote-transmit-interval":300,
    "remote-echo-receive-interval":50,
    "remote-detect-multiplier":3,
    "rtt-min":0,
    "rtt-avg":0,
    "rtt-max":0
  },
  {
    "multihop":true,
    "peer":"10.9.9.9",
    "local":"10.0.0.1",
    "vrf":"red",
    "id":1458225056,
    "remote-id":3,
    "passive-mode":false,
    "minimum-ttl":254,
    "status":"up",
    "uptime":11,
    "diagnostic":"ok",
    "remote-diagnostic":"ok",
    "type":"configured"
  }
]"#;

/// In the other order, to be sure.
const COUNTERS: &str = r#"[
  {
    "multihop":true,
    "peer":"10.9.9.9",
    "local":"10.0.0.1",
    "vrf":"red",
    "control-packet-input":7,
    "control-packet-output":8,
    "echo-packet-input":9,
    "echo-packet-output":10,
    "session-up":1,
    "session-down":0,
    "zebra-notifications":2
  },
  {
    "multihop":false,
    "peer":"10.0.0.2",
    "local":"10.0.0.1",
    "vrf":"default",
    "interface":"wire",
    "control-packet-input":30,
    "control-packet-output":31,
    "echo-packet-input":0,
    "echo-packet-output":0,
    "session-up":1,
    "session-down":1,
    "zebra-notifications":3
  }
]"#;

#[test]
fn peers_and_their_counters_are_read_from_what_bfdd_prints() {
    let mut peers = read(PEERS).unwrap();
    count(&mut peers, &read_counters(COUNTERS).unwrap());
    let near = BfdPeer {
        id: BfdId {
            vrf: None,
            peer: [10, 0, 0, 2].into(),
            local: Some([10, 0, 0, 1].into()),
            interface: Some("wire".to_owned()),
            multihop: false,
        },
        status: Status::Down,
        diagnostic: Some("control detection time expired".to_owned()),
        counters: Counters {
            control_packet_input: 30,
            control_packet_output: 31,
            session_up: 1,
            session_down: 1,
            zebra_notifications: 3,
            ..Counters::default()
        },
    };
    let far = BfdPeer {
        id: BfdId {
            vrf: Some("red".to_owned()),
            peer: [10, 9, 9, 9].into(),
            local: Some([10, 0, 0, 1].into()),
            interface: None,
            multihop: true,
        },
        status: Status::Up,
        diagnostic: None,
        counters: Counters {
            control_packet_input: 7,
            control_packet_output: 8,
            echo_packet_input: 9,
            echo_packet_output: 10,
            session_up: 1,
            session_down: 0,
            zebra_notifications: 2,
        },
    };
    assert_eq!(peers, [near, far]);
}

#[test]
fn a_status_that_is_new_to_us_is_not_an_error() {
    let peers = read(r#"[{"peer":"10.0.0.2","status":"musing"}]"#).unwrap();
    assert_eq!(peers[0].status, Status::Unknown);
}

#[test]
fn a_link_local_peer_is_named_with_its_interface() {
    let text = r#"[{"peer":"fe80::1","interface":"eth0"},{"peer":"fd00::1","interface":"eth0"}]"#;
    let names: Vec<_> = read(text)
        .unwrap()
        .iter()
        .map(|peer| peer.id.peer_name())
        .collect();
    assert_eq!(names, ["fe80::1%eth0", "fd00::1"]);
}

#[test]
fn no_answer_is_no_peer() {
    assert_eq!(read("").unwrap(), []);
}
