//! Applies changes: one message to the kernel each, and a look at what it made.

use std::{
    fs::File,
    io,
    os::fd::{AsRawFd, OwnedFd},
    path::Path,
};

use nix::errno::Errno;
use rtnetlink::{LinkUnspec, packet_route::link::LinkMessage};

use crate::{
    Attachment, Change, Error, Kind, Link, LinkName, Place, Space, message, names,
    observe::Indexes,
    socket::{Socket, os_error},
    state::StateDir,
};

/// Where the changes of one plan go.
#[derive(Debug)]
pub(crate) struct Applier<'a> {
    pub(crate) host: &'a Socket,
    pub(crate) router: &'a Socket,
    pub(crate) spaces: &'a Namespaces,
    pub(crate) state: &'a StateDir,
    /// Follows the links that are made, moved and deleted.
    pub(crate) indexes: Indexes,
}

/// Both namespaces as the kernel wants them for a move. Open files, because a name could come to mean another.
#[derive(Debug)]
pub(crate) struct Namespaces {
    host: OwnedFd,
    router: OwnedFd,
}

impl Namespaces {
    pub(crate) fn open(host: &Path, router: &Path) -> Result<Self, Error> {
        let open = |path: &Path| {
            let file = File::open(path);
            file.map(OwnedFd::from).map_err(|source| Error::Namespace {
                path: path.to_owned(),
                source,
            })
        };
        Ok(Self {
            host: open(host)?,
            router: open(router)?,
        })
    }

    fn fd(&self, space: Space) -> i32 {
        match space {
            Space::Host => self.host.as_raw_fd(),
            Space::Router => self.router.as_raw_fd(),
        }
    }
}

