//! How long after a crash of every daemon the peer has all services again.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{Client, Goal};
use crate::instance::Instance;
use crate::peer::Peer;
use crate::report::percentiles;
use crate::shape::Shape;

const SERVICES: u32 = 100;

pub(crate) async fn run(rounds: usize) {
    println!(
        "\n| a start with {SERVICES} services, from exec to the last at the peer | n | p50 / p99 |\n|---|---|---|"
    );
    for shape in [Shape::Ferroute, Shape::Table] {
        let mut times = Vec::new();
        let mut instance = filled(shape).await;
        let before = Instant::now();
        let peer = Peer::start(instance.pid());
        peer.has(usize::try_from(SERVICES).unwrap(), before);
        for _ in 0..rounds {
            times.push(start(&mut instance, &peer).await);
        }
        println!("| {shape} | {rounds} | {} |", percentiles(times));
    }
    let mut times = Vec::new();
    for _ in 0..rounds.min(5) {
        times.push(stock().await);
    }
    println!(
        "| FRR's own start script | {} | {} |",
        times.len(),
        percentiles(times)
    );
}

/// An instance with services, and with the file that it starts from.
async fn filled(shape: Shape) -> Instance {
    let instance = Instance::started().await;
    let services: Vec<u32> = (0..SERVICES).collect();
    let mut client = match shape {
        Shape::Table => Client::table(&instance).await,
        Shape::Ferroute | Shape::MetalLb => Client::engine(&instance),
    };
    client
        .apply(&instance, &Goal::new(&instance, shape, &services))
        .await;
    ferroute_frr::file::save(&instance.file("frr.conf"), &shape.config(&services)).unwrap();
    instance
}

async fn start(instance: &mut Instance, peer: &Peer) -> Duration {
    instance.crash();
    let start = Instant::now();
    instance.exec();
    let all = usize::try_from(SERVICES).unwrap();
    let at = peer.has(all, start);
    instance.runs().await;
    at - start
}

/// As Debian starts it, without what we tell every instance.
async fn stock() -> Duration {
    let instance = Instance::prepared().await;
    let services: Vec<u32> = (0..SERVICES).collect();
    let ours = Shape::Ferroute.config(&services).to_string();
    let is_stock = |line: &&str| !line.contains("delay-timer") && !line.contains("coalesce-time");
    let lines: Vec<_> = ours.lines().filter(is_stock).collect();
    std::fs::write(instance.file("stock.conf"), lines.join("\n") + "\n").unwrap();
    let peer = Peer::start(instance.pid());
    let script = "chown frr: /run/frr; cp /run/frr/stock.conf /etc/frr/frr.conf; chown frr: /etc/frr/frr.conf; \
        sed -i 's/^bgpd=no/bgpd=yes/' /etc/frr/daemons; exec /usr/lib/frr/frrinit.sh start";
    let start = Instant::now();
    quietly(instance.inside(&["sh", "-c", script]));
    let at = peer.has(services.len(), start);
    let kill = "kill -9 $(cat /run/frr/*.pid)";
    quietly(instance.inside(&["sh", "-c", kill]));
    at - start
}

/// Runs a command that leaves daemons behind: with a pipe for its output it would never seem to end.
fn quietly(mut command: Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.unwrap().success(), "{command:?}");
}
