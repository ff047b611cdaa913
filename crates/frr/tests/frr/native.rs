//! The client against real FRR daemons. Needs root and the lab's root file system.

use std::time::Instant;

use ferroute_frr::apply::Applied;
use ferroute_frr::config::{Config, Evpn, PeerId, Targets};
use ferroute_frr::file::save;
use ferroute_frr::session::State;

use crate::lab::{Instance, apply, eventually, frr_version, route};
use crate::sample::known::known;
use crate::sample::mutation::{MUTATIONS, Walk};
use crate::sample::{everything, marked, minimal, name, neighbor, net, router, speaker, vip};

/// As far as the FRR that is tested knows it.
fn known_everything() -> Config {
    known(&everything(), &frr_version())
}

#[tokio::test]
async fn a_speaker_is_configured_by_exactly_what_changed() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut config = speaker(50);
    assert!(apply(&mut engine, &config).await > 50);
    assert_eq!(apply(&mut engine, &config).await, 0, "the same again");
    assert_eq!(
        apply(&mut instance.engine(), &config).await,
        0,
        "the same by another client"
    );

    router(&mut config)
        .networks
        .insert(vip(50), Some(name("mark-1")));
    assert_eq!(apply(&mut engine, &config).await, 1, "a network more");
    router(&mut config)
        .networks
        .insert(vip(50), Some(name("mark-2")));
    assert_eq!(
        apply(&mut engine, &config).await,
        1,
        "a network marked otherwise"
    );
    router(&mut config).networks.remove(&vip(50));
    assert_eq!(apply(&mut engine, &config).await, 1, "a network less");

    let entry = config
        .route_maps
        .get_mut(&name("to-10.0.0.2"))
        .unwrap()
        .get_mut(&1)
        .unwrap();
    entry.sets.communities = ["65000:9".parse().unwrap()].into();
    assert_eq!(apply(&mut engine, &config).await, 1, "another community");

    router(&mut config)
        .neighbors
        .remove(&PeerId::Address("10.0.0.3".parse().unwrap()));
    config.route_maps.remove(&name("to-10.0.0.3"));
    let entries = 2;
    assert_eq!(
        apply(&mut engine, &config).await,
        1 + entries,
        "a neighbor less"
    );
}

#[tokio::test]
async fn frr_prints_every_setting_as_it_was_rendered() {
    let instance = Instance::start("router").await;
    let mut engine = instance.engine();
    assert!(apply(&mut engine, &known_everything()).await > 0);
    assert_eq!(apply(&mut instance.engine(), &known_everything()).await, 0);
    apply(&mut engine, &minimal()).await;
    apply(&mut engine, &known_everything()).await;
    apply(&mut engine, &Config::default()).await;
    assert_eq!(
        instance.engine().apply(&Config::default()).await.unwrap(),
        Applied::default()
    );
}

#[tokio::test]
async fn another_as_number_makes_the_instances_anew() {
    let instance = Instance::start("router").await;
    let mut engine = instance.engine();
    let mut config = known_everything();
    apply(&mut engine, &config).await;
    router(&mut config).asn = 64998.try_into().unwrap();
    apply(&mut engine, &config).await;
}

/// FRR takes such a line for no change as long as it derives the target itself.
#[tokio::test]
async fn a_route_target_that_frr_would_derive_is_kept_when_it_is_asked_for() {
    let instance = Instance::start("router").await;
    let mut engine = instance.engine();
    let mut config = minimal();
    let vni = 300.try_into().unwrap();
    for target in ["64514:300", "64514:7", "64514:300"] {
        let target = [target.parse().unwrap()];
        let targets = Targets {
            rd: None,
            import: target.into(),
            export: target.into(),
        };
        router(&mut config).evpn = Some(Evpn {
            advertise_all_vni: true,
            vnis: [(vni, targets)].into(),
            ..Evpn::default()
        });
        apply(&mut engine, &config).await;
    }
    apply(&mut engine, &minimal()).await;
}