impl Applier<'_> {
    pub(crate) async fn apply(&mut self, change: &Change) -> Result<(), Error> {
        match change {
            Change::SaveNic(record) => self.state.save(record),
            Change::ForgetNic { nic } => self.state.forget(nic),
            Change::Create { place, link } => self
                .create(place, link)
                .await
                .map_err(|source| creation_error(change, source)),
            _ => self.write(change).await.map_err(|source| Error::Apply {
                change: Box::new(change.clone()),
                source,
            }),
        }
    }

    async fn write(&mut self, change: &Change) -> io::Result<()> {
        match change {
            Change::Delete { place } => self.delete(place).await,
            Change::SetMac { place, mac } => {
                let message = self.link(place)?.address(mac.0.to_vec()).build();
                self.change(place, message).await
            }
            Change::SetMtu { place, mtu } => {
                self.change(place, self.link(place)?.mtu(mtu.0).build())
                    .await
            }
            Change::DisableLinkLocal { place } => {
                self.change(place, message::disable_link_local(self.index(place)?))
                    .await
            }
            Change::Attach { place, to } => self.attach(place, to).await,
            Change::SetEvpnPort { place } => {
                self.change(place, message::evpn_port(self.index(place)?))
                    .await
            }
            Change::SetUp { place } => self.change(place, self.link(place)?.up().build()).await,
            Change::AddAddress { place, address } => {
                let message = message::address(self.index(place)?, *address);
                let mut request =
                    self.socket(place.space)
                        .handle
                        .address()
                        .add(0, address.addr(), 0);
                *request.message_mut() = message;
                unless(Errno::EEXIST, request.execute().await)
            }
            Change::RemoveAddress { place, address } => {
                let message = message::address(self.index(place)?, *address);
                let request = self.socket(place.space).handle.address().del(message);
                unless(Errno::EADDRNOTAVAIL, request.execute().await)
            }
            Change::AddUnreachable(route) => {
                let request = self.router.handle.route().add(message::unreachable(*route));
                unless(Errno::EEXIST, request.execute().await)
            }
            Change::RemoveUnreachable(route) => {
                let request = self.router.handle.route().del(message::unreachable(*route));
                unless(Errno::ESRCH, request.execute().await)
            }
            Change::MoveNic { nic, to } => self.move_nic(nic, *to).await,
            Change::SetNicGroup { nic, group } => {
                let place = self.find_nic(nic)?;
                self.change(&place, self.link(&place)?.link_group(*group).build())
                    .await
            }
            Change::RestoreRoute { nic, route } => {
                let index = self.index(&Place::host(nic.clone()))?;
                let request = self.host.handle.route().add(message::route(index, route));
                unless(Errno::EEXIST, request.execute().await)
            }
            Change::Create { .. } | Change::SaveNic(_) | Change::ForgetNic { .. } => {
                unreachable!("dispatched by apply")
            }
        }
    }

    async fn create(&mut self, place: &Place, link: &Link) -> io::Result<()> {
        let router = self.spaces.fd(Space::Router);
        let message = message::create(place, link, router);
        let request = self.socket(place.space).handle.link().add(message);
        request.execute().await.map_err(os_error)?;
        self.look_up(place.clone()).await?;
        match link.kind {
            Kind::Veth { .. } => self.look_up(names::other_leg(place, link.vni)).await,
            Kind::Vrf { .. } | Kind::Bridge | Kind::Vxlan { .. } => Ok(()),
        }
    }

    async fn delete(&mut self, place: &Place) -> io::Result<()> {
        let Some(index) = self.indexes.remove(place) else {
            return Ok(());
        };
        let request = self.socket(place.space).handle.link().del(index);
        unless(Errno::ENODEV, request.execute().await)
    }

    async fn attach(&self, place: &Place, to: &Attachment) -> io::Result<()> {
        let link = self.link(place)?;
        let message = match to {
            Attachment::Unmanaged => return Ok(()),
            Attachment::Detached => link.nocontroller().build(),
            Attachment::To(name) => {
                let controller = Place {
                    space: place.space,
                    name: name.clone(),
                };
                link.controller(self.index(&controller)?).build()
            }
        };
        self.change(place, message).await
    }

    /// Moves and marks in one request: no moment exists in which a moved NIC looks foreign.
    async fn move_nic(&mut self, nic: &LinkName, to: Space) -> io::Result<()> {
        let from = self.find_nic(nic)?;
        let message = self
            .link(&from)?
            .setns_by_fd(self.spaces.fd(to))
            .link_group(names::NIC_GROUP);
        self.change(&from, message.build()).await?;
        self.indexes.remove(&from);
        self.look_up(Place {
            space: to,
            name: nic.clone(),
        })
        .await
    }

    /// A NIC that the router has is the one that is meant: the host may have got another of its name since.
    fn find_nic(&self, nic: &LinkName) -> io::Result<Place> {
        let places = [Place::router(nic.clone()), Place::host(nic.clone())];
        let found = places
            .into_iter()
            .find(|place| self.indexes.contains_key(place));
        found.ok_or_else(|| missing(&Place::host(nic.clone())))
    }

    async fn change(&self, place: &Place, message: LinkMessage) -> io::Result<()> {
        let request = self.socket(place.space).handle.link().change(message);
        request.execute().await.map_err(os_error)
    }

    async fn look_up(&mut self, place: Place) -> io::Result<()> {
        let link = self.socket(place.space).link(&place.name).await?;
        let index = link.ok_or_else(|| missing(&place))?.index;
        self.indexes.insert(place, index);
        Ok(())
    }

    fn link(&self, place: &Place) -> io::Result<rtnetlink::LinkMessageBuilder<LinkUnspec>> {
        Ok(LinkUnspec::new_with_index(self.index(place)?))
    }

    fn index(&self, place: &Place) -> io::Result<u32> {
        self.indexes
            .get(place)
            .copied()
            .ok_or_else(|| missing(place))
    }

    const fn socket(&self, space: Space) -> &Socket {
        match space {
            Space::Host => self.host,
            Space::Router => self.router,
        }
    }
}

/// A change that finds its work done by the kernel, or by someone else, has succeeded.
fn unless(done: Errno, result: Result<(), rtnetlink::Error>) -> io::Result<()> {
    match result.map_err(os_error) {
        Err(error) if error.raw_os_error() == Some(done as i32) => Ok(()),
        result => result,
    }
}

fn missing(place: &Place) -> io::Error {
    let Place { space, name } = place;
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("no link {name} in the {space} namespace"),
    )
}

fn creation_error(change: &Change, source: io::Error) -> Error {
    let errno = source.raw_os_error().map(Errno::from_raw);
    match (change, errno) {
        (Change::Create { place, link }, Some(Errno::EOPNOTSUPP))
            if matches!(link.kind, Kind::Vrf { .. }) =>
        {
            Error::NoVrf {
                vrf: place.name.clone(),
            }
        }
        (change, Some(Errno::EEXIST)) => Error::Foreign {
            change: Box::new(change.clone()),
        },
        (change, _) => Error::Apply {
            change: Box::new(change.clone()),
            source,
        },
    }
}
