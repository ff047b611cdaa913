//! The Underlay: the one that holds, and what it means on a node.

use std::net::{IpAddr, Ipv4Addr};

use ferroute_api::Validate;
use ferroute_api::ferroute::{
    NodeNeighbor, NodeUnderlay, SecretKey, SessionBfd, SessionPassword, SessionTimers,
};
use ferroute_api::openpe::{Neighbor, Underlay};
use ferroute_api::selector::matches_optional;
use ferroute_api::timers::{Timers, parse_connect_time};
use ferroute_api::value::{Secret, parse_ip};
use ipnet::IpNet;

use crate::addressing::{router_id, vtep};
use crate::index::NodeIndex;
use crate::snapshot::{Key, Kind, Labels, Snapshot, oldest_first};
use crate::verdict::{Reason, Remark, Verdicts};

/// The port of BGP, which FRR takes unless told another.
pub(crate) const DEFAULT_PORT: u16 = 179;

/// The Underlay that is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsedUnderlay<'a> {
    pub(crate) key: &'a Key,
    underlay: &'a Underlay,
    pub(crate) vteps: Option<IpNet>,
    router_ids: IpNet,
}

/// The oldest Underlay that can be used; every other is refused.
pub(crate) fn underlay<'a>(
    snapshot: &'a Snapshot,
    verdicts: &mut Verdicts,
) -> Option<UsedUnderlay<'a>> {
    let mut used: Option<UsedUnderlay<'a>> = None;
    for (key, underlay) in oldest_first(&snapshot.underlays) {
        verdicts.of(Kind::Underlay, key);
        let checked = match used {
            Some(first) => Err(Remark::new(
                Reason::SecondUnderlay,
                format!("there may be one Underlay, and {} is older", first.key),
            )),
            None => UsedUnderlay::new(key, underlay),
        };
        match checked {
            Ok(checked) => {
                not_implemented(checked, verdicts);
                used = Some(checked);
            }
            Err(remark) => verdicts.refuse(Kind::Underlay, key, remark),
        }
    }
    used
}

fn not_implemented(used: UsedUnderlay<'_>, verdicts: &mut Verdicts) {
    let spec = &used.underlay.spec;
    let said = &mut verdicts.of(Kind::Underlay, used.key).not_implemented;
    if spec
        .evpn
        .as_ref()
        .is_some_and(|evpn| evpn.vtep_interface.is_some())
    {
        said.push("spec.evpn.vtepInterface".to_owned());
    }
    for (n, neighbor) in spec.neighbors.iter().enumerate() {
        let bfd = neighbor.bfd.as_ref();
        if bfd.is_some_and(|bfd| *bfd != ferroute_api::metallb::BfdProfileSpec::default()) {
            said.push(format!(
                "spec.neighbors[{n}].bfd: its settings; BFD runs with FRR's defaults"
            ));
        }
    }
}

impl<'a> UsedUnderlay<'a> {
    fn new(key: &'a Key, underlay: &'a Underlay) -> Result<Self, Remark> {
        let invalid = |message: String| Remark::new(Reason::Invalid, message);
        underlay
            .validate()
            .map_err(|violations| invalid(violations.to_string()))?;
        let vteps = underlay
            .vtep_cidr()
            .map_err(|problem| invalid(format!("spec.vtepcidr: {problem}")))?;
        let router_ids = underlay
            .router_id_cidr()
            .map_err(|problem| invalid(format!("spec.routeridcidr: {problem}")))?;
        let named = underlay.spec.routeridcidr.is_some();
        // A VTEP is as unique as an identifier has to be, and people can read it in `show bgp`.
        let router_ids = if named {
            IpNet::V4(router_ids)
        } else {
            v4(vteps).unwrap_or(IpNet::V4(router_ids))
        };
        Ok(Self {
            key,
            underlay,
            vteps,
            router_ids,
        })
    }

    /// Whether a node takes part.
    pub(crate) fn selects(&self, labels: &Labels) -> bool {
        matches_optional(self.underlay.spec.node_selector.as_ref(), labels)
    }

