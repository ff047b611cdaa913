//! The node's links and addresses, made as they are asked to be.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::{KERNEL_NOT_REACHED, NodeFailure, NodeRouterSpec};
use ferroute_net::{Change, Desired, Error, Kernel, KernelOptions, LinkName, Outcome};
use tracing::{debug, info, warn};

use crate::failures;
use crate::node::{Instance, Node};

/// How long zebra may take to see a new VRF.
const INTRODUCTION: Duration = Duration::from_secs(1);

/// How often the kernel is looked at although it told of no change.
const LOOK: Duration = Duration::from_mins(1);

/// The kernel of the node.
pub(crate) struct Links {
    node: Arc<Node>,
    kernel: Option<Kernel>,
    /// What the kernel held when it was last looked at, unless something has changed since.
    held: Option<Desired>,
    /// When it was last looked at.
    looked: Option<Instant>,
}

impl Links {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            kernel: None,
            held: None,
            looked: None,
        }
    }

    /// When to look at the kernel again at the latest; never on a node without a router, where nothing is applied.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.looked.map(|looked| looked + LOOK)
    }

    /// Returns when links or addresses have changed.
    pub(crate) async fn changed(&mut self) {
        let told = match &self.kernel {
            Some(kernel) => kernel.changed().await,
            None => std::future::pending().await,
        };
        if let Err(error) = told {
            warn!(
                error = &error as &dyn std::error::Error,
                "no longer told of changes"
            );
            std::future::pending::<()>().await;
        }
        debug!("links or addresses have changed");
        self.held = None;
    }

    /// Makes the kernel hold what is desired, if it is not known to do so. What has changed, and what could not be.
    pub(crate) async fn apply(
        &mut self,
        desired: Desired,
        spec: &NodeRouterSpec,
    ) -> (Vec<Change>, Vec<NodeFailure>) {
        let is_due = self.due().is_some_and(|due| due <= Instant::now());
        if self.held.as_ref() == Some(&desired) && !is_due {
            return (Vec::new(), Vec::new());
        }
        self.held = None;
        self.looked = Some(Instant::now());
        match self.reconcile(&desired).await {
            Ok(outcome) => {
                for change in &outcome.changes {
                    info!(%change, "applied");
                }
                let count = u64::try_from(outcome.changes.len()).unwrap_or(u64::MAX);
                self.node.metrics.kernel_changes.inc_by(count);
                self.held = outcome.is_converged().then_some(desired);
                let failed = outcome.failures.iter();
                let failed = failed.map(|failure| failures::of_kernel(failure, spec));
                let mut failed: Vec<_> = failed.collect();
                failed.extend(outcome.unread.map(|error| self.not_reached(&error)));
                (outcome.changes, failed)
            }
            Err(error) => (Vec::new(), vec![self.not_reached(&error)]),
        }
    }

    /// Opens the kernel anew the next time.
    fn not_reached(&mut self, error: &Error) -> NodeFailure {
        self.kernel = None;
        failures::of_part(KERNEL_NOT_REACHED, error)
    }

    async fn reconcile(&mut self, desired: &Desired) -> Result<Outcome, Error> {
        if let (None, Some(netns)) = (&self.kernel, &self.node.options.netns) {
            ferroute_net::prepare(netns)?;
            let (netns, state_dir) = (netns.clone(), self.node.options.state_dir.join("nics"));
            self.kernel = Some(Kernel::open(KernelOptions { netns, state_dir }).await?);
        }
        match &self.kernel {
            Some(kernel) => {
                let sockets = self.node.sockets(Instance::Router);
                let introduce = |vrfs| introduce(sockets, vrfs);
                kernel.reconcile_with(desired, introduce).await
            }
            None => Ok(Outcome::default()),
        }
    }
}

/// Gives zebra the time to see new VRFs. A zebra that is not there reads links before routes when it starts.
async fn introduce(sockets: PathBuf, vrfs: Vec<LinkName>) {
    let names: Vec<String> = vrfs.iter().map(|vrf| vrf.as_str().to_owned()).collect();
    match ferroute_frr::vrf::wait_until_known(&sockets, &names, INTRODUCTION).await {
        Ok(true) => {}
        Ok(false) => warn!(?names, "zebra has not seen new VRFs yet"),
        Err(error) => debug!(
            error = &error as &dyn std::error::Error,
            "zebra is not there to see new VRFs"
        ),
    }
}
