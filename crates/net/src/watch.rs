//! Listens to both namespaces for changes of our links, and to the router's for VRFs whose table no longer ends in
//! nothing, so that what something else removes is put back.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use rtnetlink::{
    Handle, MulticastGroup, new_multicast_connection,
    packet_core::{NetlinkMessage, NetlinkPayload},
    packet_route::{
        RouteNetlinkMessage,
        link::{LinkAttribute, LinkMessage},
    },
    proto::Connection,
    sys::{AsyncSocket, SocketAddr},
};
use tokio::{
    runtime,
    sync::{Notify, watch},
    task::JoinSet,
};

use crate::{Error, LinkName, Place, Space, names, namespace, observe::Snapshot, parse};

const LINKS: [MulticastGroup; 3] = [
    MulticastGroup::Link,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv6Ifaddr,
];

const ROUTES: [MulticastGroup; 2] = [MulticastGroup::Ipv4Route, MulticastGroup::Ipv6Route];

type Payload = NetlinkPayload<RouteNetlinkMessage>;
type Messages = UnboundedReceiver<(NetlinkMessage<RouteNetlinkMessage>, SocketAddr)>;

/// What of the host matters. In the router's namespace every link and address does.
#[derive(Debug, Clone, Default)]
struct Interest {
    indexes: BTreeSet<u32>,
    nics: BTreeSet<LinkName>,
}

/// The listeners of both namespaces. They end with it.
#[derive(Debug)]
pub(crate) struct Watch {
    signal: Arc<Signal>,
    interest: watch::Sender<Interest>,
    _tasks: JoinSet<()>,
}

/// Many notifications before anyone waits are one.
#[derive(Debug, Default)]
struct Signal {
    changed: Notify,
    host_ended: AtomicBool,
    router_ended: AtomicBool,
}

impl Watch {
    /// Listens in the namespace of the calling thread, which is the host's, and in the router's.
    pub(crate) fn open(router: &Path) -> Result<Self, Error> {
        let mut tasks = JoinSet::new();
        let signal = Arc::new(Signal::default());
        let interest = watch::Sender::new(Interest::default());
        let host_messages = listen(Space::Host, &mut tasks)?;
        let runtime = runtime::Handle::current();
        let (link_messages, route_messages) = namespace::inside(router, || {
            let _guard = runtime.enter();
            let links = listen(Space::Router, &mut tasks)?;
            Ok((links, listen_to_routes(&mut tasks)?))
        })?;
        tasks.spawn(follow_host(
            host_messages,
            interest.subscribe(),
            Arc::clone(&signal),
        ));
        tasks.spawn(follow_router(link_messages, |_| true, Arc::clone(&signal)));
        tasks.spawn(follow_router(
            route_messages,
            opens_a_table,
            Arc::clone(&signal),
        ));
        Ok(Self {
            signal,
            interest,
            _tasks: tasks,
        })
    }

    /// Returns when something of ours has changed since the last time.
    pub(crate) async fn changed(&self) -> Result<(), Error> {
        self.signal.changed.notified().await;
        self.signal.is_alive()
    }

    /// Tells the listeners which links there are.
    pub(crate) fn follow(&self, snapshot: &Snapshot, nics: &BTreeSet<LinkName>) {
        let observed = &snapshot.observed;
        let nic_places = observed.nics.keys().cloned().map(Place::host);
        let places = observed.links.keys().cloned().chain(nic_places);
        let indexes = places
            .filter(|place| place.space == Space::Host)
            .filter_map(|place| snapshot.indexes.get(&place).copied())
            .collect();
        self.interest.send_replace(Interest {
            indexes,
            nics: nics.clone(),
        });
    }
}

impl Signal {
    fn is_alive(&self) -> Result<(), Error> {
        let ended = [
            (&self.host_ended, Space::Host),
            (&self.router_ended, Space::Router),
        ];
        match ended
            .iter()
            .find(|(ended, _)| ended.load(Ordering::Acquire))
        {
            Some((_, space)) => Err(Error::WatchEnded { space: *space }),
            None => Ok(()),
        }
    }
}

fn listen(space: Space, tasks: &mut JoinSet<()>) -> Result<Messages, Error> {
    let (connection, handle, messages) =
        new_multicast_connection(&LINKS).map_err(|source| Error::Socket { space, source })?;
    tasks.spawn(drive(connection, handle));
    Ok(messages)
}

