//! Sessions and VNIs as the last look saw them, under the names that dashboards of FRR-K8s know.
//!
//! All are gauges: prometheus-client would add `_total` to a counter's name, and theirs have none, or have it in the
//! middle.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ferroute_frr::bfd::{BfdPeer, Status};
use ferroute_frr::evpn::{Kind, Vni};
use ferroute_frr::session::{Session, State};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet};
use prometheus_client::metrics::MetricType;

use crate::seen::Seen;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct SessionLabels {
    peer: String,
    vrf: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct VniLabels {
    vni: u32,
    r#type: &'static str,
    vrf: String,
}

/// A name, a help text, and where the value is.
type Gauges<T> = [(&'static str, &'static str, fn(&T) -> u64)];

const BGP: &Gauges<Session> = &[
    ("bgp_session_up", "1: established, 0: not", |s| {
        u64::from(s.state == State::Established)
    }),
    (
        "bgp_announced_prefixes_total",
        "Prefixes sent to the peer",
        |s| s.prefixes_sent,
    ),
    (
        "bgp_received_prefixes_total",
        "Prefixes accepted from the peer",
        |s| s.prefixes_received,
    ),
    ("bgp_opens_sent", "OPEN messages sent", |s| {
        s.messages.opens_sent
    }),
    ("bgp_opens_received", "OPEN messages received", |s| {
        s.messages.opens_recv
    }),
    (
        "bgp_notifications_sent",
        "NOTIFICATION messages sent",
        |s| s.messages.notifications_sent,
    ),
    ("bgp_updates_total", "UPDATE messages sent", |s| {
        s.messages.updates_sent
    }),
    (
        "bgp_updates_total_received",
        "UPDATE messages received",
        |s| s.messages.updates_recv,
    ),
    ("bgp_keepalives_sent", "KEEPALIVE messages sent", |s| {
        s.messages.keepalives_sent
    }),
    (
        "bgp_keepalives_received",
        "KEEPALIVE messages received",
        |s| s.messages.keepalives_recv,
    ),
    (
        "bgp_route_refresh_sent",
        "ROUTE-REFRESH messages sent",
        |s| s.messages.route_refresh_sent,
    ),
    ("bgp_total_sent", "Messages sent", |s| s.messages.total_sent),
    ("bgp_total_received", "Messages received", |s| {
        s.messages.total_recv
    }),
];

const BFD: &Gauges<BfdPeer> = &[
    ("bfd_session_up", "1: up, 0: not", |p| {
        u64::from(p.status == Status::Up)
    }),
    (
        "bfd_control_packet_input",
        "Control packets received",
        |p| p.counters.control_packet_input,
    ),
    ("bfd_control_packet_output", "Control packets sent", |p| {
        p.counters.control_packet_output
    }),
    ("bfd_echo_packet_input", "Echo packets received", |p| {
        p.counters.echo_packet_input
    }),
    ("bfd_echo_packet_output", "Echo packets sent", |p| {
        p.counters.echo_packet_output
    }),
    ("bfd_session_up_events", "Times it came up", |p| {
        p.counters.session_up
    }),
    ("bfd_session_down_events", "Times it went down", |p| {
        p.counters.session_down
    }),
    (
        "bfd_zebra_notifications",
        "Times other daemons were told",
        |p| p.counters.zebra_notifications,
    ),
];

const EVPN: &Gauges<Vni> = &[
    ("evpn_vni_up", "1: works as far as FRR knows, 0: not", |v| {
        u64::from(v.up)
    }),
    (
        "evpn_vni_remote_vteps",
        "Others that carry the VNI; 0 of layer 3",
        |v| v.remote_vteps.map_or(0, |count| count as u64),
    ),
];

/// Clones share what was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastSeen(Arc<Mutex<Seen>>);

impl LastSeen {
    pub(crate) fn set(&self, seen: Seen) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

impl Collector for LastSeen {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write(&mut encoder, BGP, &seen.sessions, |session| {
            labels(session.peer.clone(), session.vrf.as_ref())
        })?;
        write(&mut encoder, BFD, &seen.bfd, |peer| {
            labels(peer.id.peer_name(), peer.id.vrf.as_ref())
        })?;
        write(&mut encoder, EVPN, &seen.vnis, |vni| VniLabels {
            vni: vni.vni,
            r#type: match vni.kind {
                Kind::L2 => "L2",
                Kind::L3 => "L3",
            },
            vrf: name(vni.vrf.as_ref()),
        })
    }
}

fn labels(peer: String, vrf: Option<&String>) -> SessionLabels {
    SessionLabels {
        peer,
        vrf: name(vrf),
    }
}

/// FRR's name of a VRF, which is what FRR-K8s shows.
fn name(vrf: Option<&String>) -> String {
    vrf.map_or("default", String::as_str).to_owned()
}

fn write<T, L: EncodeLabelSet + Ord>(
    encoder: &mut DescriptorEncoder<'_>,
    gauges: &Gauges<T>,
    values: &[T],
    labels: fn(&T) -> L,
) -> fmt::Result {
    // A series that is there twice spoils the whole scrape: the first speaks for all of the same name.
    let mut series = BTreeMap::new();
    for value in values {
        series.entry(labels(value)).or_insert(value);
    }
    if series.is_empty() {
        return Ok(());
    }
    for (name, help, read) in gauges {
        let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in &series {
            let count = i64::try_from(read(value)).unwrap_or(i64::MAX);
            metric.encode_family(labels)?.encode_gauge(&count)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
