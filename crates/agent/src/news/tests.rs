use ferroute_frr::bfd::{BfdId, BfdPeer, Counters};
use ferroute_frr::evpn::{Kind, Vni};
use ferroute_frr::session::{Messages, Session};

use super::*;

const ROUTER: Instance = Instance::Router;

fn session(state: State, drops: u64) -> Seen {
    let session = Session {
        vrf: Some("red".to_owned()),
        peer: "10.0.0.2".to_owned(),
        remote_as: 65001,
        state,
        awaits_restart: false,
        end_of_rib: true,
        uptime: None,
        bfd: None,
        prefixes_received: 0,
        prefixes_sent: 0,
        last_reset: (drops > 0).then(|| "Hold Timer Expired".to_owned()),
        drops,
        messages: Messages::default(),
    };
    Seen {
        sessions: vec![session],
        ..Seen::default()
    }
}

fn bfd(status: Status, diagnostic: Option<&str>) -> Seen {
    let peer = BfdPeer {
        id: BfdId {
            vrf: None,
            peer: [10, 0, 0, 2].into(),
            local: None,
            interface: None,
            multihop: false,
        },
        status,
        diagnostic: diagnostic.map(str::to_owned),
        counters: Counters::default(),
    };
    Seen {
        bfd: vec![peer],
        ..Seen::default()
    }
}

/// What is told, look after look. A look is at a second, and may find FRR silent.
fn told(looks: &[(u64, Option<Seen>)]) -> Vec<(u64, String)> {
    let start = Instant::now();
    let mut newsroom = Newsroom::default();
    let mut told = Vec::new();
    for (second, seen) in looks {
        let now = start + Duration::from_secs(*second);
        for news in newsroom.news(ROUTER, seen.as_ref(), now) {
            told.push((*second, format!("{} {}", news.reason(), news.note())));
        }
    }
    told
}

fn reasons(looks: &[(u64, Option<Seen>)]) -> Vec<(u64, String)> {
    let reason = |text: String| text.split(' ').next().unwrap_or_default().to_owned();
    told(looks)
        .into_iter()
        .map(|(second, text)| (second, reason(text)))
        .collect()
}

fn at(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    expected
        .iter()
        .map(|(second, text)| (*second, (*text).to_owned()))
        .collect()
}

#[test]
fn a_session_that_comes_up_and_goes_down_is_told_with_frrs_reason() {
    let looks = [
        (0, Some(session(State::Active, 0))),
        (1, Some(session(State::OpenSent, 0))),
        (2, Some(session(State::Established, 0))),
        (3, Some(session(State::Established, 0))),
        (4, Some(session(State::Idle, 1))),
        (5, Some(session(State::Active, 1))),
    ];
    let expected = [
        (
            2,
            "SessionUp router: BGP session with 10.0.0.2 in VRF red is up",
        ),
        (
            4,
            "SessionDown router: BGP session with 10.0.0.2 in VRF red is down: Hold Timer Expired",
        ),
    ];
    assert_eq!(told(&looks), at(&expected));
}

#[test]
fn bfd_is_told_with_its_diagnostic_and_a_vni_with_its_number() {
    let vni = |up, vrf: &str| Seen {
        vnis: vec![Vni {
            vni: 200,
            kind: Kind::L3,
            vrf: Some(vrf.to_owned()),
            up,
            remote_vteps: None,
        }],
        ..Seen::default()
    };
    let looks = [
        (0, Some(bfd(Status::Up, None))),
        (1, Some(bfd(Status::Down, Some("neighbor signaled down")))),
    ];
    let down =
        "BFDDown router: BFD session with 10.0.0.2 in VRF default is down: neighbor signaled down";
    assert_eq!(told(&looks), at(&[(1, down)]));
    let looks = [
        (0, Some(vni(false, "Unknown"))),
        (1, Some(vni(true, "red"))),
    ];
    assert_eq!(told(&looks), at(&[(1, "VNIUp router: VNI 200 is up")]));
}

#[test]
fn what_the_first_look_finds_is_no_news() {
    let looks = [
        (0, None),
        (1, Some(session(State::Established, 3))),
        (2, Some(session(State::Established, 3))),
    ];
    assert_eq!(told(&looks), []);
}

#[test]
fn a_session_that_was_lost_between_two_looks_is_told_down_and_up() {
    let looks = [
        (0, Some(session(State::Established, 0))),
        (1, Some(session(State::Established, 1))),
        (2, Some(session(State::Established, 1))),
    ];
    let expected = at(&[(1, "SessionDown"), (1, "SessionUp")]);
    assert_eq!(reasons(&looks), expected);
}

#[test]
fn flapping_is_told_every_ten_seconds_and_the_last_state_in_any_case() {
    let mut looks = vec![(0, Some(session(State::Active, 0)))];
    for second in 1..=25 {
        let up = second % 2 == 1 && second < 25;
        let state = if up { State::Established } else { State::Idle };
        looks.push((second, Some(session(state, second / 2))));
    }
    looks.extend((26..60).map(|second| (second, Some(session(State::Idle, 12)))));
    let told = reasons(&looks);
    for reason in ["SessionUp", "SessionDown"] {
        let times: Vec<u64> = told
            .iter()
            .filter(|(_, told)| told == reason)
            .map(|(second, _)| *second)
            .collect();
        assert!(times.len() >= 2, "{told:?}");
        assert!(
            times.windows(2).all(|two| two[1] - two[0] >= 10),
            "{told:?}"
        );
    }
    assert_eq!(told.last().unwrap().1, "SessionDown", "{told:?}");
}

#[test]
fn an_frr_that_is_silent_has_nothing_up_and_what_is_removed_is_down() {
    let looks = [
        (0, Some(session(State::Established, 0))),
        (1, None),
        (2, None),
        (3, Some(session(State::Idle, 0))),
        (4, Some(session(State::Established, 0))),
        (20, Some(Seen::default())),
        (21, Some(Seen::default())),
    ];
    let expected = at(&[(1, "SessionDown"), (4, "SessionUp"), (20, "SessionDown")]);
    assert_eq!(reasons(&looks), expected);
}
