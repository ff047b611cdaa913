//! What one look at an FRR instance saw.

use ferroute_frr::bfd::BfdPeer;
use ferroute_frr::evpn::Vni;
use ferroute_frr::observe::{ObserveError, Observer};
use ferroute_frr::session::Session;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) sessions: Vec<Session>,
    pub(crate) bfd: Vec<BfdPeer>,
    pub(crate) vnis: Vec<Vni>,
}

impl Seen {
    pub(crate) async fn look(observer: &mut Observer) -> Result<Self, ObserveError> {
        Ok(Self {
            bfd: observer.bfd_peers().await?,
            sessions: observer.glance_at_sessions().await?,
            vnis: observer.vnis().await?,
        })
    }
}
