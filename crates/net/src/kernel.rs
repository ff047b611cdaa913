//! One node's kernel: reads it, brings it to what is desired, and tells when it changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use crate::{
    Change, Desired, Error, Kind, LinkName, Mtu, NicRecord, Observed, Space, Step, Subject, Target,
    apply::{Applier, Namespaces},
    blocked::Blocked,
    diff,
    namespace::OWN,
    observe::{self, Known, Snapshot},
    socket::Socket,
    state::{Records, StateDir},
    watch::Watch,
};

/// Where a node's kernel state is.
#[derive(Debug, Clone)]
pub struct KernelOptions {
    /// The router's namespace, as [`crate::prepare`] made it.
    pub netns: PathBuf,
    /// Where the records of moved NICs are kept.
    pub state_dir: PathBuf,
}

/// The kernel of one node, in the namespace of the caller (the host's) and in the router's.
#[derive(Debug)]
pub struct Kernel {
    netns: PathBuf,
    /// Device and inode of the router's namespace.
    identity: (u64, u64),
    spaces: Namespaces,
    host: Socket,
    router: Socket,
    state: StateDir,
    watch: Watch,
}

/// What a reconciliation did. Empty when everything was right.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The changes that were made, in order.
    pub changes: Vec<Change>,
    pub failures: Vec<Failure>,
    /// What still differed afterwards: what depends on a failure, or what something else undid.
    pub pending: Vec<Change>,
    /// Why the kernel could not be read afterwards, so that nothing is known of what still differs.
    pub unread: Option<Error>,
}

impl Outcome {
    /// Whether the kernel holds all that is desired.
    pub const fn is_converged(&self) -> bool {
        self.failures.is_empty() && self.pending.is_empty() && self.unread.is_none()
    }
}

/// Something that could not be brought to what is desired. What does not depend on it was.
#[derive(Debug)]
pub struct Failure {
    pub subject: Subject,
    pub error: Error,
}

impl Kernel {
    /// Opens sockets in both namespaces. The caller's thread stays where it is.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[expect(
        clippy::unused_async,
        reason = "the sockets register with the runtime of the caller"
    )]
    pub async fn open(options: KernelOptions) -> Result<Self, Error> {
        let KernelOptions { netns, state_dir } = options;
        Ok(Self {
            identity: identity(&netns)?,
            spaces: Namespaces::open(Path::new(OWN), &netns)?,
            host: Socket::open(Space::Host)?,
            router: Socket::open_in(Space::Router, &netns)?,
            state: StateDir::open(state_dir)?,
            watch: Watch::open(&netns)?,
            netns,
        })
    }

    /// Brings the kernel to what is desired: reads, writes what differs, and reads again if it wrote.
    ///
    /// Fails as a whole only if the kernel cannot be read before anything is written.
    pub async fn reconcile(&self, desired: &Desired) -> Result<Outcome, Error> {
        self.reconcile_with(desired, |_| std::future::ready(()))
            .await
    }

    /// The same, and waits for `introduce` when there are new VRFs, before anything is put into them.
    pub async fn reconcile_with<F: Future<Output = ()>>(
        &self,
        desired: &Desired,
        introduce: impl FnOnce(Vec<LinkName>) -> F,
    ) -> Result<Outcome, Error> {
        self.check_identity()?;
        let nics = wanted_nics(desired);
        let Records {
            nics: records,
            unreadable,
        } = self.state.load()?;
        let snapshot = self.observe(&nics, &records).await?;
        let target = target(desired, &snapshot.observed);
        let mut outcome = Outcome {
            failures: failures_of(&target, &snapshot),
            ..Outcome::default()
        };
        outcome.failures.extend(
            unreadable
                .into_iter()
                .map(|(nic, error)| nic_failure(nic, error)),
        );
        let steps = diff(&target, &snapshot.observed);
        if !steps.is_empty() {
            let mut run = self.runner(snapshot);
            let (first, rest) = vrfs_and_rest(steps);
            run.run(first, &mut outcome).await;
            let vrfs = created_vrfs(&outcome.changes);
            if !vrfs.is_empty() {
                introduce(vrfs).await;
            }
            run.run(rest, &mut outcome).await;
            match self.pending(desired, &nics).await {
                Ok(pending) => outcome.pending = pending,
                // What was written is told all the same.
                Err(error) => outcome.unread = Some(error),
            }
        }
        Ok(outcome)
    }

    /// What differs now.
    async fn pending(
        &self,
        desired: &Desired,
        nics: &BTreeSet<LinkName>,
    ) -> Result<Vec<Change>, Error> {
        let records = self.state.load()?.nics;
        let now = self.observe(nics, &records).await?.observed;
        let left = diff(&target(desired, &now), &now);
        Ok(left.into_iter().map(|step| step.change).collect())
    }

    /// What the kernel holds that is ours.
    pub async fn observed(&self, desired: &Desired) -> Result<Observed, Error> {
        let records = self.state.load()?.nics;
        Ok(self
            .observe(&wanted_nics(desired), &records)
            .await?
            .observed)
    }

    /// Returns when a link or address of ours has changed since the last time, or a VRF's table has lost its
    /// unreachable default, by whomever: the changes of a reconciliation are among them, so one more that finds
    /// nothing to do follows.
    pub async fn changed(&self) -> Result<(), Error> {
        self.watch.changed().await
    }

    async fn observe(
        &self,
        wanted: &BTreeSet<LinkName>,
        records: &BTreeMap<LinkName, NicRecord>,
    ) -> Result<Snapshot, Error> {
        let snapshot =
            observe::observe(&self.host, &self.router, Known { wanted, records }).await?;
        self.watch.follow(&snapshot, wanted);
        Ok(snapshot)
    }

    fn runner(&self, snapshot: Snapshot) -> Runner<'_> {
        Runner {
            blocked: Blocked::default(),
            applier: Applier {
                host: &self.host,
                router: &self.router,
                spaces: &self.spaces,
                state: &self.state,
                indexes: snapshot.indexes,
            },
        }
    }

    /// A socket keeps a deleted namespace alive: without this, changes would go where nobody is.
    fn check_identity(&self) -> Result<(), Error> {
        if identity(&self.netns)? == self.identity {
            return Ok(());
        }
        Err(Error::NamespaceReplaced {
            path: self.netns.clone(),
        })
    }
}

