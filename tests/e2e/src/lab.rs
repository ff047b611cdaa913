//! The lab: everything up, and a name for each place.

use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::cluster::Cluster;
use crate::console::stage;
use crate::control_plane::ControlPlane;
use crate::evidence;
use crate::fabric::Fabric;
use crate::node::{Node, SPECS};
use crate::place::Place;
use crate::wait::eventually;
use crate::wiring;

/// A cluster of two nodes and the fabric they are plugged into.
#[derive(Debug)]
pub struct Lab {
    pub fabric: Fabric,
    pub cluster: Cluster,
    pub control_plane: ControlPlane,
    nodes: Vec<Node>,
}

impl Lab {
    /// Brings everything up. The parts wait for each other only where one needs the other.
    pub(crate) fn start() -> Result<Self> {
        ControlPlane::prepare()?;
        wiring::lay()?;
        stage("cables are laid");
        let (control_plane, fabric, nodes) = thread::scope(|scope| {
            let control_plane = scope.spawn(ControlPlane::start);
            let nodes = SPECS.iter().map(Node::start).collect::<Result<Vec<_>>>();
            let fabric = scope.spawn(|| Fabric::start().inspect(|_| stage("the fabric is up")));
            let early = |_| anyhow!("a part of the lab ended early");
            let fabric = fabric.join().map_err(early)?;
            anyhow::Ok((control_plane.join().map_err(early)??, fabric?, nodes?))
        })?;
        let lab = Self {
            fabric,
            cluster: Cluster,
            control_plane,
            nodes,
        };
        lab.wait_for_nodes()?;
        Ok(lab)
    }

    /// Waits until every node is ready and was heard of lately. It is not after the API server was away.
    pub(crate) fn wait_until_heard(&self) -> Result<()> {
        let count = self.nodes.len();
        eventually("the API hears of the nodes", Duration::from_mins(2), || {
            self.cluster.nodes_heard(count)?;
            self.cluster.nodes_ready(count)
        })
    }

    fn wait_for_nodes(&self) -> Result<()> {
        let limit = Duration::from_mins(3);
        let count = self.nodes.len();
        eventually("the nodes are ready", limit, || {
            self.cluster.nodes_ready(count)
        })?;
        stage("the nodes are ready");
        self.nodes
            .iter()
            .try_for_each(|node| eventually("its images", limit, || node.has_images()))
    }

    /// A host of the fabric: `hostA_red`, `hostA_blue`, `hostB_red` or `hostB_blue`.
    pub fn host(&self, name: &str) -> Place {
        Place::network(name)
    }

    /// Both nodes.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Every place of the lab that has a network of its own.
    pub fn places(&self) -> Vec<Place> {
        let fabric = wiring::MACHINES.map(Place::network);
        let nodes = self
            .nodes
            .iter()
            .flat_map(|node| [node.place().clone(), node.router()]);
        [Place::lab()]
            .into_iter()
            .chain(fabric)
            .chain(nodes)
            .collect()
    }

    /// Writes down what a person would look at, and returns the folder where the host will have it.
    pub fn collect(&self, scenario: &str) -> String {
        evidence::collect(self, scenario)
    }
}
