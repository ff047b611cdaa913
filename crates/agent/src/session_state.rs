//! `BGPSessionState` objects: one for each session of this node's speaker, and the fabric's sessions in the
//! status of the `NodeRouter`.

use std::collections::BTreeMap;
use std::sync::Arc;

use ferroute_api::ferroute::{FabricSession, NodeRouter};
use ferroute_api::frrk8s::{BgpSessionState, BgpSessionStateSpec, BgpSessionStateStatus};
use ferroute_frr::session::{BfdState, Session, State};
use ferroute_service::answered;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::Error;
use crate::inbox::Inbox;
use crate::node::Node;

const FIELD_MANAGER: &str = "ferroute-agent-sessions";
const NODE_LABEL: &str = "frrk8s.metallb.io/node";
const PEER_LABEL: &str = "frrk8s.metallb.io/peer";
const VRF_LABEL: &str = "frrk8s.metallb.io/vrf";

/// The sessions as they were seen last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions {
    pub(crate) speaker: Vec<Session>,
    pub(crate) router: Vec<Session>,
}

/// Where sessions are put, and who writes them. Only the last ones count: an API that is slow or away holds up no
/// look.
pub(crate) fn states(node: &Node) -> (watch::Sender<Sessions>, StateWriter) {
    let (sender, sessions) = watch::channel(Sessions::default());
    let states = SessionStates::new(node);
    (sender, StateWriter { sessions, states })
}

/// Writes what was seen.
pub(crate) struct StateWriter {
    sessions: watch::Receiver<Sessions>,
    states: SessionStates,
}

impl StateWriter {
    /// Runs until the shutdown.
    pub(crate) async fn run(
        mut self,
        node: Arc<Node>,
        inbox: Arc<Inbox>,
        shutdown: CancellationToken,
    ) -> Result<(), Error> {
        while let Some(Ok(())) = shutdown.run_until_cancelled(self.sessions.changed()).await {
            let Sessions { speaker, router } = self.sessions.borrow_and_update().clone();
            // Without a NodeRouter nothing would own the objects and clean up after this node.
            if let Some(owner) = inbox.owner() {
                let written = self.states.write(&node, &owner, &speaker, &router);
                shutdown.run_until_cancelled(written).await;
            }
        }
        Ok(())
    }
}

/// The objects as they are in the API, as far as this agent knows.
struct SessionStates {
    node: String,
    /// The uid of the `NodeRouter` that owns them.
    owner: String,
    /// `None` until the objects that are there have been read.
    written: Option<BTreeMap<String, BgpSessionStateStatus>>,
    summary: Option<(String, Vec<FabricSession>)>,
}

impl SessionStates {
    fn new(node: &Node) -> Self {
        Self {
            node: node.options.node.clone(),
            owner: String::new(),
            written: None,
            summary: None,
        }
    }

    /// Writes what has changed; what fails is tried again at the next look, after reading what is there: somebody else
    /// may have removed it.
    async fn write(&mut self, node: &Node, owner: &str, speaker: &[Session], fabric: &[Session]) {
        self.turn_to(owner);
        if let Err(error) = self.try_write(node, speaker, fabric).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "session states not written"
            );
            self.written = None;
        }
    }

    /// With another `NodeRouter`, that of before has gone, and the objects that it owned go as well.
    fn turn_to(&mut self, owner: &str) {
        if self.owner != owner {
            owner.clone_into(&mut self.owner);
            self.written = None;
            self.summary = None;
        }
    }

    async fn try_write(
        &mut self,
        node: &Node,
        speaker: &[Session],
        fabric: &[Session],
    ) -> Result<(), kube::Error> {
        self.write_summary(node, speaker, fabric).await?;
        let api: Api<BgpSessionState> =
            Api::namespaced(node.client.clone(), &node.options.namespace);
        if self.written.is_none() {
            self.written = Some(self.read(&api).await?);
        }
        let written = self.written.get_or_insert_default();
        let wanted: BTreeMap<_, _> = speaker
            .iter()
            .map(|session| (name(&self.node, session), status(&self.node, session)))
            .collect();
        for (name, status) in &wanted {
            if written.get(name) == Some(status) {
                continue;
            }
            if !written.contains_key(name) {
                create(&api, &object(name, status, &self.owner)).await?;
            }
            set_status(&api, name, status).await?;
            written.insert(name.clone(), status.clone());
        }
        let gone: Vec<String> = written
            .keys()
            .filter(|name| !wanted.contains_key(*name))
            .cloned()
            .collect();
        for name in gone {
            delete(&api, &name).await?;
            written.remove(&name);
        }
        Ok(())
    }

    /// Those of another `NodeRouter` do not count: they are about to go.
    async fn read(
        &self,
        api: &Api<BgpSessionState>,
    ) -> Result<BTreeMap<String, BgpSessionStateStatus>, kube::Error> {
        let own = ListParams::default().labels(&format!("{NODE_LABEL}={}", label(&self.node)));
        let states = answered(api.list(&own)).await?;
        let stays = |state: &BgpSessionState| {
            let mut owners = state.owner_references().iter();
            owners.all(|owner| owner.kind != "NodeRouter" || owner.uid == self.owner)
        };
        Ok(states
            .into_iter()
            .filter(stays)
            .map(|state| (state.name_any(), state.status.unwrap_or_default()))
            .collect())
    }

    /// The fabric's sessions, and how many of all are established.
    async fn write_summary(
        &mut self,
        node: &Node,
        speaker: &[Session],
        fabric: &[Session],
    ) -> Result<(), kube::Error> {
        let all = || speaker.iter().chain(fabric);
        let up = all()
            .filter(|session| session.state == State::Established)
            .count();
        let sessions = format!("{up}/{}", all().count());
        // The sessions with the host are the other ends of the speaker's.
        let fabric: Vec<_> = fabric
            .iter()
            .filter(|session| session.vrf.is_none())
            .map(of_fabric)
            .collect();
        let summary = Some((sessions, fabric));
        if self.summary == summary {
            return Ok(());
        }
        let (sessions, fabric) = summary.clone().unwrap_or_default();
        let api: Api<NodeRouter> = Api::all(node.client.clone());
        let patch = Patch::Apply(json!({
            "apiVersion": "ferroute.io/v1alpha1",
            "kind": "NodeRouter",
            "metadata": { "name": self.node },
            "status": { "sessions": sessions, "fabricSessions": fabric },
        }));
        let params = PatchParams::apply(FIELD_MANAGER).force();
        answered(api.patch_status(&self.node, &params, &patch)).await?;
        self.summary = summary;
        Ok(())
    }
}