/// Makes changes one after the other; what depends on a failed one is left out.
struct Runner<'a> {
    blocked: Blocked,
    applier: Applier<'a>,
}

impl Runner<'_> {
    async fn run(&mut self, steps: Vec<Step>, outcome: &mut Outcome) {
        for Step { subject, change } in steps {
            if self.blocked.skips(&subject, &change) {
                continue;
            }
            match self.applier.apply(&change).await {
                Ok(()) => outcome.changes.push(change),
                Err(error) => {
                    self.blocked.fail(&subject, &change);
                    outcome.failures.push(Failure { subject, error });
                }
            }
        }
    }
}

/// The steps up to the last new VRF, and those after it. VRFs come before what is put into them.
fn vrfs_and_rest(mut steps: Vec<Step>) -> (Vec<Step>, Vec<Step>) {
    let last = steps
        .iter()
        .rposition(|step| created_vrf(&step.change).is_some());
    let rest = steps.split_off(last.map_or(0, |last| last + 1));
    (steps, rest)
}

fn created_vrfs(changes: &[Change]) -> Vec<LinkName> {
    changes.iter().filter_map(created_vrf).cloned().collect()
}

fn created_vrf(change: &Change) -> Option<&LinkName> {
    match change {
        Change::Create { place, link } if matches!(link.kind, Kind::Vrf { .. }) => {
            Some(&place.name)
        }
        _ => None,
    }
}

fn identity(netns: &Path) -> Result<(u64, u64), Error> {
    let metadata = fs::metadata(netns).map_err(|source| Error::Namespace {
        path: netns.to_owned(),
        source,
    })?;
    Ok((metadata.dev(), metadata.ino()))
}

fn wanted_nics(desired: &Desired) -> BTreeSet<LinkName> {
    desired
        .underlay
        .iter()
        .flat_map(|underlay| underlay.nics.iter().cloned())
        .collect()
}

/// The overlays are as large as the narrowest NIC lets them be.
fn target(desired: &Desired, observed: &Observed) -> Target {
    let wanted = wanted_nics(desired);
    let nics = observed
        .nics
        .iter()
        .filter(|(name, _)| wanted.contains(*name));
    let mtu: Option<Mtu> = nics.map(|(_, nic)| nic.mtu).min();
    Target::new(desired, mtu)
}

fn failures_of(target: &Target, snapshot: &Snapshot) -> Vec<Failure> {
    let refused = target.refused.iter().map(|refused| Failure {
        subject: refused.subject.clone(),
        error: refused.refusal.clone().into(),
    });
    let missing = target
        .nics
        .iter()
        .filter(|nic| !snapshot.observed.nics.contains_key(*nic));
    let missing =
        missing.map(|nic| nic_failure(nic.clone(), Error::NicMissing { nic: nic.clone() }));
    let ports = target.nics.iter().filter_map(|nic| {
        let controller = snapshot.observed.nics.get(nic)?.controller_in_host()?;
        let (nic, controller) = (nic.clone(), controller.clone());
        Some(nic_failure(
            nic.clone(),
            Error::NicIsPort { nic, controller },
        ))
    });
    refused.chain(missing).chain(ports).collect()
}

const fn nic_failure(nic: LinkName, error: Error) -> Failure {
    Failure {
        subject: Subject::Nic(nic),
        error,
    }
}