#[tokio::test]
async fn an_instance_that_frr_only_hid_comes_back_with_nothing_from_before() {
    let instance = Instance::start("router").await;
    let mut engine = instance.engine();
    apply(&mut engine, &known_everything()).await;
    let mut config = minimal();
    for router in config.routers.values_mut() {
        router.asn = 64998.try_into().unwrap();
    }
    apply(&mut engine, &config).await;
}

#[tokio::test]
async fn a_peer_gets_the_communities_of_a_mark_and_not_the_mark() {
    let speaker = Instance::start("speaker").await;
    let peer = Instance::start("router").await;
    speaker.connect(&peer, "10.0.0.1/24", "10.0.0.2/24");
    let mut config = marked();
    let mut engine = speaker.engine();
    apply(&mut engine, &config).await;
    apply(&mut peer.engine(), &neighbor("65001", "10.0.0.1", "65000")).await;
    eventually("a session", async || {
        speaker
            .session("10.0.0.2")
            .await
            .filter(|session| session.state == State::Established)
    })
    .await;
    let route_1 = eventually("the route of mark 1", async || {
        route(&peer, "172.30.0.1/32").await
    })
    .await;
    assert_eq!(route_1["paths"][0]["community"]["string"], "65000:1");
    assert_eq!(route_1["paths"][0]["largeCommunity"]["string"], "65000:1:1");
    assert_eq!(route_1["paths"][0]["tag"], serde_json::Value::Null);
    let route_2 = eventually("the route of mark 2", async || {
        route(&peer, "172.30.0.2/32").await
    })
    .await;
    assert_eq!(
        route_2["paths"][0]["community"]["string"],
        "65000:2 no-export"
    );
    assert!(
        route(&peer, "172.30.0.3/32").await.is_none(),
        "no mark, no announcement"
    );

    let start = Instant::now();
    router(&mut config)
        .networks
        .insert(net("172.30.0.4/32"), Some(name("mark-1")));
    engine.apply(&config).await.unwrap();
    eventually("a route more", async || route(&peer, "172.30.0.4/32").await).await;
    println!("one network more, at the peer after {:?}", start.elapsed());
    let received = eventually("the counters", async || {
        peer.session("10.0.0.1")
            .await
            .filter(|session| session.prefixes_received == 3)
    });
    assert_eq!(received.await.remote_as, 65000);
}

#[tokio::test]
async fn a_daemon_that_ends_ends_the_instance_and_the_next_apply_restores_it() {
    let mut instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let config = speaker(10);
    apply(&mut engine, &config).await;
    instance.kill_daemon("bgpd");
    assert!(!instance.end().await.success());
    let log = std::fs::read_to_string(instance.log_file()).unwrap();
    assert!(log.contains("Ended { daemon: Bgpd"), "{log}");
    engine.apply(&config).await.unwrap_err();
    instance.start_again().await;
    assert!(apply(&mut engine, &config).await > 10);
    assert_eq!(apply(&mut engine, &config).await, 0);
}

#[tokio::test]
async fn an_instance_starts_with_the_configuration_that_was_saved() {
    let mut instance = Instance::start("speaker").await;
    save(&instance.config_file(), &speaker(10)).unwrap();
    instance.kill_daemon("zebra");
    assert!(!instance.end().await.success());
    instance.start_again().await;
    assert_eq!(apply(&mut instance.engine(), &speaker(10)).await, 0);
}

#[tokio::test]
async fn a_refused_line_is_reported_and_the_others_are_in_force() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut config = speaker(2);
    let raw = "router bgp 65000\n bgp nonsense\n neighbor 10.0.0.2 description free\n";
    config.raw = vec![ferroute_frr::config::RawSnippet::parse(raw).unwrap()];
    let applied = engine.apply(&config).await.unwrap();
    let lines: Vec<_> = applied
        .refused
        .iter()
        .map(|refused| refused.line.as_str())
        .collect();
    assert_eq!(lines, ["router bgp 65000 / bgp nonsense"]);
    assert!(
        applied.refused[0].reason.contains("Unknown command"),
        "{:?}",
        applied.refused
    );
    let running = engine.running().await.unwrap().to_string();
    assert!(
        running.contains("neighbor 10.0.0.2 description free"),
        "{running}"
    );
    assert!(
        running.contains("network 172.30.0.1/32 route-map mark-1"),
        "{running}"
    );
    assert_eq!(
        engine.apply(&config).await.unwrap().commands_sent,
        1,
        "only the refused one again"
    );
}

