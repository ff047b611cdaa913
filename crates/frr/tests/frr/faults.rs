//! What goes wrong between the client and FRR: each time it converges or says so, within a bounded time.

mod fake;

use std::time::{Duration, Instant};

use ferroute_frr::apply::Engine;
use ferroute_frr::config::{Config, Neighbor, NeighborFamily, PeerId, RawSnippet, RemoteAs, Vrf};
use ferroute_frr::session::State;
use ferroute_frr::vty::{Daemon, Vty, VtyError};

use crate::lab::{Instance, apply, eventually};
use crate::sample::{name, net, router, speaker, vip};
use fake::{Behaviour, FakeFrr};

/// Enough for any answer of a daemon that is well, and short for a test.
const PATIENCE: Duration = Duration::from_secs(5);

/// Applies, and gives back the lines that were refused.
async fn refused(engine: &mut Engine, desired: &Config) -> Vec<String> {
    let applied = engine.apply(desired).await.unwrap();
    applied
        .refused
        .into_iter()
        .map(|refused| refused.line)
        .collect()
}

/// Configures bgpd as a person would.
async fn by_hand(instance: &Instance, lines: &[&str]) {
    let mut vty = Vty::open(&instance.dir(), Daemon::Bgpd).await.unwrap();
    for line in ["configure terminal"].iter().chain(lines) {
        vty.require(line).await.unwrap();
    }
}