    fn vtep(&self, index: NodeIndex) -> Result<Option<IpAddr>, Remark> {
        self.vteps
            .map(|prefix| vtep(prefix, index))
            .transpose()
            .map_err(|exhausted| {
                Remark::new(
                    Reason::PrefixExhausted,
                    format!("spec.vtepcidr: {exhausted}"),
                )
            })
    }

    /// What the Underlay means on a node.
    pub(crate) fn on_node(&self, index: NodeIndex) -> Result<NodeUnderlay, Remark> {
        let spec = &self.underlay.spec;
        Ok(NodeUnderlay {
            // Before the router id, which is taken from the same prefix: it is the one that users know.
            vteps: self.vtep(index)?.into_iter().collect(),
            source: self.key.source(Kind::Underlay),
            asn: spec.asn,
            router_id: self.router_id(index)?,
            nics: spec.nics.clone(),
            neighbors: spec
                .neighbors
                .iter()
                .map(|neighbor| self.neighbor(neighbor))
                .collect::<Result<_, _>>()
                .map_err(|problem| Remark::new(Reason::Invalid, problem))?,
        })
    }

    fn router_id(&self, index: NodeIndex) -> Result<Ipv4Addr, Remark> {
        router_id(self.router_ids, index).map_err(|exhausted| {
            Remark::new(
                Reason::PrefixExhausted,
                format!("spec.routeridcidr: {exhausted}"),
            )
        })
    }

    fn neighbor(&self, wanted: &Neighbor) -> Result<NodeNeighbor, String> {
        let problem = |problem| format!("spec.neighbors: {problem}");
        let address = parse_ip(&wanted.address).map_err(problem)?;
        let timers = Timers::of(
            wanted.hold_time.as_deref(),
            wanted.keepalive_time.as_deref(),
        );
        let connect = wanted
            .connect_time
            .as_deref()
            .map(parse_connect_time)
            .transpose();
        Ok(NodeNeighbor {
            id: address.to_string(),
            sources: vec![self.key.source(Kind::Underlay)],
            address: Some(address),
            remote_asn: wanted.asn.to_string(),
            port: wanted.port.filter(|port| *port != DEFAULT_PORT),
            password: self.password(wanted)?,
            timers: timers.map_err(problem)?.map(session_timers),
            connect_seconds: connect.map_err(problem)?.map(seconds),
            ebgp_multi_hop: wanted.ebgp_multi_hop,
            bfd: wanted.bfd.as_ref().map(|_| SessionBfd::default()),
            ipv4: address.is_ipv4(),
            ipv6: address.is_ipv6(),
            ..NodeNeighbor::default()
        })
    }

    fn password(&self, wanted: &Neighbor) -> Result<Option<SessionPassword>, String> {
        if let Some(secret) = &wanted.password_secret {
            let (namespace, name) = (self.key.namespace.clone(), secret.clone());
            return Ok(Some(SessionPassword::Secret(SecretKey { namespace, name })));
        }
        let password = wanted.password.as_ref().map(Secret::password).transpose();
        let password = password.map_err(|problem| format!("spec.neighbors: password {problem}"))?;
        Ok(password.map(|password| SessionPassword::Value(password.reveal().to_owned())))
    }
}

fn v4(prefix: Option<IpNet>) -> Option<IpNet> {
    prefix.filter(|prefix| matches!(prefix, IpNet::V4(_)))
}

/// Whole seconds, rounded up: a timer that is shorter than asked for drops sessions.
pub(crate) fn seconds(duration: std::time::Duration) -> u16 {
    let rounded = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    u16::try_from(rounded).unwrap_or(u16::MAX)
}

/// Timers as FRR takes them.
pub(crate) fn session_timers(Timers { hold, keepalive }: Timers) -> SessionTimers {
    SessionTimers {
        hold_seconds: seconds(hold),
        keepalive_seconds: seconds(keepalive),
    }
}
