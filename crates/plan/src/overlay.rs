//! L3VNIs: those that can be used together, and what they mean on a node.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use ferroute_api::Validate;
use ferroute_api::ferroute::{HostVeth, NodeL3vni, NodeUnderlay};
use ferroute_api::openpe::{HostSession, L3vni};
use ferroute_api::selector::matches_optional;
use ipnet::IpNet;

use crate::addressing::veth;
use crate::index::NodeIndex;
use crate::snapshot::{Key, Kind, Labels, Snapshot, oldest_first};
use crate::underlay::UsedUnderlay;
use crate::verdict::{Reason, Remark, Verdicts};

/// An L3VNI that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Overlay<'a> {
    pub(crate) key: &'a Key,
    l3vni: &'a L3vni,
    session: Option<HostSession>,
    /// The local prefixes of the session, IPv4 first.
    prefixes: Vec<IpNet>,
    /// The number behind the router's identifier in the route distinguisher.
    distinguisher: u16,
}

/// The L3VNIs that can be used, oldest first. Of two that exclude each other the older one is.
pub(crate) fn overlays<'a>(
    snapshot: &'a Snapshot,
    underlay: Option<&UsedUnderlay<'_>>,
    verdicts: &mut Verdicts,
) -> Vec<Overlay<'a>> {
    let mut used: Vec<Overlay<'a>> = Vec::new();
    for (key, l3vni) in oldest_first(&snapshot.l3vnis) {
        verdicts.of(Kind::L3vni, key);
        match Overlay::new(key, l3vni).and_then(|overlay| overlay.fit(&used, underlay)) {
            Ok(overlay) => used.push(overlay),
            Err(remark) => verdicts.refuse(Kind::L3vni, key, remark),
        }
    }
    used
}

impl<'a> Overlay<'a> {
    fn new(key: &'a Key, l3vni: &'a L3vni) -> Result<Self, Remark> {
        let invalid = |message: String| Remark::new(Reason::Invalid, message);
        l3vni
            .validate()
            .map_err(|violations| invalid(violations.to_string()))?;
        let session = l3vni.host_session();
        let prefixes = session.as_ref().map_or(Ok(Vec::new()), prefixes);
        let prefixes = prefixes.map_err(|message| invalid(format!("localcidr: {message}")))?;
        Ok(Self {
            key,
            l3vni,
            session,
            prefixes,
            distinguisher: 0,
        })
    }

    /// Refuses an overlay that an older one, or the lack of an underlay, leaves no place for.
    fn fit(mut self, older: &[Self], underlay: Option<&UsedUnderlay<'_>>) -> Result<Self, Remark> {
        let vtep = underlay
            .and_then(|underlay| underlay.vteps)
            .ok_or_else(|| {
                Remark::new(
                    Reason::NoUnderlay,
                    "there is no Underlay with a VTEP prefix to carry it",
                )
            })?;
        self.check_names(older)?;
        self.check_prefixes(older, vtep)?;
        self.distinguisher = free_distinguisher(self.l3vni.spec.vni, older);
        Ok(self)
    }

    fn check_names(&self, older: &[Self]) -> Result<(), Remark> {
        let (vni, vrf) = (self.l3vni.spec.vni, self.l3vni.vrf_name());
        if let Some(other) = older.iter().find(|other| other.l3vni.spec.vni == vni) {
            let message = format!("spec.vni: {vni} belongs to the older L3VNI {}", other.key);
            return Err(Remark::new(Reason::VniInUse, message));
        }
        if let Some(other) = older.iter().find(|other| other.l3vni.vrf_name() == vrf) {
            let message = format!("spec.vrf: {vrf} belongs to the older L3VNI {}", other.key);
            return Err(Remark::new(Reason::VrfInUse, message));
        }
        Ok(())
    }

    /// All veths end in the host's one routing table, so their prefixes may not overlap.
    fn check_prefixes(&self, older: &[Self], vtep: IpNet) -> Result<(), Remark> {
        for prefix in &self.prefixes {
            let owner = older
                .iter()
                .find(|other| other.prefixes.iter().any(|theirs| overlap(prefix, theirs)))
                .map(|other| format!("that of the older L3VNI {}", other.key))
                .or_else(|| overlap(prefix, &vtep).then(|| format!("the VTEP prefix {vtep}")));
            if let Some(owner) = owner {
                let message = format!("localcidr: {prefix} overlaps with {owner}");
                return Err(Remark::new(Reason::Overlap, message));
            }
        }
        Ok(())
    }

    /// Whether a node takes part.
    pub(crate) fn selects(&self, labels: &Labels) -> bool {
        matches_optional(self.l3vni.spec.node_selector.as_ref(), labels)
    }

    /// What the L3VNI means on a node; nothing on one without a tunnel endpoint.
    pub(crate) fn on_node(
        &self,
        index: NodeIndex,
        underlay: &NodeUnderlay,
    ) -> Result<Option<NodeL3vni>, Remark> {
        let Some(vtep) = underlay.vteps.first() else {
            return Ok(None);
        };
        let spec = &self.l3vni.spec;
        Ok(Some(NodeL3vni {
            source: self.key.source(Kind::L3vni),
            vrf: self.l3vni.vrf_name().to_owned(),
            vni: spec.vni,
            vxlan_port: spec.vxlanport,
            vtep: *vtep,
            asn: self
                .session
                .as_ref()
                .map_or(underlay.asn, |session| session.asn),
            route_distinguisher: self.route_distinguisher(underlay.router_id),
            import_route_targets: spec.import_rts.clone(),
            export_route_targets: spec.export_rts.clone(),
            host_session: self.host_veth(index)?,
        }))
    }

    fn route_distinguisher(&self, router_id: Ipv4Addr) -> String {
        format!("{router_id}:{}", self.distinguisher)
    }

    fn host_veth(&self, index: NodeIndex) -> Result<Option<HostVeth>, Remark> {
        let Some(session) = &self.session else {
            return Ok(None);
        };
        let legs: Vec<_> = self
            .prefixes
            .iter()
            .map(|prefix| veth(*prefix, index))
            .collect::<Result<_, _>>()
            .map_err(|exhausted| {
                Remark::new(Reason::PrefixExhausted, format!("localcidr: {exhausted}"))
            })?;
        Ok(Some(HostVeth {
            host_asn: session.hostasn,
            router: legs.iter().map(|legs| legs.router).collect(),
            host: legs.iter().map(|legs| legs.host).collect(),
        }))
    }
}

fn prefixes(session: &HostSession) -> Result<Vec<IpNet>, String> {
    let v4 = session
        .localcidr
        .ipv4_net()
        .map_err(|problem| problem.to_string())?;
    let v6 = session
        .localcidr
        .ipv6_net()
        .map_err(|problem| problem.to_string())?;
    Ok(v4
        .map(IpNet::from)
        .into_iter()
        .chain(v6.map(IpNet::from))
        .collect())
}

fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// A route distinguisher has 16 bits behind an address, a VNI has 24: two whose low bits are alike
/// take the next free number, the older one keeps its own.
fn free_distinguisher(vni: u32, older: &[Overlay<'_>]) -> u16 {
    let taken: BTreeSet<u16> = older.iter().map(|other| other.distinguisher).collect();
    let low = u16::try_from(vni & 0xffff).unwrap_or(u16::MAX);
    (0..=u16::MAX)
        .map(|step| low.wrapping_add(step))
        .find(|number| !taken.contains(number))
        .unwrap_or(low)
}
