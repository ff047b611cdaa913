//! The loop that makes the node as it is asked to be.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::{NodeFailure, SecretKey};
use ferroute_frr::config::Config;
use ferroute_net::{Change, Kernel, KernelOptions, LinkName, Space, Vni};
use ferroute_service::Health;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::desired::{Desired, desired};
use crate::inbox::{Asked, Inbox};
use crate::instances::Frr;
use crate::node::{Instance, Node};
use crate::passwords::Passwords;
use crate::stored::Stored;
use crate::{Error, failures, report, stored};

/// How long to wait before trying what failed again, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// How long zebra may take to see a new VRF.
const INTRODUCTION: Duration = Duration::from_secs(1);

/// How often the node is looked at although nobody told of a change.
const LOOK: Duration = Duration::from_mins(1);

/// Runs until the shutdown. What was asked last is applied before the API answers: fail static.
pub(crate) async fn run(
    node: Arc<Node>,
    inbox: Arc<Inbox>,
    health: Health,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    make_dirs(&node)?;
    let stored = load(&node.options.state_dir);
    let passwords = stored.as_ref().map(|stored| stored.passwords.clone());
    let mut reconciler = Reconciler::new(Arc::clone(&node), passwords.unwrap_or_default());
    let mut known = stored.map(|stored| stored.asked);
    let mut failed = false;
    if let Some(asked) = &known {
        let generation = asked.generation;
        info!(generation, "starting from the last known state");
        failed = reconciler.reconcile(asked).await;
        reconciler.save(asked);
    }
    let mut backoff = BACKOFF.0;
    while reconciler
        .wait(&inbox, &shutdown, failed.then_some(backoff))
        .await
    {
        let heard = inbox.asked();
        let api_answers = heard.is_some();
        let Some(asked) = heard.or(known.take()) else {
            continue;
        };
        if api_answers {
            let passwords = &mut reconciler.passwords;
            passwords.refresh(&node.client, &asked.spec).await;
        }
        failed = reconciler.reconcile(&asked).await;
        backoff = if failed {
            (backoff * 2).min(BACKOFF.1)
        } else {
            BACKOFF.0
        };
        reconciler.save(&asked);
        if api_answers {
            reconciler.report(&asked).await;
            health.set_ready(true);
        }
        known = Some(asked);
    }
    Ok(())
}

fn make_dirs(node: &Node) -> Result<(), Error> {
    for instance in [Instance::Router, Instance::Speaker] {
        let path = node.options.state_dir.join(instance.as_str());
        std::fs::create_dir_all(&path).map_err(|source| Error::StateDir { path, source })?;
    }
    Ok(())
}

fn load(state_dir: &Path) -> Option<Stored> {
    stored::load(state_dir).unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        warn!(error, "no last known state");
        None
    })
}

struct Reconciler {
    node: Arc<Node>,
    router: Frr,
    speaker: Frr,
    kernel: Option<Kernel>,
    /// What the kernel held when it was last looked at, unless something has changed since.
    held: Option<ferroute_net::Desired>,
    looked: Instant,
    passwords: Passwords,
    stored: Option<Stored>,
    reporter: report::Reporter,
    failures: Vec<NodeFailure>,
    announced: usize,
}

impl Reconciler {
    fn new(node: Arc<Node>, passwords: Vec<(SecretKey, String)>) -> Self {
        Self {
            router: Frr::new(Arc::clone(&node), Instance::Router),
            speaker: Frr::new(Arc::clone(&node), Instance::Speaker),
            kernel: None,
            held: None,
            looked: Instant::now(),
            passwords: Passwords::kept(passwords),
            stored: None,
            reporter: report::Reporter::default(),
            failures: Vec::new(),
            announced: 0,
            node,
        }
    }

    /// Waits for something to do; false at the shutdown.
    async fn wait(
        &mut self,
        inbox: &Inbox,
        shutdown: &CancellationToken,
        retry: Option<Duration>,
    ) -> bool {
        let retry = retry.map(|backoff| Instant::now() + backoff);
        let look = self.looked + LOOK;
        let due = [
            retry,
            self.passwords.due(),
            self.reporter.due(),
            self.router.verify_at(),
            self.speaker.verify_at(),
        ];
        let due = due.into_iter().flatten().min().unwrap_or(look).min(look);
        tokio::select! {
            () = shutdown.cancelled() => return false,
            () = inbox.changed() => {}
            () = kernel_changed(self.kernel.as_ref()) => {
                debug!("links or addresses have changed");
                self.held = None;
            }
            () = tokio::time::sleep_until(due.into()) => {}
        }
        if look <= Instant::now() {
            self.looked = Instant::now();
            self.held = None;
        }
        true
    }

