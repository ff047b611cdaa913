//! One BGP session in FRR's words.

use ferroute_api::ferroute::{NodeNeighbor, SecretKey, SessionPassword};
use ferroute_frr::config::{Bfd, Neighbor, NeighborFamily, PeerId, RemoteAs, Timers, UpdateSource};
use ferroute_frr::word::{Asn, InterfaceName, Name, Password, WordError};

use super::Secrets;

/// Why a session cannot be configured.
#[derive(Debug, thiserror::Error)]
pub(super) enum NeighborError {
    #[error("neighbor {id}: {source}")]
    Word { id: String, source: WordError },
    #[error("neighbor {id} has neither an address nor an interface")]
    NoPeer { id: String },
    #[error("neighbor {id}: remote AS {value:?} is not a number, internal or external")]
    RemoteAs { id: String, value: String },
    #[error("neighbor {id}: password of Secret {}/{}: {reason}", secret.namespace, secret.name)]
    Secret {
        id: String,
        secret: SecretKey,
        reason: String,
    },
}

/// A session without its families, which depend on who has it.
pub(super) fn neighbor(
    wanted: &NodeNeighbor,
    secrets: &Secrets,
) -> Result<(PeerId, Neighbor), NeighborError> {
    let word = |source| NeighborError::Word {
        id: wanted.id.clone(),
        source,
    };
    let peer = peer_id(wanted)?;
    let mut neighbor = Neighbor::new(remote_as(wanted)?);
    neighbor.local_as = wanted
        .local_asn
        .map(Asn::try_from)
        .transpose()
        .map_err(word)?;
    neighbor.port = wanted.port;
    neighbor.password = password(wanted, secrets)?;
    neighbor.source = wanted.source_address.map(UpdateSource::Address);
    neighbor.ebgp_multihop = wanted.ebgp_multi_hop;
    // FRR compares a link-local next hop with the connected networks and refuses a single-hop IPv6 peer.
    neighbor.disable_connected_check = wanted.address.is_some_and(|address| address.is_ipv6())
        && !wanted.ebgp_multi_hop
        && wanted.remote_asn != "internal";
    neighbor.timers = wanted.timers.map(|timers| Timers {
        hold: timers.hold_seconds,
        keepalive: timers.keepalive_seconds,
    });
    neighbor.connect_time = wanted.connect_seconds;
    neighbor.bfd = match &wanted.bfd {
        None => Bfd::Off,
        Some(bfd) => match &bfd.profile {
            None => Bfd::Default,
            Some(profile) => Bfd::Profile(profile.parse::<Name>().map_err(word)?),
        },
    };
    neighbor.graceful_restart = wanted.graceful_restart;
    Ok((peer, neighbor))
}

/// The families that the session speaks, each with the same settings.
pub(super) fn families(wanted: &NodeNeighbor, neighbor: &mut Neighbor, family: &NeighborFamily) {
    neighbor.ipv4 = wanted.ipv4.then(|| family.clone());
    neighbor.ipv6 = wanted.ipv6.then(|| family.clone());
}

fn peer_id(wanted: &NodeNeighbor) -> Result<PeerId, NeighborError> {
    match (&wanted.address, &wanted.interface) {
        (Some(address), _) => Ok(PeerId::Address(*address)),
        (None, Some(interface)) => interface
            .parse::<InterfaceName>()
            .map(PeerId::Interface)
            .map_err(|source| NeighborError::Word {
                id: wanted.id.clone(),
                source,
            }),
        (None, None) => Err(NeighborError::NoPeer {
            id: wanted.id.clone(),
        }),
    }
}

fn remote_as(wanted: &NodeNeighbor) -> Result<RemoteAs, NeighborError> {
    let number = || {
        let number: u32 = wanted.remote_asn.parse().ok()?;
        Asn::try_from(number).ok().map(RemoteAs::Number)
    };
    match wanted.remote_asn.as_str() {
        "internal" => Ok(RemoteAs::Internal),
        "external" => Ok(RemoteAs::External),
        value => number().ok_or_else(|| NeighborError::RemoteAs {
            id: wanted.id.clone(),
            value: value.to_owned(),
        }),
    }
}

/// A session that should have a password and cannot get it is not configured at all: without the
/// password it would be open to anybody.
fn password(wanted: &NodeNeighbor, secrets: &Secrets) -> Result<Option<Password>, NeighborError> {
    let text = match &wanted.password {
        None => return Ok(None),
        Some(SessionPassword::Value(text)) => text,
        Some(SessionPassword::Secret(key)) => match secrets.get(key) {
            Some(Ok(text)) => text,
            Some(Err(reason)) => return Err(missing(wanted, key, reason)),
            None => return Err(missing(wanted, key, "not read yet")),
        },
    };
    let word = |source| NeighborError::Word {
        id: wanted.id.clone(),
        source,
    };
    text.parse().map(Some).map_err(word)
}

fn missing(wanted: &NodeNeighbor, key: &SecretKey, reason: &str) -> NeighborError {
    NeighborError::Secret {
        id: wanted.id.clone(),
        secret: key.clone(),
        reason: reason.to_owned(),
    }
}
