//! One watch for each kind. An object becomes what the plan needs of it, and everything else of it is
//! forgotten at once; a change of what is not needed (a heartbeat) changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::pin::pin;

use ferroute_api::ferroute::{NodeRouter, RouteSlice};
use ferroute_api::frrk8s::FrrConfiguration;
use ferroute_api::metallb::{
    BfdProfile, BgpAdvertisement, BgpPeer, Community, IpAddressPool, L2Advertisement,
};
use ferroute_api::openpe::{L2vni, L3vni, Underlay};
use ferroute_plan::snapshot::Key;
use ferroute_service::Process;
use futures::StreamExt;
use k8s_openapi::api::core::v1::{Namespace, Node, ObjectReference, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DeserializeGuard;
use kube::core::error_boundary::InvalidObject;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::state::{Change, ServiceHandle, State};
use crate::{Error, FIELD_MANAGER, Options, convert};

/// The kinds that are watched, each with where its objects are kept.
macro_rules! user_objects {
    ($watches:expr, $($kind:ty => $field:ident),+ $(,)?) => {
        $($watches.start(stringify!($field), watcher::Config::default(), guarded::<$kind>, |object| {
            let key = key(&object);
            let object = trimmed(object);
            Box::new(move |state| replace_object(&mut state.snapshot.$field, key, object))
        }, |key| {
            Box::new(move |state| state.snapshot.$field.remove(&key).is_some())
        }, |state, seen| {
            retain(&mut state.snapshot.$field, |key| seen.contains(key))
        });)+
    };
}

/// Starts every watch; their changes come out of one channel, in the order of each watch.
pub(crate) fn start(
    client: &Client,
    options: &Options,
    process: &mut Process<Error>,
) -> mpsc::Receiver<Change> {
    let (sender, receiver) = mpsc::channel(1024);
    let mut watches = Watches {
        client,
        process,
        sender,
    };
    user_objects!(
        watches,
        Underlay => underlays,
        L3vni => l3vnis,
        L2vni => l2vnis,
        IpAddressPool => pools,
        BgpPeer => peers,
        BgpAdvertisement => bgp_advertisements,
        L2Advertisement => l2_advertisements,
        BfdProfile => bfd_profiles,
        Community => communities,
        FrrConfiguration => frr_configurations,
    );
    watches.cluster(options);
    watches.own();
    receiver
}

/// How many kinds [`start`] watches: the state is complete when that many are listed.
pub(crate) const KINDS: usize = 16;

struct Watches<'a> {
    client: &'a Client,
    process: &'a mut Process<Error>,
    sender: mpsc::Sender<Change>,
}

/// The objects that a list has brought.
type Seen = BTreeSet<Key>;

