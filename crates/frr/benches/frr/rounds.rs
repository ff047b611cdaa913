//! The changes that are measured.

use std::time::{Duration, Instant};

use ferroute_frr::vty::Daemon;

use crate::client::{Client, Goal};
use crate::instance::Instance;
use crate::meter::{Meter, Used};
use crate::peer::Peer;
use crate::report::{self, Row};
use crate::shape::{Shape, service};

/// How many services there are, and how often each change is made.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) services: u32,
    ours: usize,
    rivals: usize,
}

impl Size {
    pub(crate) fn all(quick: bool) -> Vec<Self> {
        let size = |services, ours, rivals| Self {
            services,
            ours,
            rivals,
        };
        if quick {
            return vec![size(10, 10, 3), size(1000, 10, 1)];
        }
        vec![size(10, 100, 10), size(1000, 100, 5), size(10_000, 100, 2)]
    }
}

/// What a change is.
#[derive(Clone, Copy)]
enum What {
    Fill,
    Nothing,
    More,
    Less,
}

/// One change, measured.
#[derive(Clone, Copy)]
pub(crate) struct Sample {
    /// Until the last reply.
    pub(crate) reply: Duration,
    /// Until the peer has heard of it, where there is something to hear.
    pub(crate) peer: Option<Duration>,
    pub(crate) used: Used,
}

/// All clients on all shapes with so many services, each on an instance of its own.
pub(crate) async fn run(size: Size) {
    for shape in [Shape::Ferroute, Shape::MetalLb] {
        let instance = Instance::started().await;
        let client = Client::engine(&instance);
        // To number a list without gaps is as slow as the list is long, for us, too.
        let rounds = match shape {
            Shape::MetalLb => size.rivals,
            Shape::Ferroute | Shape::Table => size.ours,
        };
        Bench::new(instance, client, shape, size).run(rounds).await;
        let instance = Instance::started().await;
        Bench::new(instance, Client::FrrReload, shape, size)
            .run(size.rivals)
            .await;
    }
    let instance = Instance::started().await;
    let client = Client::table(&instance).await;
    Bench::new(instance, client, Shape::Table, size)
        .run(size.ours)
        .await;
}

struct Bench {
    instance: Instance,
    client: Client,
    peer: Peer,
    shape: Shape,
    size: Size,
    /// All services; the one in the middle comes and goes.
    all: Vec<u32>,
    middle: u32,
}

impl Bench {
    fn new(instance: Instance, client: Client, shape: Shape, size: Size) -> Self {
        Self {
            peer: Peer::start(instance.pid()),
            instance,
            client,
            shape,
            size,
            all: (0..size.services).collect(),
            middle: size.services / 2,
        }
    }

    async fn run(mut self, rounds: usize) {
        let first = self.goal(&[0]);
        let start = Instant::now();
        self.client.apply(&self.instance, &first).await;
        self.peer.announced((service(0), 32), start);
        let filled = self.measure(What::Fill).await;
        self.report("0 → all", &[filled]);
        for (what, name) in [
            (What::Nothing, "nothing"),
            (What::Less, "one less, from the middle"),
            (What::More, "one more, in the middle"),
        ] {
            let mut samples = Vec::new();
            for _ in 0..rounds {
                samples.push(self.measure(what).await);
                self.undo(what).await;
            }
            self.report(name, &samples);
        }
        report::memory(
            self.shape,
            self.size.services,
            &self.client,
            self.instance.resident(Daemon::Bgpd),
            self.instance.resident(Daemon::Zebra),
        );
    }

    /// Makes the change, and waits for the peer.
    async fn measure(&mut self, what: What) -> Sample {
        let services = self.services(what);
        if let What::More = what {
            let less = self.services(What::Less);
            self.settle(&less).await;
        }
        let goal = self.goal(&services);
        let daemons = self.instance.daemons();
        let before = Meter::read(&daemons);
        let start = Instant::now();
        self.client.apply(&self.instance, &goal).await;
        let reply = start.elapsed();
        let used = Meter::read(&daemons).since(before);
        let middle = (service(self.middle), 32);
        let heard = match what {
            What::Nothing => None,
            What::Fill => Some(self.peer.has(services.len() - 1, start)),
            What::More => Some(self.peer.announced(middle, start)),
            What::Less => Some(self.peer.withdrawn(middle, start)),
        };
        Sample {
            reply,
            peer: heard.map(|at| at - start),
            used,
        }
    }

    fn goal(&self, services: &[u32]) -> Goal {
        Goal::new(&self.instance, self.shape, services)
    }

    fn services(&self, what: What) -> Vec<u32> {
        let all = self.all.iter().copied();
        match what {
            What::Less => all.filter(|n| *n != self.middle).collect(),
            What::Fill | What::Nothing | What::More => all.collect(),
        }
    }

    async fn undo(&mut self, what: What) {
        if let What::Less = what {
            let all = self.all.clone();
            self.settle(&all).await;
        }
    }

    /// Another change than the measured one, and its arrival.
    async fn settle(&mut self, services: &[u32]) {
        let goal = self.goal(services);
        let start = Instant::now();
        self.client.apply(&self.instance, &goal).await;
        let middle = (service(self.middle), 32);
        if services.contains(&self.middle) {
            self.peer.announced(middle, start);
        } else {
            self.peer.withdrawn(middle, start);
        }
    }

    fn report(&self, what: &str, samples: &[Sample]) {
        report::row(&Row {
            shape: self.shape,
            services: self.size.services,
            what,
            client: &self.client,
            samples,
        });
    }
}