fn of_fabric(session: &Session) -> FabricSession {
    FabricSession {
        peer: session.peer.clone(),
        state: session.state.to_string(),
    }
}

async fn create(api: &Api<BgpSessionState>, state: &BgpSessionState) -> Result<(), kube::Error> {
    let params = PatchParams::apply(FIELD_MANAGER).force();
    answered(api.patch(&state.name_any(), &params, &Patch::Apply(state)))
        .await
        .map(drop)
}

async fn set_status(
    api: &Api<BgpSessionState>,
    name: &str,
    status: &BgpSessionStateStatus,
) -> Result<(), kube::Error> {
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let patch = Patch::Apply(json!({
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "BGPSessionState",
        "metadata": { "name": name },
        "status": status,
    }));
    answered(api.patch_status(name, &params, &patch))
        .await
        .map(drop)
}

async fn delete(api: &Api<BgpSessionState>, name: &str) -> Result<(), kube::Error> {
    match answered(api.delete(name, &DeleteParams::default())).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other.map(drop),
    }
}

fn object(name: &str, status: &BgpSessionStateStatus, owner: &str) -> BgpSessionState {
    let mut state = BgpSessionState::new(name, BgpSessionStateSpec::default());
    state.metadata.labels = Some(BTreeMap::from([
        (NODE_LABEL.to_owned(), label(&status.node)),
        (PEER_LABEL.to_owned(), label(&status.peer)),
        (VRF_LABEL.to_owned(), label(&status.vrf)),
    ]));
    state.metadata.owner_references = Some(vec![OwnerReference {
        api_version: "ferroute.io/v1alpha1".to_owned(),
        kind: "NodeRouter".to_owned(),
        name: status.node.clone(),
        uid: owner.to_owned(),
        ..OwnerReference::default()
    }]);
    state
}

fn status(node: &str, session: &Session) -> BgpSessionStateStatus {
    BgpSessionStateStatus {
        bgp_status: session.state.to_string(),
        bfd_status: match session.bfd {
            None => "N/A",
            Some(BfdState::Up) => "Up",
            Some(BfdState::Down | BfdState::AdminDown | BfdState::Unknown) => "Down",
        }
        .to_owned(),
        node: node.to_owned(),
        peer: session.peer.clone(),
        vrf: session.vrf.clone().unwrap_or_default(),
    }
}

/// The node and five characters that stay the same for the same session.
fn name(node: &str, session: &Session) -> String {
    const ALPHABET: &[u8; 32] = b"bcdfghjklmnpqrstvwxz2456789aeiou";
    let vrf = session.vrf.as_deref().unwrap_or_default();
    let hash = session
        .peer
        .bytes()
        .chain([b'%'])
        .chain(vrf.bytes())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let five_bits = |n: u32| usize::try_from((hash >> (n * 5)) & 31_u64).unwrap_or_default();
    let suffix = (0..5).map(|n| char::from(ALPHABET[five_bits(n)]));
    format!("{node}-{}", suffix.collect::<String>())
}

/// A value that a label may have.
fn label(text: &str) -> String {
    let text: String = text.replace(':', "-").chars().take(63).collect();
    text.trim_matches(|c: char| !c.is_ascii_alphanumeric())
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(node: &Node) -> SessionStates {
        SessionStates {
            owner: "first".to_owned(),
            written: Some(BTreeMap::new()),
            summary: Some(("0/0".to_owned(), Vec::new())),
            ..SessionStates::new(node)
        }
    }

    #[tokio::test]
    async fn what_is_there_is_read_again_after_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let node = Node::of_test(dir.path());
        let mut states = written(&node);
        let gone = BTreeMap::from([("node-1-aaaaa".to_owned(), BgpSessionStateStatus::default())]);
        states.written = Some(gone);
        states.write(&node, "first", &[], &[]).await;
        assert_eq!(states.written, None);
    }

    #[tokio::test]
    async fn of_another_node_router_nothing_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let mut states = written(&Node::of_test(dir.path()));
        states.turn_to("first");
        assert!(states.written.is_some() && states.summary.is_some());
        states.turn_to("second");
        assert!(states.written.is_none() && states.summary.is_none());
    }
}