impl Watches<'_> {
    fn cluster(&mut self, options: &Options) {
        let class = options.load_balancer_class.clone();
        self.start(
            "services",
            watcher::Config::default(),
            Ok,
            move |object: Service| {
                let key = key(&object);
                let handle = ServiceHandle::of(&object);
                let service = convert::service(&object, class.as_deref());
                Box::new(move |state| {
                    let before = state.snapshot.services.get(&key);
                    let service = match before {
                        Some(before) => service.after(before),
                        None => service,
                    };
                    state.service_handles.insert(key.clone(), handle);
                    replace(&mut state.snapshot.services, key, service)
                })
            },
            |key| {
                Box::new(move |state| {
                    state.service_handles.remove(&key);
                    state.snapshot.services.remove(&key).is_some()
                })
            },
            |state, seen| {
                state.service_handles.retain(|key, _| seen.contains(key));
                retain(&mut state.snapshot.services, |key| seen.contains(key))
            },
        );
        self.start(
            "endpoint slices",
            watcher::Config::default().labels("kubernetes.io/service-name"),
            Ok,
            |object: EndpointSlice| {
                let (key, slice) = (key(&object), convert::endpoint_slice(&object));
                Box::new(move |state| replace(&mut state.snapshot.endpoint_slices, key, slice))
            },
            |key| Box::new(move |state| state.snapshot.endpoint_slices.remove(&key).is_some()),
            |state, seen| {
                retain(&mut state.snapshot.endpoint_slices, |key| {
                    seen.contains(key)
                })
            },
        );
        self.start(
            "nodes",
            watcher::Config::default(),
            Ok,
            |object: Node| {
                let (name, node) = (object.name_any(), convert::node(&object));
                Box::new(move |state| replace(&mut state.snapshot.nodes, name, node))
            },
            |key| Box::new(move |state| state.snapshot.nodes.remove(&key.name).is_some()),
            |state, seen| retain(&mut state.snapshot.nodes, |name| is_seen_name(seen, name)),
        );
        self.start(
            "namespaces",
            watcher::Config::default(),
            Ok,
            |object: Namespace| {
                let (name, labels) = (object.name_any(), object.labels().clone());
                Box::new(move |state| replace(&mut state.snapshot.namespaces, name, labels))
            },
            |key| Box::new(move |state| state.snapshot.namespaces.remove(&key.name).is_some()),
            |state, seen| {
                retain(&mut state.snapshot.namespaces, |name| {
                    is_seen_name(seen, name)
                })
            },
        );
    }

    fn own(&mut self) {
        self.start(
            "node routers",
            watcher::Config::default(),
            Ok,
            |object: NodeRouter| {
                let object = trimmed(object);
                Box::new(move |state| state.set_node_router(object))
            },
            |key| Box::new(move |state| state.remove_node_router(&key.name)),
            |state, seen| {
                let gone: Vec<_> = state
                    .node_routers
                    .keys()
                    .filter(|name| !is_seen_name(seen, name))
                    .cloned()
                    .collect();
                gone.iter().fold(false, |changed, name| {
                    state.remove_node_router(name) | changed
                })
            },
        );
        self.start(
            "route slices",
            watcher::Config::default(),
            Ok,
            |object: RouteSlice| {
                let object = trimmed(object);
                Box::new(move |state| replace(&mut state.route_slices, object.name_any(), object))
            },
            |key| Box::new(move |state| state.route_slices.remove(&key.name).is_some()),
            |state, seen| retain(&mut state.route_slices, |name| is_seen_name(seen, name)),
        );
    }

    /// Watches one kind: how to read what comes, what to do with an object, with one that is gone, and with those that a
    /// new list no longer has.
    fn start<W, K>(
        &mut self,
        kind: &'static str,
        config: watcher::Config,
        read: impl Fn(W) -> Result<K, Box<InvalidObject>> + Send + 'static,
        apply: impl Fn(K) -> Change + Send + 'static,
        remove: impl Fn(Key) -> Change + Send + 'static,
        keep: impl Fn(&mut State, &Seen) -> bool + Send + Copy + 'static,
    ) where
        W: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
        K: 'static,
    {
        let events = watcher(Api::<W>::all(self.client.clone()), config).default_backoff();
        let sender = self.sender.clone();
        let shutdown = self.process.shutdown();
        self.process.spawn(kind, async move {
            let mut seen = Seen::new();
            let mut first = true;
            let take = move |object: W, is_known: bool| {
                let id = (kind, key(&object));
                match read(object) {
                    Ok(object) => unblocked(id, apply(object)),
                    Err(invalid) => {
                        let blocks = !is_known && is_served(&invalid.metadata);
                        unreadable::<W>(*invalid, blocks.then_some(id))
                    }
                }
            };
            let translate = move |event| match event {
                Event::Init => {
                    seen.clear();
                    None
                }
                Event::InitApply(object) => {
                    seen.insert(key(&object));
                    Some(take(object, !first))
                }
                Event::InitDone => {
                    first = false;
                    Some(listed(kind, std::mem::take(&mut seen), keep))
                }
                Event::Apply(object) => Some(take(object, true)),
                Event::Delete(object) => {
                    let key = key(&object);
                    Some(unblocked((kind, key.clone()), remove(key)))
                }
            };
            forward(kind, events, translate, sender, shutdown).await;
            Ok(())
        });
    }
}

/// The CRDs of users may be older than ours, and let pass what we cannot read.
fn guarded<K>(object: DeserializeGuard<K>) -> Result<K, Box<InvalidObject>> {
    object.0.map_err(Box::new)
}