/// Listens to the router's routes on a socket of their own, which may lose some. BGP brings more at once than a socket
/// holds: that must neither cost us a link's message nor make us look at the kernel as often as BGP speaks. An
/// unreachable default that is lost among them is found by the next look.
fn listen_to_routes(tasks: &mut JoinSet<()>) -> Result<Messages, Error> {
    let failed = |source| Error::Socket {
        space: Space::Router,
        source,
    };
    let (mut connection, handle, messages) = new_multicast_connection(&ROUTES).map_err(failed)?;
    let socket = connection.socket_mut().socket_mut();
    socket.set_no_enobufs(true).map_err(failed)?;
    tasks.spawn(drive(connection, handle));
    Ok(messages)
}

/// A connection whose handles are gone ends.
async fn drive(connection: Connection<RouteNetlinkMessage>, _handle: Handle) {
    connection.await;
}

async fn follow_host(
    mut messages: Messages,
    interest: watch::Receiver<Interest>,
    signal: Arc<Signal>,
) {
    while let Some((message, _)) = messages.next().await {
        if interest.borrow().covers(&message.payload) {
            signal.changed.notify_one();
        }
    }
    signal.host_ended.store(true, Ordering::Release);
    signal.changed.notify_one();
}

async fn follow_router(mut messages: Messages, matters: fn(&Payload) -> bool, signal: Arc<Signal>) {
    while let Some((message, _)) = messages.next().await {
        if matters(&message.payload) {
            signal.changed.notify_one();
        }
    }
    signal.router_ended.store(true, Ordering::Release);
    signal.changed.notify_one();
}

/// Whether a VRF's table has lost its unreachable default, so that its packets would go on to the main table.
fn opens_a_table(payload: &Payload) -> bool {
    matches!(payload, NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelRoute(route))
        if parse::unreachable(route).is_some())
}

impl Interest {
    fn covers(&self, payload: &Payload) -> bool {
        use RouteNetlinkMessage::{DelAddress, DelLink, NewAddress, NewLink};
        match payload {
            NetlinkPayload::InnerMessage(NewLink(link) | DelLink(link)) => self.covers_link(link),
            NetlinkPayload::InnerMessage(NewAddress(address) | DelAddress(address)) => {
                self.indexes.contains(&address.header.index)
            }
            NetlinkPayload::InnerMessage(_) => false,
            // The kernel had more to tell than the socket could hold.
            _ => true,
        }
    }

    fn covers_link(&self, link: &LinkMessage) -> bool {
        self.indexes.contains(&link.header.index)
            || link.attributes.iter().any(|attribute| match attribute {
                LinkAttribute::IfName(name) => self.nics.iter().any(|nic| nic.as_str() == name),
                LinkAttribute::Group(group) => {
                    *group == names::NIC_GROUP || names::tagged(*group).is_some()
                }
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use rtnetlink::{LinkUnspec, packet_route::address::AddressMessage};

    use super::*;
    use crate::Vni;

    fn interest() -> Interest {
        let nics = BTreeSet::from([LinkName::new("toswitch").unwrap()]);
        Interest {
            indexes: BTreeSet::from([7]),
            nics,
        }
    }

    fn covers_link(index: u32, name: &str, group: u32) -> bool {
        let link = LinkUnspec::new_with_index(index)
            .name(name)
            .link_group(group)
            .build();
        interest().covers(&NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(
            link,
        )))
    }

    fn covers_address(index: u32) -> bool {
        let mut address = AddressMessage::default();
        address.header.index = index;
        interest().covers(&NetlinkPayload::InnerMessage(
            RouteNetlinkMessage::DelAddress(address),
        ))
    }

    #[test]
    fn the_hosts_other_links_are_not_noticed() {
        assert!(!covers_link(8, "pod0", 0));
        assert!(!covers_link(8, "host-7", 0));
        assert!(!covers_address(8));
    }

    #[test]
    fn our_links_and_nics_are_noticed_even_before_they_were_seen() {
        assert!(covers_link(7, "host-100", 0));
        assert!(covers_link(
            8,
            "host-100",
            names::group(Vni::new(100).unwrap())
        ));
        assert!(covers_link(8, "toswitch", 0));
        assert!(covers_link(8, "other", names::NIC_GROUP));
        assert!(covers_address(7));
    }

    #[test]
    fn lost_notifications_are_noticed() {
        assert!(interest().covers(&NetlinkPayload::Overrun(Vec::new())));
    }
}
