//! The loop that makes the node as it is asked to be.

use std::net::IpAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::{NodeFailure, SecretKey};
use ferroute_frr::config::Config;
use ferroute_net::{Change, Space, Vni};
use ferroute_service::Health;
use ipnet::IpNet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::desired::{Desired, desired};
use crate::inbox::{Asked, Inbox};
use crate::instances::Frr;
use crate::links::Links;
use crate::node::{Instance, Node};
use crate::passwords::Passwords;
use crate::stored::Stored;
use crate::{Error, report, stored};

/// How long to wait before trying what failed again, at first and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));

/// How long the speaker waits for the router's FRR and the kernel: more than they need when nothing is wrong.
const HEAD_START: Duration = Duration::from_secs(2);

/// How long a node keeps what it was asked after its `NodeRouter` is gone: another controller may have to take over first.
const ABSENCE: Duration = Duration::from_secs(30);

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
        let Some(asked) = reconciler.heed(heard, known.take()) else {
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
            let report = reconciler.report(&asked);
            shutdown.run_until_cancelled(report).await;
            health.set_ready(true);
        }
        known = Some(asked);
    }
    Ok(())
}

/// Routes that came over a veth that was there before are of no use over the new one.
async fn forget_stale(speaker: &mut Frr, changes: &[Change], asked: &Asked) {
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
        speaker.forget(router.asn, &peers).await;
    }
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
    links: Links,
    passwords: Passwords,
    stored: Option<Stored>,
    reporter: report::Reporter,
    failures: Vec<NodeFailure>,
    announced: usize,
    /// When a node without a `NodeRouter` is emptied.
    empty_at: Option<Instant>,
}

impl Reconciler {
    fn new(node: Arc<Node>, passwords: Vec<(SecretKey, String)>) -> Self {
        Self {
            router: Frr::new(Arc::clone(&node), Instance::Router),
            speaker: Frr::new(Arc::clone(&node), Instance::Speaker),
            links: Links::new(Arc::clone(&node)),
            passwords: Passwords::kept(passwords),
            stored: None,
            reporter: report::Reporter::default(),
            failures: Vec::new(),
            announced: 0,
            empty_at: None,
            node,
        }
    }

