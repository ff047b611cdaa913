//! A netlink socket in one namespace. It stays in the namespace in which it was opened, wherever the threads of
//! the runtime are.

use std::{io, path::Path};

use futures::StreamExt;
use rtnetlink::{
    Handle, LinkUnspec, new_connection_with_strict_check,
    packet_core::{
        ErrorMessage, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
    },
    packet_route::{
        RouteNetlinkMessage,
        address::AddressMessage,
        link::LinkMessage,
        route::{RouteAttribute, RouteHeader, RouteMessage, RouteType},
    },
};
use tokio::{runtime, task::JoinSet};

use crate::{
    Error, Family, LinkName, Space, namespace,
    parse::{self, RawLink},
};

/// How often a dump is asked for again when the namespace changes under it.
const DUMP_ATTEMPTS: usize = 8;

#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) space: Space,
    pub(crate) handle: Handle,
    /// The task that moves the bytes, which ends with the socket.
    _connection: JoinSet<()>,
}

impl Socket {
    /// Opens a socket in the namespace of the calling thread.
    pub(crate) fn open(space: Space) -> Result<Self, Error> {
        // Strict: the kernel filters dumps, instead of sending every route that BGP learned.
        let (connection, handle, _) =
            new_connection_with_strict_check().map_err(|source| Error::Socket { space, source })?;
        let mut task = JoinSet::new();
        task.spawn(connection);
        Ok(Self {
            space,
            handle,
            _connection: task,
        })
    }

    /// Opens a socket in another namespace, from a thread that enters it and ends.
    pub(crate) fn open_in(space: Space, path: &Path) -> Result<Self, Error> {
        let runtime = runtime::Handle::current();
        namespace::inside(path, move || {
            let _guard = runtime.enter();
            Self::open(space)
        })
    }

    /// Sets the loopback up if it is down, and tells whether it was.
    pub(crate) async fn raise_loopback(&self) -> Result<bool, Error> {
        let failed = |source| Error::Socket {
            space: self.space,
            source,
        };
        let loopback = self.link(&LinkName::loopback()).await.map_err(failed)?;
        let Some(loopback) = loopback.filter(|loopback| !loopback.up) else {
            return Ok(false);
        };
        let message = LinkUnspec::new_with_index(loopback.index).up().build();
        self.handle
            .link()
            .change(message)
            .execute()
            .await
            .map_err(|error| failed(os_error(error)))?;
        Ok(true)
    }

    pub(crate) async fn links(&self) -> Result<Vec<RawLink>, Error> {
        let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let replies = self.dump("links", request).await?;
        Ok(replies
            .iter()
            .filter_map(link)
            .filter_map(RawLink::parse)
            .collect())
    }

    pub(crate) async fn addresses(&self) -> Result<parse::Addresses, Error> {
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        let replies = self.dump("addresses", request).await?;
        Ok(parse::addresses(replies.iter().filter_map(address)))
    }

    /// The unreachable routes of one family in every table.
    pub(crate) async fn unreachable(&self, family: Family) -> Result<Vec<RouteMessage>, Error> {
        let mut request = RouteMessage::default();
        request.header.address_family = parse::address_family(family);
        request.header.kind = RouteType::Unreachable;
        self.routes(request).await
    }

    /// The routes of one family in the main table that leave through one link.
    pub(crate) async fn routes_through(
        &self,
        index: u32,
        family: Family,
    ) -> Result<Vec<RouteMessage>, Error> {
        let mut request = RouteMessage::default();
        request.header.address_family = parse::address_family(family);
        request.header.table = RouteHeader::RT_TABLE_MAIN;
        request.attributes.push(RouteAttribute::Oif(index));
        self.routes(request).await
    }

    async fn routes(&self, request: RouteMessage) -> Result<Vec<RouteMessage>, Error> {
        let replies = self
            .dump("routes", RouteNetlinkMessage::GetRoute(request))
            .await?;
        Ok(replies.into_iter().filter_map(route).collect())
    }

    /// One link by its name.
    pub(crate) async fn link(&self, name: &LinkName) -> io::Result<Option<RawLink>> {
        let request = LinkUnspec::new_with_name(name.as_str()).build();
        let request = NetlinkMessage::from(RouteNetlinkMessage::GetLink(request));
        match self.ask(request, NLM_F_REQUEST).await {
            Ok(replies) => Ok(replies
                .messages
                .iter()
                .filter_map(link)
                .find_map(RawLink::parse)),
            Err(error) if error.raw_os_error() == Some(nix::libc::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn dump(
        &self,
        what: &'static str,
        request: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>, Error> {
        let failed = |source| Error::Observe {
            what,
            space: self.space,
            source,
        };
        for _ in 0..DUMP_ATTEMPTS {
            let request = NetlinkMessage::from(request.clone());
            let replies = self
                .ask(request, NLM_F_REQUEST | NLM_F_DUMP)
                .await
                .map_err(failed)?;
            if !replies.interrupted {
                return Ok(replies.messages);
            }
        }
        Err(failed(io::Error::other(
            "the namespace changed during every attempt",
        )))
    }

    async fn ask(
        &self,
        mut request: NetlinkMessage<RouteNetlinkMessage>,
        flags: u16,
    ) -> io::Result<Replies> {
        request.header.flags = flags;
        let mut stream = self.handle.clone().request(request).map_err(os_error)?;
        let mut replies = Replies {
            messages: Vec::new(),
            interrupted: false,
        };
        while let Some(reply) = stream.next().await {
            replies.interrupted |= reply.header.flags & NLM_F_DUMP_INTR != 0;
            match reply.payload {
                NetlinkPayload::InnerMessage(message) => replies.messages.push(message),
                NetlinkPayload::Error(ErrorMessage {
                    code: Some(code), ..
                }) => {
                    return Err(io::Error::from_raw_os_error(code.get().abs()));
                }
                _ => {}
            }
        }
        Ok(replies)
    }
}

struct Replies {
    messages: Vec<RouteNetlinkMessage>,
    /// Something changed while the kernel answered, so that entries may be missing.
    interrupted: bool,
}

/// The error of the system behind one of rtnetlink.
pub(crate) fn os_error(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(message) => message.to_io(),
        other => io::Error::other(other),
    }
}

const fn link(message: &RouteNetlinkMessage) -> Option<&LinkMessage> {
    if let RouteNetlinkMessage::NewLink(link) = message {
        Some(link)
    } else {
        None
    }
}

const fn address(message: &RouteNetlinkMessage) -> Option<&AddressMessage> {
    if let RouteNetlinkMessage::NewAddress(address) = message {
        Some(address)
    } else {
        None
    }
}

fn route(message: RouteNetlinkMessage) -> Option<RouteMessage> {
    if let RouteNetlinkMessage::NewRoute(route) = message {
        Some(route)
    } else {
        None
    }
}
