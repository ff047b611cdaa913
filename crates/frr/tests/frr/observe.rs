//! What is seen of real FRR daemons, how soon, and what a look costs.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use ferroute_frr::bfd::{BfdPeer, Status};
use ferroute_frr::config::{Bfd, BfdProfile, Config, Evpn, NeighborFamily, PeerId};
use ferroute_frr::evpn::{Kind, Vni};
use ferroute_frr::observe::Observer;
use ferroute_frr::session::{Session, State};
use ferroute_frr::vty::{Daemon, Vty};

use crate::lab::{Instance, apply, eventually};
use crate::sample::{name, neighbor, peer, router};

/// Two instances with a cable and, once both are configured, a session.
async fn pair(change: impl Fn(&mut Config, &PeerId)) -> (Instance, Instance) {
    let near = Instance::start("speaker").await;
    let far = Instance::start("router").await;
    near.connect(&far, "10.0.0.1/24", "10.0.0.2/24");
    for (instance, own, other, remote_as) in [
        (&far, "65001", "10.0.0.1", "65000"),
        (&near, "65000", "10.0.0.2", "65001"),
    ] {
        let mut config = neighbor(own, other, remote_as);
        router(&mut config).router_id = None;
        change(&mut config, &peer(other));
        apply(&mut instance.engine(), &config).await;
    }
    (near, far)
}

/// BFD that needs 300 ms to see that a peer is gone.
fn with_bfd(config: &mut Config, peer: &PeerId) {
    let profile = BfdProfile {
        receive_interval: Some(100),
        transmit_interval: Some(100),
        detect_multiplier: Some(3),
        ..BfdProfile::default()
    };
    config.bfd_profiles.insert(name("fast"), profile);
    let neighbors = &mut router(config).neighbors;
    neighbors.get_mut(peer).unwrap().bfd = Bfd::Profile(name("fast"));
}

/// The BFD session over the cable, once it has that status. bgpd asks for one without an interface
/// first when it does not know yet where its peer is, and bfdd makes another when it does.
async fn bfd_peer(observer: &mut Observer, status: Status) -> BfdPeer {
    eventually("a BFD session of that status", async || {
        let peers = observer.bfd_peers().await.unwrap();
        peers
            .into_iter()
            .find(|peer| peer.status == status && peer.id.interface.as_deref() == Some("wire"))
    })
    .await
}

