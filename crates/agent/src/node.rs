//! What every task of the agent shares.

use std::path::PathBuf;

use kube::Client;

use crate::Options;
use crate::metrics::Metrics;

/// The two FRR instances of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Instance {
    /// In the router's network namespace.
    Router,
    /// In the host's.
    Speaker,
}

impl Instance {
    pub(crate) const ALL: [Self; 2] = [Self::Router, Self::Speaker];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Router => "router",
            Self::Speaker => "speaker",
        }
    }
}

/// The node and the way to the API.
pub(crate) struct Node {
    pub(crate) client: Client,
    pub(crate) options: Options,
    pub(crate) metrics: Metrics,
}

impl Node {
    /// Where the sockets of an FRR instance are.
    pub(crate) fn sockets(&self, instance: Instance) -> PathBuf {
        self.options.frr_run_dir.join(instance.as_str())
    }

    /// The file that an FRR instance starts from.
    pub(crate) fn frr_conf(&self, instance: Instance) -> PathBuf {
        self.options
            .state_dir
            .join(instance.as_str())
            .join("frr.conf")
    }
}

#[cfg(test)]
impl Node {
    /// A node with all its files in a folder, and an API that nobody answers for.
    pub(crate) fn of_test(dir: &std::path::Path) -> Self {
        let nowhere = kube::Config::new("http://127.0.0.1:1".parse().unwrap());
        let options = Options {
            node: "node-1".to_owned(),
            namespace: "ferroute-system".to_owned(),
            state_dir: dir.to_owned(),
            frr_run_dir: dir.to_owned(),
            netns: None,
            listen: ([127, 0, 0, 1], 0).into(),
        };
        Self {
            client: Client::try_from(nowhere).unwrap(),
            options,
            metrics: Metrics::register(&mut prometheus_client::registry::Registry::default()),
        }
    }
}