/// Whether a controller has written its status: then nodes may do what it asked for.
fn is_served(metadata: &ObjectMeta) -> bool {
    let mut fields = metadata.managed_fields.iter().flatten();
    fields.any(|fields| fields.manager.as_deref() == Some(FIELD_MANAGER))
}

/// One that cannot be read stays as it was: what is wrong with it costs nobody a route. If this replica has never read it,
/// it does not know what that is, and must not plan without it.
fn unreadable<K: Resource<DynamicType = ()>>(
    InvalidObject { error, metadata }: InvalidObject,
    blocks: Option<(&'static str, Key)>,
) -> Change {
    let on = ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        ..ObjectReference::default()
    };
    let note = match blocks {
        Some(_) => format!("not read; nothing is planned until it is, or it is gone: {error}"),
        None => format!("not read; what it asked for before, if anything, goes on: {error}"),
    };
    Box::new(move |state| {
        state.blocking.extend(blocks);
        warn!(
            kind = on.kind,
            namespace = on.namespace,
            name = on.name,
            error,
            "unreadable"
        );
        state.unreadable.retain(|(other, _)| other.uid != on.uid);
        state.unreadable.push((on, note));
        false
    })
}

fn unblocked(id: (&'static str, Key), change: Change) -> Change {
    Box::new(move |state| change(state) | state.blocking.remove(&id))
}

fn listed(
    kind: &'static str,
    seen: Seen,
    keep: impl Fn(&mut State, &Seen) -> bool + Send + 'static,
) -> Change {
    Box::new(move |state| {
        let first = state.listed.insert(kind);
        let gone = |id: &(&str, Key)| id.0 == kind && !seen.contains(&id.1);
        state.blocking.retain(|id| !gone(id));
        keep(state, &seen) || first
    })
}

async fn forward<K>(
    kind: &'static str,
    events: impl futures::Stream<Item = Result<Event<K>, watcher::Error>>,
    mut translate: impl FnMut(Event<K>) -> Option<Change>,
    sender: mpsc::Sender<Change>,
    shutdown: CancellationToken,
) {
    let mut events = pin!(events);
    while let Some(Some(event)) = shutdown.run_until_cancelled(events.next()).await {
        match event {
            Ok(event) => {
                let Some(change) = translate(event) else {
                    continue;
                };
                if sender.send(change).await.is_err() {
                    return;
                }
            }
            Err(error) => warn!(
                kind,
                error = &error as &dyn std::error::Error,
                "watch interrupted"
            ),
        }
    }
}

fn key<K: Resource>(object: &K) -> Key {
    Key::new(object.namespace().unwrap_or_default(), object.name_any())
}

fn is_seen_name(seen: &Seen, name: &str) -> bool {
    seen.contains(&Key::new("", name))
}

/// Without what is large, changes with every write, and is of no use here.
pub(crate) fn trimmed<K: Resource>(mut object: K) -> K {
    let metadata = object.meta_mut();
    metadata.managed_fields = None;
    metadata.resource_version = None;
    if let Some(annotations) = &mut metadata.annotations {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    object
}

fn replace<I: Ord, V: PartialEq>(map: &mut BTreeMap<I, V>, id: I, value: V) -> bool {
    let changed = map.get(&id) != Some(&value);
    if changed {
        map.insert(id, value);
    }
    changed
}

/// As [`replace`], but a new status alone is no change: we write it ourselves.
fn replace_object<K: Resource>(objects: &mut BTreeMap<Key, K>, key: Key, object: K) -> bool {
    let asks = |object: &K| {
        let meta = object.meta();
        (meta.uid.clone(), meta.generation, meta.labels.clone())
    };
    let changed = objects.get(&key).map(asks) != Some(asks(&object));
    objects.insert(key, object);
    changed
}

fn retain<I: Ord, V>(map: &mut BTreeMap<I, V>, keep: impl Fn(&I) -> bool) -> bool {
    let before = map.len();
    map.retain(|id, _| keep(id));
    map.len() != before
}