#[tokio::test]
async fn a_password_is_not_in_what_frr_says_of_a_line_that_it_refuses() {
    let instance = Instance::start("speaker").await;
    let mut config = speaker(0);
    let raw = "neighbor 10.0.0.2 password s3cret\n";
    config.raw = vec![ferroute_frr::config::RawSnippet::parse(raw).unwrap()];
    let refused = instance.engine().apply(&config).await.unwrap().refused;
    assert!(refused[0].reason.contains("Unknown command"), "{refused:?}");
    assert!(!format!("{refused:?}").contains("s3cret"), "{refused:?}");
}

/// The first is bgpd's, and mgmtd, which is asked before, knows nothing of it; the others get a number.
#[tokio::test]
async fn free_lines_are_found_in_what_frr_prints() {
    let instance = Instance::start("speaker").await;
    let mut config = speaker(0);
    for raw in [
        "debug bgp neighbor-events\n",
        "ip prefix-list free permit 10.0.0.0/8\n",
        "bgp community-list standard free permit 65000:1\n",
    ] {
        config.raw = vec![ferroute_frr::config::RawSnippet::parse(raw).unwrap()];
        apply(&mut instance.engine(), &config).await;
        assert_eq!(apply(&mut instance.engine(), &config).await, 0, "{raw}");
    }
    let mut engine = instance.engine();
    config.raw.clear();
    apply(&mut engine, &config).await;
    let running = instance.show("show running-config").await;
    assert!(!running.contains("-list "), "{running}");
}

/// Or it would be taken away and made anew for ever.
#[tokio::test]
async fn a_free_line_that_frr_says_otherwise_is_sent_no_more_when_that_is_accepted() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut config = speaker(0);
    let raw = "ip prefix-list free seq 5 permit 10.1.1.1/8\n";
    config.raw = vec![ferroute_frr::config::RawSnippet::parse(raw).unwrap()];
    engine.apply(&config).await.unwrap();
    let drift = engine.drift(&config).await.unwrap();
    assert!(!drift.is_empty());
    let again = engine.apply(&config).await.unwrap();
    assert_eq!(again.commands_sent, drift.len());
    assert_eq!(engine.drift(&config).await.unwrap(), drift);
    engine.accept(&config);
    assert_eq!(engine.apply(&config).await.unwrap(), Applied::default());
}

#[tokio::test]
async fn ten_thousand_networks_are_as_fast_as_ten() {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut config = speaker(10_000);
    let start = Instant::now();
    engine.apply(&config).await.unwrap();
    println!("10,000 networks: {:?}", start.elapsed());
    router(&mut config)
        .networks
        .insert(net("172.31.0.1/32"), Some(name("mark-1")));
    let start = Instant::now();
    let applied = engine.apply(&config).await.unwrap();
    println!("one more: {:?}", start.elapsed());
    assert_eq!(
        applied,
        Applied {
            commands_sent: 1,
            refused: vec![]
        }
    );
    let start = Instant::now();
    let applied = instance.engine().apply(&config).await.unwrap();
    println!(
        "nothing, by a client that knows nothing: {:?}",
        start.elapsed()
    );
    assert_eq!(applied, Applied::default());
}

#[tokio::test]
async fn any_small_change_is_applied_wholly_and_without_refusal() {
    let instance = Instance::start("router").await;
    let mut engine = instance.engine();
    let mut config = known_everything();
    apply(&mut engine, &config).await;
    for (step, changes) in Walk::new(31301).take(300).enumerate() {
        for (index, n) in &changes {
            MUTATIONS[*index](&mut config, *n);
        }
        println!("step {step}: {changes:?}");
        apply(&mut engine, &known(&config, &frr_version())).await;
    }
    let config = known(&config, &frr_version());
    assert_eq!(apply(&mut instance.engine(), &config).await, 0);
}
