//! Those that are compared: each brings an instance to a set of services.

use std::fmt;
use std::io::Write;
use std::process::Stdio;

use ferroute_frr::apply::Engine;
use ferroute_frr::config::Config;

use crate::instance::Instance;
use crate::shape::{Shape, TABLE, service};

/// Who configures.
pub(crate) enum Client {
    /// Our engine.
    Engine(Box<Engine>),
    /// The script that comes with FRR.
    FrrReload,
    /// `ip -batch` into a kernel table that bgpd redistributes.
    Table { announced: Vec<u32> },
}

/// What is to be reached, in the forms in which clients take it.
pub(crate) struct Goal {
    services: Vec<u32>,
    config: Config,
}

impl Goal {
    /// Writes the file that frr-reload.py reads, too.
    pub(crate) fn new(instance: &Instance, shape: Shape, services: &[u32]) -> Self {
        let config = shape.config(services);
        // Without this line the script refuses to work.
        let text = format!("service integrated-vtysh-config\n{config}");
        std::fs::write(instance.file("desired.conf"), text).unwrap();
        Self {
            services: services.to_vec(),
            config,
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine(_) => "ferroute",
            Self::FrrReload => "frr-reload.py",
            Self::Table { .. } => "ip -batch",
        })
    }
}

impl Client {
    pub(crate) fn engine(instance: &Instance) -> Self {
        Self::Engine(Box::new(Engine::new(instance.dir())))
    }

    /// The redistribution stands before anything is measured.
    pub(crate) async fn table(instance: &Instance) -> Self {
        let config = Shape::Table.config(&[]);
        let applied = Engine::new(instance.dir()).apply(&config).await.unwrap();
        assert_eq!(applied.refused, []);
        Self::Table {
            announced: Vec::new(),
        }
    }

    /// Returns after the last reply.
    pub(crate) async fn apply(&mut self, instance: &Instance, goal: &Goal) {
        match self {
            Self::Engine(engine) => {
                let applied = engine.apply(&goal.config).await.unwrap();
                assert_eq!(applied.refused, []);
            }
            Self::FrrReload => frr_reload(instance),
            Self::Table { announced } => {
                route_batch(instance, announced, &goal.services);
                announced.clone_from(&goal.services);
            }
        }
    }
}

fn frr_reload(instance: &Instance) {
    let words = [
        "/usr/bin/python3",
        "/usr/lib/frr/frr-reload.py",
        "--reload",
        "--pathspace",
        "speaker",
        "--rundir",
        "/run/frr/speaker",
        "/run/frr/desired.conf",
    ];
    let output = instance.inside(&words).output().unwrap();
    let said = || String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}", said());
}

fn route_batch(instance: &Instance, have: &[u32], want: &[u32]) {
    let line = |verb, n: &u32| format!("route {verb} blackhole {} table {TABLE}\n", service(*n));
    let more = want.iter().filter(|n| !have.contains(n));
    let less = have.iter().filter(|n| !want.contains(n));
    let lines = more
        .map(|n| line("add", n))
        .chain(less.map(|n| line("del", n)));
    let lines: String = lines.collect();
    let mut command = instance.inside(&["ip", "-batch", "-"]);
    let mut ip = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = ip.stdin.take().unwrap();
    input.write_all(lines.as_bytes()).unwrap();
    drop(input);
    assert!(ip.wait().unwrap().success());
}