    /// What to do of what is heard now and was asked before. A node that hears nothing stays as it is, and so does for a while
    /// one whose `NodeRouter` is gone: the controller makes one anew if the node is still the cluster's.
    fn heed(&mut self, heard: Option<Asked>, before: Option<Asked>) -> Option<Asked> {
        let Some(heard) = heard else {
            return before;
        };
        if !heard.uid.is_empty() {
            self.empty_at = None;
            return Some(heard);
        }
        let empty_at = *self
            .empty_at
            .get_or_insert_with(|| Instant::now() + ABSENCE);
        match before {
            Some(before) if Instant::now() < empty_at => Some(Asked {
                uid: heard.uid,
                ..before
            }),
            _ => Some(heard),
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
        let due = [
            retry,
            self.links.due(),
            self.passwords.due(),
            self.reporter.due(),
            self.empty_at.filter(|at| *at > Instant::now()),
            self.router.verify_at(),
            self.speaker.verify_at(),
        ];
        tokio::select! {
            () = shutdown.cancelled() => return false,
            () = inbox.changed() => {}
            () = self.links.changed() => {}
            () = sleep_until_first(due) => {}
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
        failures.extend(self.apply(router, kernel, speaker, asked).await);
        let mut failed = failures.len() > impossible;
        for frr in [&mut self.router, &mut self.speaker] {
            failures.extend(frr.verify().await);
            failed |= frr.is_worth_another_try();
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
        self.failures = failures;
        self.announced = announced;
        failed
    }

    /// The router's FRR before the kernel: bgpd has crashed over a VXLAN device without its EVPN instance (FRR issue
    /// 22851), and a device must not go while FRR still uses it. The speaker comes last, so that it finds whom it is to
    /// speak to, but does not wait for ever.
    async fn apply(
        &mut self,
        router: Config,
        kernel: ferroute_net::Desired,
        speaker: Config,
        asked: &Asked,
    ) -> Vec<NodeFailure> {
        let router_and_kernel = async {
            if self.node.options.netns.is_none() {
                return (Vec::new(), without_router(asked));
            }
            let mut failures = self.router.apply(router).await;
            let (changes, not_made) = self.links.apply(kernel, &asked.spec).await;
            failures.extend(not_made);
            (changes, failures)
        };
        let mut router_and_kernel = pin!(router_and_kernel);
        let in_time = timeout(HEAD_START, &mut router_and_kernel).await;
        if let Ok((changes, mut failures)) = in_time {
            forget_stale(&mut self.speaker, &changes, asked).await;
            failures.extend(self.speaker.apply(speaker).await);
            return failures;
        }
        let ((changes, mut failures), refused) =
            tokio::join!(router_and_kernel, self.speaker.apply(speaker));
        forget_stale(&mut self.speaker, &changes, asked).await;
        failures.extend(refused);
        failures
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

async fn sleep_until_first<const N: usize>(due: [Option<Instant>; N]) {
    match due.into_iter().flatten().min() {
        Some(first) => tokio::time::sleep_until(first.into()).await,
        None => std::future::pending().await,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::tests::daemons_that_print_nothing;
    use crate::metrics::InstanceLabels;
    use ferroute_frr::vty::Daemon;
    use tokio::net::UnixListener;

    fn asked(uid: &str, generation: i64) -> Asked {
        Asked {
            generation,
            uid: uid.to_owned(),
            ..Asked::default()
        }
    }

    #[tokio::test]
    async fn a_node_goes_on_with_what_it_was_asked_until_it_is_asked_for_something_else() {
        let dir = tempfile::tempdir().unwrap();
        let mut reconciler = Reconciler::new(Arc::new(Node::of_test(dir.path())), Vec::new());
        let (none, first) = (asked("", 0), asked("a", 1));
        for (heard, before, expected) in [
            (None, None, None),
            (Some(&none), None, Some(&none)),
            (Some(&asked("a", 2)), Some(&first), Some(&asked("a", 2))),
            (None, Some(&first), Some(&first)),
            (Some(&none), Some(&first), Some(&asked("", 1))),
            (Some(&first), Some(&asked("", 7)), Some(&first)),
        ] {
            let heeded = reconciler.heed(heard.cloned(), before.cloned());
            assert_eq!(heeded.as_ref(), expected, "{heard:?} after {before:?}");
        }
        assert_eq!(reconciler.empty_at, None);
        reconciler.heed(Some(none.clone()), Some(first.clone()));
        assert!(reconciler.empty_at.is_some());
        reconciler.empty_at = Some(Instant::now());
        let heeded = reconciler.heed(Some(none.clone()), Some(first));
        assert_eq!(heeded, Some(none), "it has been away for too long");
    }

    #[tokio::test]
    async fn a_router_that_stands_still_does_not_hold_up_the_speaker() {
        let dir = tempfile::tempdir().unwrap();
        let mut node = Node::of_test(dir.path());
        node.options.netns = Some("nowhere".into());
        let node = Arc::new(node);
        let router = node.sockets(Instance::Router);
        std::fs::create_dir_all(&router).unwrap();
        let _silent = Daemon::ALL.map(|daemon| UnixListener::bind(daemon.socket(&router)).unwrap());
        daemons_that_print_nothing(dir.path());
        let mut reconciler = Reconciler::new(Arc::clone(&node), Vec::new());
        let told = async {
            let instance = Instance::Speaker.as_str();
            let labels = InstanceLabels { instance };
            while node.metrics.frr_commands.get_or_create(&labels).get() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let asked = Asked::default();
        tokio::select! {
            _ = reconciler.reconcile(&asked) => panic!("the router answers nothing"),
            told = timeout(Duration::from_secs(5), told) => told.unwrap(),
        }
    }
}
