//! The loop that makes the node as it is asked to be.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::NodeFailure;
use ferroute_frr::apply::Engine;
use ferroute_frr::config::Config;
use ferroute_net::{Change, Kernel, KernelOptions, LinkName, Space, Vni};
use ferroute_service::Health;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::desired::{Desired, Secrets, desired};
use crate::inbox::{Asked, Inbox};
use crate::metrics::InstanceLabels;
use crate::node::{Instance, Node};
use crate::{Error, failures, report, secrets, stored};

/// How long to wait before trying what failed again, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// How long zebra may take to see a new VRF.
const INTRODUCTION: Duration = Duration::from_secs(1);

/// Runs until the shutdown. What was asked last is applied before the API answers: fail static.
pub(crate) async fn run(
    node: Arc<Node>,
    inbox: Arc<Inbox>,
    health: Health,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    make_dirs(&node)?;
    let mut reconciler = Reconciler::new(Arc::clone(&node));
    if let Some(asked) = load(&node.options.state_dir) {
        info!(
            generation = asked.generation,
            "starting from the last known state"
        );
        reconciler.reconcile(&asked, &Secrets::new()).await;
    }
    let mut backoff = BACKOFF.0;
    let mut failed = true;
    while wait(&reconciler, &inbox, &shutdown, failed.then_some(backoff)).await {
        let Some(asked) = inbox.asked() else { continue };
        let secrets = secrets::read(&node.client, &asked.spec).await;
        failed = reconciler.reconcile(&asked, &secrets).await;
        backoff = if failed {
            (backoff * 2).min(BACKOFF.1)
        } else {
            BACKOFF.0
        };
        reconciler.remember(&asked);
        reconciler.report(&asked).await;
        health.set_ready(true);
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

fn load(state_dir: &Path) -> Option<Asked> {
    stored::load(state_dir).unwrap_or_else(|error| {
        warn!(
            error = &error as &dyn std::error::Error,
            "no last known state"
        );
        None
    })
}

/// Waits for something to do; false at the shutdown.
async fn wait(
    reconciler: &Reconciler,
    inbox: &Inbox,
    shutdown: &CancellationToken,
    retry: Option<Duration>,
) -> bool {
    let retry = async {
        match retry {
            Some(backoff) => tokio::time::sleep(backoff).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => return false,
        () = inbox.changed() => {}
        () = reconciler.kernel_changed() => debug!("links or addresses have changed"),
        () = retry => {}
    }
    true
}

struct Reconciler {
    node: Arc<Node>,
    router: Engine,
    speaker: Engine,
    kernel: Option<Kernel>,
    saved: BTreeMap<Instance, Config>,
    remembered: Option<Asked>,
    reporter: report::Reporter,
    failures: Vec<NodeFailure>,
    announced: usize,
}

impl Reconciler {
    fn new(node: Arc<Node>) -> Self {
        Self {
            router: Engine::new(node.sockets(Instance::Router)),
            speaker: Engine::new(node.sockets(Instance::Speaker)),
            kernel: None,
            saved: BTreeMap::new(),
            remembered: None,
            reporter: report::Reporter::default(),
            failures: Vec::new(),
            announced: 0,
            node,
        }
    }

    /// Makes the node as it is asked to be; true if something is worth another try.
    async fn reconcile(&mut self, asked: &Asked, secrets: &Secrets) -> bool {
        let start = Instant::now();
        let Desired {
            kernel,
            router,
            speaker,
            announced,
            mut failures,
        } = desired(&asked.spec, &asked.announced(), secrets);
        let impossible = failures.len();
        failures.extend(self.router_and_kernel(&router, &kernel, asked).await);
        failures.extend(self.frr(Instance::Speaker, &speaker).await);
        self.node.metrics.reconciles.inc();
        self.node
            .metrics
            .reconcile_duration
            .observe(start.elapsed().as_secs_f64());
        self.node
            .metrics
            .failures
            .set(i64::try_from(failures.len()).unwrap_or(i64::MAX));
        let failed = failures.len() > impossible;
        if failures != self.failures {
            for failure in &failures {
                warn!(?failure, "not applied");
            }
        }
        self.failures = failures;
        self.announced = announced;
        failed
    }

    /// FRR first: bgpd has crashed over a VXLAN device without its EVPN instance (FRR issue 22851), and a
    /// device must not go while FRR still uses it.
    async fn router_and_kernel(
        &mut self,
        config: &Config,
        kernel: &ferroute_net::Desired,
        asked: &Asked,
    ) -> Vec<NodeFailure> {
        if self.node.options.netns.is_none() {
            return without_router(asked);
        }
        let mut failures = self.frr(Instance::Router, config).await;
        match self.kernel(kernel).await {
            Ok(outcome) => {
                for change in &outcome.changes {
                    info!(%change, "applied");
                }
                let changes = u64::try_from(outcome.changes.len()).unwrap_or(u64::MAX);
                self.node.metrics.kernel_changes.inc_by(changes);
                self.forget_stale(&outcome.changes, asked).await;
                let failed = outcome.failures.iter();
                failures.extend(failed.map(|failure| failures::of_kernel(failure, &asked.spec)));
            }
            Err(error) => {
                self.kernel = None;
                failures.push(failures::of_part("KernelNotReached", &error));
            }
        }
        failures
    }

    /// Routes that came over a veth that was there before are of no use over the new one.
    async fn forget_stale(&mut self, changes: &[Change], asked: &Asked) {
        let speaker = asked.spec.speaker.routers.iter();
        let Some(router) = speaker.clone().find(|router| router.vrf.is_none()) else {
            return;
        };
        let peers: Vec<IpAddr> = changes
            .iter()
            .filter_map(created_host_leg)
            .flat_map(|vni| router_addresses(asked, vni))
            .collect();
        if peers.is_empty() {
            return;
        }
        if let Err(error) = self.speaker.forget(router.asn, &peers).await {
            let error = &error as &dyn std::error::Error;
            debug!(error, "no speaker that could hold stale routes");
        }
    }

    async fn kernel(
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

    async fn frr(&mut self, instance: Instance, config: &Config) -> Vec<NodeFailure> {
        self.save(instance, config);
        let engine = match instance {
            Instance::Router => &mut self.router,
            Instance::Speaker => &mut self.speaker,
        };
        match engine.apply(config).await {
            Ok(applied) => {
                let labels = InstanceLabels {
                    instance: instance.as_str(),
                };
                let sent = u64::try_from(applied.commands_sent).unwrap_or(u64::MAX);
                self.node
                    .metrics
                    .frr_commands
                    .get_or_create(&labels)
                    .inc_by(sent);
                if sent > 0 {
                    info!(
                        instance = instance.as_str(),
                        commands = sent,
                        "configured FRR"
                    );
                }
                applied
                    .refused
                    .iter()
                    .map(|refused| failures::of_frr(instance, refused))
                    .collect()
            }
            Err(error) => vec![failures::of_part("FRRNotReached", &error)],
        }
    }

    /// The file that FRR starts from next time. Written before FRR is told: if FRR dies over a line, it must
    /// not come back without the others.
    fn save(&mut self, instance: Instance, config: &Config) {
        if self.saved.get(&instance) == Some(config) {
            return;
        }
        match ferroute_frr::file::save(&self.node.frr_conf(instance), config) {
            Ok(()) => drop(self.saved.insert(instance, config.clone())),
            Err(error) => warn!(
                error = &error as &dyn std::error::Error,
                "frr.conf not saved"
            ),
        }
    }

    /// Keeps what was asked for the next start.
    fn remember(&mut self, asked: &Asked) {
        if self.remembered.as_ref() == Some(asked) {
            return;
        }
        match stored::save(&self.node.options.state_dir, asked) {
            Ok(()) => self.remembered = Some(asked.clone()),
            Err(error) => warn!(
                error = &error as &dyn std::error::Error,
                "last state not saved"
            ),
        }
    }

    async fn report(&mut self, asked: &Asked) {
        self.reporter
            .report(&self.node, asked, &self.failures, self.announced)
            .await;
    }

    async fn kernel_changed(&self) {
        match &self.kernel {
            Some(kernel) => {
                if let Err(error) = kernel.changed().await {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "no longer told of changes"
                    );
                    std::future::pending::<()>().await;
                }
            }
            None => std::future::pending().await,
        }
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