#[tokio::test]
async fn a_bfd_session_is_seen_up_and_within_a_second_of_a_cut_down() {
    let (near, far) = pair(with_bfd).await;
    let mut observer = near.observer();
    eventually("a session", async || {
        let sessions = observer.glance_at_sessions().await.unwrap();
        let established = |session: &Session| session.state == State::Established;
        sessions.iter().all(established).then_some(())
    })
    .await;
    let up = bfd_peer(&mut observer, Status::Up).await;
    assert_eq!(up.id.peer, IpAddr::from([10, 0, 0, 2]));
    assert_eq!(up.id.vrf, None);
    assert!(up.counters.control_packet_input > 0, "{up:?}");
    let seen = up.counters.session_down;

    let start = Instant::now();
    far.ip("link set wire down");
    let down = bfd_peer(&mut observer, Status::Down).await;
    let took = start.elapsed();
    println!("a cut was seen after {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(down.counters.session_down, seen + 1);
    assert!(down.diagnostic.is_some(), "{down:?}");
    let reset = eventually("a session that is down", async || {
        let sessions = observer.glance_at_sessions().await.unwrap();
        sessions
            .into_iter()
            .find(|session| session.state != State::Established)
    })
    .await;
    assert!(reset.last_reset.is_some(), "{reset:?}");
}

fn with_evpn(config: &mut Config, peer: &PeerId) {
    let router = router(config);
    router.evpn = Some(Evpn {
        advertise_all_vni: true,
        ..Evpn::default()
    });
    let neighbor = router.neighbors.get_mut(peer).unwrap();
    neighbor.evpn = Some(NeighborFamily::default());
}

/// A VXLAN device on a bridge.
fn carry(instance: &Instance, address: &str) {
    let vxlan = format!("link add v100 type vxlan id 100 local {address} dstport 4789 nolearning");
    instance.ip(&vxlan);
    instance.ip("link add br100 type bridge");
    instance.ip("link set v100 master br100");
    instance.ip("link set br100 up");
    instance.ip("link set v100 up");
}

#[tokio::test]
async fn a_layer_2_vni_is_seen_with_who_else_carries_it_and_down_with_its_device() {
    let (near, far) = pair(with_evpn).await;
    carry(&near, "10.0.0.1");
    carry(&far, "10.0.0.2");
    let mut observer = near.observer();
    let up = Vni {
        vni: 100,
        kind: Kind::L2,
        vrf: None,
        up: true,
        remote_vteps: Some(1),
    };
    let mut seen = async |vni: Vni| {
        eventually("the VNI", async || {
            (observer.vnis().await.unwrap() == [vni.clone()]).then_some(())
        })
        .await;
    };
    seen(up.clone()).await;
    near.ip("link set v100 down");
    seen(Vni {
        up: false,
        remote_vteps: Some(0),
        ..up
    })
    .await;
}

#[tokio::test]
async fn an_observer_goes_on_with_the_daemons_that_follow_those_that_ended() {
    let mut instance = Instance::start("speaker").await;
    let mut observer = instance.observer();
    assert_eq!(observer.sessions().await.unwrap(), []);
    assert_eq!(observer.bfd_peers().await.unwrap(), []);
    assert_eq!(observer.vnis().await.unwrap(), []);
    instance.kill_daemon("bgpd");
    instance.end().await;
    observer.sessions().await.unwrap_err();
    instance.start_again().await;
    assert_eq!(observer.sessions().await.unwrap(), []);
    assert_eq!(observer.bfd_peers().await.unwrap(), []);
}

async fn show(instance: &Instance, line: &str) -> String {
    let daemon = if line.starts_with("show bfd") {
        Daemon::Bfdd
    } else {
        Daemon::Bgpd
    };
    let mut vty = Vty::open(&instance.dir(), daemon).await.unwrap();
    vty.require(line).await.unwrap()
}

#[tokio::test]
async fn a_glance_at_a_hundred_sessions_reads_less_than_half_of_a_whole_look() {
    const LOOKS: u32 = 50;
    let instance = Instance::start("speaker").await;
    let mut config = neighbor("65000", "10.0.0.2", "65001");
    with_bfd(&mut config, &peer("10.0.0.2"));
    let neighbors = &mut router(&mut config).neighbors;
    let template = neighbors[&peer("10.0.0.2")].clone();
    neighbors.extend((0..99).map(|n| {
        let address = Ipv4Addr::new(10, 0, 1, n);
        (PeerId::Address(address.into()), template.clone())
    }));
    apply(&mut instance.engine(), &config).await;

    let mut observer = instance.observer();
    assert_eq!(observer.sessions().await.unwrap().len(), 100);
    let mut sizes = Vec::new();
    for line in [
        "show bgp vrf all neighbors json",
        "show bgp vrf all summary json",
        "show bfd peers json",
        "show bfd peers counters json",
    ] {
        sizes.push(show(&instance, line).await.len());
        println!("{line}: {} bytes", sizes[sizes.len() - 1]);
    }
    let [whole, glance, ..] = sizes[..] else {
        unreachable!("four were asked for")
    };
    assert!(glance * 2 < whole, "{glance} of {whole} bytes");
    let mut took = Vec::new();
    let start = Instant::now();
    for _ in 0..LOOKS {
        instance.observer().sessions().await.unwrap();
    }
    took.push(("whole, over a new connection", start.elapsed()));
    let start = Instant::now();
    for _ in 0..LOOKS {
        observer.sessions().await.unwrap();
    }
    took.push(("whole", start.elapsed()));
    let start = Instant::now();
    for _ in 0..LOOKS {
        observer.glance_at_sessions().await.unwrap();
    }
    took.push(("at a glance", start.elapsed()));
    let start = Instant::now();
    for _ in 0..LOOKS {
        observer.bfd_peers().await.unwrap();
    }
    took.push(("BFD", start.elapsed()));
    for (what, took) in &took {
        println!("a look, {what}: {:?}", *took / LOOKS);
    }
}
