//! Pairs of configurations, the second most often near the first: a walk, the same for the same seed.

use std::mem::replace;

use ferroute_frr::config::Config;
use ferroute_frr::tree::Tree;

use crate::sample::known::known;
use crate::sample::mutation::{MUTATIONS, Walk};
use crate::sample::{everything, minimal, speaker};

use super::live::{self, plug_in};
use super::more::MORE;
use super::running::{Lines, paths};

/// Two configurations, one to come from and one to reach.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) number: usize,
    pub(crate) kind: &'static str,
    pub(crate) from: Config,
    pub(crate) to: Config,
}

/// An endless sequence of pairs, each beginning where the last one ended.
pub(crate) struct Pairs {
    walk: Walk,
    version: String,
    number: usize,
    /// Where the last pair ended.
    last: Config,
    /// The last configuration that was not empty: what is changed next.
    rich: Config,
}

impl Pairs {
    pub(crate) fn new(seed: u32, version: &str) -> Self {
        Self {
            walk: Walk::new(seed),
            version: version.to_owned(),
            number: 0,
            last: Config::default(),
            rich: start(0),
        }
    }

    fn change(&mut self, times: u32) {
        for _ in 0..times {
            let choice = self.walk.draw() as usize % (MUTATIONS.len() + MORE.len());
            let mutation = MUTATIONS.iter().chain(&MORE).nth(choice).unwrap();
            mutation(&mut self.rich, self.walk.draw());
        }
        // Another quarter of the changes is of peers whose sessions are up.
        for _ in 0..times.div_ceil(4) {
            let choice = self.walk.draw() as usize % live::MUTATIONS.len();
            live::MUTATIONS[choice](&mut self.rich, self.walk.draw());
        }
    }
}

impl Iterator for Pairs {
    type Item = Pair;

    fn next(&mut self) -> Option<Pair> {
        let kind = match self.walk.draw() % 20 {
            _ if self.number == 0 => "unrelated",
            0 => "empty",
            1 | 2 => "unrelated",
            3..=5 => "far",
            _ => "near",
        };
        match kind {
            "unrelated" => {
                self.rich = start(self.walk.draw());
                let times = self.walk.draw() % 20;
                self.change(times);
            }
            "far" => {
                let times = 4 + self.walk.draw() % 12;
                self.change(times);
            }
            "near" => {
                let times = 1 + self.walk.draw() % 3;
                self.change(times);
            }
            _ => {}
        }
        let to = match kind {
            "empty" => Config::default(),
            _ => known(&self.rich, &self.version),
        };
        self.number += 1;
        Some(Pair {
            number: self.number,
            kind,
            from: replace(&mut self.last, to.clone()),
            to,
        })
    }
}

/// One of the configurations to begin with.
fn start(n: u32) -> Config {
    let mut config = match n % 4 {
        0 | 1 => everything(),
        2 => minimal(),
        _ => speaker(20),
    };
    plug_in(&mut config);
    config
}

#[test]
fn the_pairs_of_a_seed_are_always_the_same() {
    let texts = |seed| -> Vec<String> {
        let pairs = Pairs::new(seed, "10.3").take(50);
        pairs.map(|pair| pair.to.to_string()).collect()
    };
    assert_eq!(texts(7), texts(7));
    assert_ne!(texts(7), texts(8));
}

#[test]
fn every_line_of_the_model_comes_and_goes() {
    let lines = |config| paths(&Tree::from(&config));
    let mut coming = &lines(everything()) - &lines(Config::default());
    let mut going = coming.clone();
    for pair in Pairs::new(1, "10.3").take(1000) {
        let [from, to] = [&pair.from, &pair.to].map(|config| paths(&Tree::from(config)));
        coming.retain(|line| from.contains(line) || !to.contains(line));
        going.retain(|line| to.contains(line) || !from.contains(line));
    }
    assert_eq!(coming, Lines::new(), "these never come");
    assert_eq!(going, Lines::new(), "these never go");
}