    /// Makes the node as it is asked to be; true if something is worth another try.
    async fn reconcile(&mut self, asked: &Asked) -> bool {
        let start = Instant::now();
        let Desired {
            kernel,
            router,
            speaker,
            announced,
            mut failures,
        } = desired(&asked.spec, &asked.announced(), self.passwords.known());
        let impossible = failures.len();
        failures.extend(self.router_and_kernel(router, kernel, asked).await);
        failures.extend(self.speaker.apply(speaker).await);
        for frr in [&mut self.router, &mut self.speaker] {
            failures.extend(frr.verify().await);
        }
        let metrics = &self.node.metrics;
        metrics.reconciles.inc();
        let elapsed = start.elapsed().as_secs_f64();
        metrics.reconcile_duration.observe(elapsed);
        let count = i64::try_from(failures.len()).unwrap_or(i64::MAX);
        metrics.failures.set(count);
        if failures != self.failures {
            for failure in &failures {
                warn!(?failure, "not applied");
            }
        }
        let failed = failures.len() > impossible;
        self.failures = failures;
        self.announced = announced;
        failed
    }

    /// FRR first: bgpd has crashed over a VXLAN device without its EVPN instance (FRR issue 22851), and a
    /// device must not go while FRR still uses it.
    async fn router_and_kernel(
        &mut self,
        config: Config,
        kernel: ferroute_net::Desired,
        asked: &Asked,
    ) -> Vec<NodeFailure> {
        if self.node.options.netns.is_none() {
            return without_router(asked);
        }
        let mut failures = self.router.apply(config).await;
        if self.held.as_ref() != Some(&kernel) {
            failures.extend(self.kernel(kernel, asked).await);
        }
        failures
    }

    async fn kernel(&mut self, desired: ferroute_net::Desired, asked: &Asked) -> Vec<NodeFailure> {
        self.held = None;
        self.looked = Instant::now();
        match self.kernel_outcome(&desired).await {
            Ok(outcome) => {
                for change in &outcome.changes {
                    info!(%change, "applied");
                }
                let changes = u64::try_from(outcome.changes.len()).unwrap_or(u64::MAX);
                self.node.metrics.kernel_changes.inc_by(changes);
                self.forget_stale(&outcome.changes, asked).await;
                self.held = outcome.failures.is_empty().then_some(desired);
                let failed = outcome.failures.iter();
                failed
                    .map(|failure| failures::of_kernel(failure, &asked.spec))
                    .collect()
            }
            Err(error) => {
                self.kernel = None;
                vec![failures::of_part("KernelNotReached", &error)]
            }
        }
    }

    async fn kernel_outcome(
        &mut self,
        desired: &ferroute_net::Desired,
    ) -> Result<ferroute_net::Outcome, ferroute_net::Error> {
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
            None => Ok(ferroute_net::Outcome::default()),
        }
    }

    /// Routes that came over a veth that was there before are of no use over the new one.
    async fn forget_stale(&mut self, changes: &[Change], asked: &Asked) {
        let mut routers = asked.spec.speaker.routers.iter();
        let Some(router) = routers.find(|router| router.vrf.is_none()) else {
            return;
        };
        let peers: Vec<IpAddr> = changes
            .iter()
            .filter_map(created_host_leg)
            .flat_map(|vni| router_addresses(asked, vni))
            .collect();
        if !peers.is_empty() {
            self.speaker.forget(router.asn, &peers).await;
        }
    }

    /// Keeps what the next start needs, of the agent and of FRR.
    fn save(&mut self, asked: &Asked) {
        self.router.save();
        self.speaker.save();
        let stored = Stored {
            asked: asked.clone(),
            passwords: self.passwords.to_keep(),
        };
        if self.stored.as_ref() == Some(&stored) {
            return;
        }
        match stored::save(&self.node.options.state_dir, &stored) {
            Ok(()) => self.stored = Some(stored),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "last state not saved");
            }
        }
    }

    async fn report(&mut self, asked: &Asked) {
        self.reporter
            .report(&self.node, asked, &self.failures, self.announced)
            .await;
    }
}

/// Returns when links or addresses have changed.
async fn kernel_changed(kernel: Option<&Kernel>) {
    let told = match kernel {
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
}

/// A node that runs without a router says so on what would need one.
fn without_router(asked: &Asked) -> Vec<NodeFailure> {
    let underlay = asked.spec.underlay.iter().map(|underlay| &underlay.source);
    let l3vnis = asked.spec.l3vnis.iter().map(|l3vni| &l3vni.source);
    underlay
        .chain(l3vnis)
        .map(|source| NodeFailure {
            source: source.clone(),
            reason: "RouterDisabled".to_owned(),
            message: "this node runs without a router (--netns)".to_owned(),
        })
        .collect()
}

fn created_host_leg(change: &Change) -> Option<Vni> {
    match change {
        Change::Create { place, link } if place.space == Space::Host => Some(link.vni),
        _ => None,
    }
}

fn router_addresses(asked: &Asked, vni: Vni) -> impl Iterator<Item = IpAddr> {
    let l3vnis = asked.spec.l3vnis.iter();
    l3vnis
        .filter(move |l3vni| l3vni.vni == vni.get())
        .flat_map(|l3vni| &l3vni.host_session)
        .flat_map(|veth| veth.router.iter().map(IpNet::addr))
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
