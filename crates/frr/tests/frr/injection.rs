//! Hostile values, from the strings of a user to bgpd and its own account of what it runs.

mod config;
mod hostile;

use std::collections::{BTreeSet, HashSet};
use std::time::Instant;

use ferroute_frr::Config;
use ferroute_frr::apply::Engine;
use ferroute_frr::word::Hostname;

use crate::lab::Instance;
use config::{Taken, batch, described};
use hostile::Draw;

/// How many values are tried as every kind of word, and how many of them at once.
const VALUES: usize = 10_000;
const BATCH: usize = 100;
/// Lists and route-maps that come and go make FRR slower and slower.
const PER_INSTANCE: usize = 1_000;
const SEED: u64 = 7001;

/// What every daemon says of itself, whatever the model says.
async fn said(instance: &Instance) -> BTreeSet<String> {
    let text = instance.show("show running-config").await;
    let lines = text.lines().map(str::trim_end);
    lines
        .filter(|line| !line.is_empty() && *line != "!")
        .map(str::to_owned)
        .collect()
}

/// What is wrong after a configuration was applied: lines that were refused, and lines that are not as desired.
async fn complaints(engine: &mut Engine, desired: &Config) -> Vec<String> {
    let applied = engine.apply(desired).await.unwrap();
    let refused = applied.refused.into_iter();
    let drift = engine.drift(desired).await.unwrap().into_iter();
    refused
        .map(|refused| format!("refused: {}: {}", refused.line, refused.reason))
        .chain(drift.map(|command| format!("not in force: {command}")))
        .collect()
}

/// The values, none of them twice.
fn values() -> Vec<String> {
    let mut known = HashSet::new();
    Draw::new(SEED)
        .filter(|value| known.insert(value.clone()))
        .take(VALUES)
        .collect()
}

#[tokio::test]
async fn a_hostile_value_is_refused_or_stays_one_word_in_bgpd() {
    let start = Instant::now();
    let mut taken = Taken::default();
    for values in values().chunks(PER_INSTANCE) {
        through_bgpd(values, &mut taken).await;
    }
    println!(
        "{VALUES} values, seed {SEED}, {:?}: accepted {taken:?}",
        start.elapsed()
    );
}

async fn through_bgpd(values: &[String], taken: &mut Taken) {
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut wrong = complaints(&mut engine, &Config::default()).await;
    let untouched = said(&instance).await;
    for values in values.chunks(BATCH) {
        wrong.extend(complaints(&mut engine, &batch(values, taken)).await);
    }
    wrong.extend(complaints(&mut engine, &Config::default()).await);
    assert_eq!(wrong, [] as [&str; 0]);
    assert_eq!(said(&instance).await, untouched, "something is left over");
}

/// There is one host name, so each is applied by itself.
#[tokio::test]
async fn a_hostile_host_name_is_refused_or_stays_one_word_in_bgpd() {
    let start = Instant::now();
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let names: Vec<Hostname> = values()
        .iter()
        .filter_map(|value| value.parse().ok())
        .collect();
    assert!(!names.is_empty());
    let untouched = said(&instance).await;
    for name in &names {
        let config = Config {
            hostname: Some(name.clone()),
            ..Config::default()
        };
        assert_eq!(complaints(&mut engine, &config).await, [] as [&str; 0]);
        let mut running = said(&instance).await;
        assert!(
            running.remove(&format!("hostname {name}")),
            "{name}: {running:?}"
        );
        assert_eq!(
            running.difference(&untouched).collect::<Vec<_>>(),
            ["bgp route-map delay-timer 1"]
        );
    }
    println!(
        "{} host names of {VALUES} values, {:?}",
        names.len(),
        start.elapsed()
    );
}

/// Whatever one writes freely, the rest of the configuration is as the model says.
#[tokio::test]
async fn hostile_free_configuration_is_refused_or_stays_where_it_was_written() {
    let start = Instant::now();
    let instance = Instance::start("speaker").await;
    let mut engine = instance.engine();
    let mut accepted = 0;
    for values in values().chunks(BATCH) {
        let config = described(values, &mut accepted);
        assert_eq!(complaints(&mut engine, &config).await, [] as [&str; 0]);
    }
    println!(
        "{accepted} free texts of {VALUES} values, {:?}",
        start.elapsed()
    );
}