#[tokio::test]
async fn a_bgpd_killed_amid_many_lines_is_reported_and_gets_them_all_when_it_is_back() {
    let mut instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    apply(&mut engine, &speaker(0)).await;
    let config = speaker(5_000);
    let run = instance.dir();
    let killed = async {
        let mut vty = Vty::open(&run, Daemon::Bgpd).await.unwrap();
        eventually("some of the networks, and not all", async || {
            let running = vty.require("show running-config").await.unwrap();
            let networks = running.matches(" network 172.").count();
            assert!(networks < 5_000, "too late to kill it");
            (networks > 0).then_some(())
        })
        .await;
        instance.kill_daemon("bgpd");
    };
    let (applied, ()) = tokio::join!(engine.apply(&config), killed);
    let error = applied.unwrap_err();
    assert!(
        matches!(
            error,
            VtyError::Talk {
                daemon: Daemon::Bgpd,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!instance.end().await.success());
    instance.start_again().await;
    assert!(apply(&mut engine, &config).await > 5_000);
    assert_eq!(apply(&mut engine, &config).await, 0);
}

#[tokio::test]
async fn a_daemon_that_stands_still_is_an_error_in_time_and_is_configured_when_it_goes_on() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine().with_patience(PATIENCE);
    apply(&mut engine, &speaker(2)).await;
    instance.signal_daemon("bgpd", "STOP");
    let start = Instant::now();
    assert_bgpd_is_silent(&engine.apply(&speaker(3)).await.unwrap_err());
    assert_bgpd_is_silent(&engine.drift(&speaker(3)).await.unwrap_err());
    assert!(start.elapsed() < 3 * PATIENCE, "{:?}", start.elapsed());
    instance.signal_daemon("bgpd", "CONT");
    apply(&mut engine, &speaker(1)).await;
}

/// bgpd itself would hold them for ten minutes.
#[tokio::test]
async fn new_peers_of_a_client_that_ended_in_between_are_started_by_the_next() {
    let instance = Instance::start("speaker").await;
    let held = [
        "XFRR_start_configuration",
        "router bgp 65000",
        "neighbor 10.0.0.2 remote-as 65001",
    ];
    by_hand(&instance, &held).await;
    let held = instance.session("10.0.0.2").await.unwrap();
    assert_eq!(held.state, State::Idle);
    let mut same = speaker(0);
    let peers = &mut same.routers.get_mut(&None).unwrap().neighbors;
    peers.retain(|peer, _| peer.to_string() == "10.0.0.2");
    apply(&mut instance.engine(), &same).await;
    eventually("the peer is started", async || {
        let session = instance.session("10.0.0.2").await.unwrap();
        (session.state != State::Idle).then_some(())
    })
    .await;
}

fn assert_bgpd_is_silent(error: &VtyError) {
    let silent = matches!(
        error,
        VtyError::Silent {
            daemon: Daemon::Bgpd,
            ..
        }
    );
    assert!(silent, "{error:?}");
}

#[tokio::test]
async fn an_answer_that_comes_late_is_waited_for_and_one_that_never_comes_is_not() {
    let late = FakeFrr::start(Behaviour::Late(Duration::from_millis(20)));
    let mut engine = late.engine().with_patience(PATIENCE);
    assert!(engine.apply(&speaker(1)).await.unwrap().commands_sent > 0);

    for answers in [0, 1, 2, 5, 10] {
        let silent = FakeFrr::start(Behaviour::Silent(answers));
        let mut engine = silent.engine().with_patience(Duration::from_millis(100));
        let error = engine.apply(&speaker(1)).await.unwrap_err();
        assert!(
            matches!(error, VtyError::Silent { .. }),
            "after {answers}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_ends_is_an_error_wherever_it_ends_and_the_next_is_a_new_one() {
    for answers in 0..25 {
        let closing = FakeFrr::start(Behaviour::Closing(answers));
        let mut engine = closing.engine().with_patience(PATIENCE);
        let error = engine.apply(&speaker(5)).await.unwrap_err();
        assert!(
            matches!(error, VtyError::Talk { .. }),
            "after {answers}: {error:?}"
        );
        closing.behave(Behaviour::Well);
        assert!(engine.apply(&speaker(5)).await.unwrap().commands_sent > 20);
        assert_eq!(engine.apply(&speaker(5)).await.unwrap().commands_sent, 0);
    }
}

#[tokio::test]
async fn daemons_that_were_there_have_ended_and_those_that_were_not_are_away() {
    let ending = FakeFrr::start(Behaviour::Well);
    let mut engine = ending.engine().with_patience(PATIENCE);
    engine.apply(&speaker(1)).await.unwrap();
    ending.stop_listening();
    let ended = engine.drift(&speaker(1)).await.unwrap_err();
    assert!(matches!(ended, VtyError::Talk { .. }), "{ended:?}");
    let away = engine.apply(&speaker(1)).await.unwrap_err();
    assert!(matches!(away, VtyError::Connect { .. }), "{away:?}");
}

#[tokio::test]
async fn a_reply_that_is_cut_off_is_an_error() {
    let cut = FakeFrr::start(Behaviour::CutOff(6));
    let error = cut.engine().apply(&speaker(1)).await.unwrap_err();
    assert!(matches!(error, VtyError::Talk { .. }), "{error:?}");
}

#[tokio::test]
async fn another_client_that_never_ends_configuring_is_an_error_in_time() {
    let instance = Instance::start("speaker").await;
    let file = std::fs::File::create(instance.dir().join("config.lock")).unwrap();
    file.lock().unwrap();
    let mut engine = instance.engine().with_patience(Duration::from_millis(100));
    let error = engine.apply(&speaker(1)).await.unwrap_err();
    assert!(matches!(error, VtyError::Lock { .. }), "{error:?}");
    drop(file);
    apply(&mut engine.with_patience(PATIENCE), &speaker(1)).await;
}

#[tokio::test]
async fn while_another_vtysh_holds_a_daemon_it_is_reported_and_afterwards_it_converges() {
    let instance = Instance::start("speaker").await;
    let mut config = speaker(2);
    config.vrfs = [("red".parse().unwrap(), Vrf::default())].into();
    for daemon in Daemon::ALL {
        let mut engine = instance.engine().with_patience(PATIENCE);
        apply(&mut engine, &Config::default()).await;
        let mut other = Vty::open(&instance.dir(), daemon).await.unwrap();
        other.require("configure terminal file-lock").await.unwrap();
        let refused = refused(&mut engine, &config).await;
        // Only mgmtd lets nobody else in.
        let expected: &[&str] = if daemon == Daemon::Mgmtd {
            &["vrf red"]
        } else {
            &[]
        };
        assert_eq!(refused, expected, "{daemon}");
        let missing = engine.drift(&config).await.unwrap();
        assert_eq!(missing.len(), expected.len(), "{daemon}");
        drop(other);
        apply(&mut engine, &config).await;
    }
}

/// A name that somebody else has taken for a peer-group, which the engine cannot know.
#[tokio::test]
async fn a_refused_neighbor_is_reported_and_the_next_apply_finds_out_and_converges() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut config = speaker(2);
    apply(&mut engine, &config).await;
    by_hand(&instance, &["router bgp 65000", "neighbor eth9 peer-group"]).await;
    let mut neighbor = Neighbor::new(RemoteAs::External);
    neighbor.description = Some("behind eth9".parse().unwrap());
    neighbor.ipv4 = Some(NeighborFamily::default());
    let id = PeerId::Interface("eth9".parse().unwrap());
    router(&mut config).neighbors.insert(id, neighbor);
    router(&mut config).networks.insert(vip(9), None);
    assert_eq!(
        refused(&mut engine, &config).await,
        ["router bgp 65000 / neighbor eth9 interface remote-as external"]
    );
    let running = engine.running().await.unwrap().to_string();
    assert!(running.contains("network 172.30.0.9/32"), "{running}");
    apply(&mut engine, &config).await;
    assert_eq!(apply(&mut engine, &config).await, 0);
}

#[tokio::test]
async fn what_somebody_else_changed_is_found_by_drift_and_repaired_by_the_next_apply() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let config = speaker(3);
    apply(&mut engine, &config).await;
    by_hand(
        &instance,
        &["router bgp 65000", "neighbor 6.6.6.6 remote-as 666"],
    )
    .await;
    assert_eq!(engine.drift(&config).await.unwrap().len(), 1);
    assert_eq!(apply(&mut engine, &config).await, 1);
}

#[tokio::test]
async fn free_lines_that_move_the_connection_do_not_move_those_after_them() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut config = speaker(2);
    let raw = "exi\nrouter bgp 65000\n exi\n address-family ipv4 unicast\n  rou bgp 65000 vrf red\nint eth0\n";
    config.raw = vec![RawSnippet::parse(raw).unwrap()];
    router(&mut config)
        .networks
        .insert(net("fd00::1/128"), Some(name("mark-1")));
    assert_eq!(engine.apply(&config).await.unwrap().refused, []);
    config.raw.clear();
    apply(&mut engine, &config).await;
}
