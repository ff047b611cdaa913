//! One speaker of many requests. A request that contradicts an earlier one is left out as a whole.

use ferroute_api::ferroute::{
    Accept, Announce, NodeBfdProfile, NodeNeighbor, RawConfig, Speaker, SpeakerRouter,
};

use crate::request::Request;

/// What fits into one object: etcd takes one and a half times that in a request.
const SIZE_MAX: usize = 1024 * 1024;

/// The speaker of a node while requests are added to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// In bytes, at most.
    size: usize,
    routers: Vec<SpeakerRouter>,
    bfd_profiles: Vec<NodeBfdProfile>,
    raw: Vec<(i32, RawConfig)>,
}

impl Draft {
    /// Adds a request, or says what it contradicts and stays as it was.
    pub(crate) fn add(&mut self, request: &Request<'_>, size: usize) -> Result<(), String> {
        let mut merged = self.clone();
        merged.size = self.size.saturating_add(size);
        if merged.size > SIZE_MAX {
            return Err(format!(
                "{size} bytes to tell a node, where {} are left: fewer neighbors, prefixes or raw lines are needed",
                SIZE_MAX - self.size
            ));
        }
        for router in &request.routers {
            merged.add_router(router)?;
        }
        for profile in &request.bfd_profiles {
            merged.add_bfd_profile(profile)?;
        }
        merged.raw.extend(request.raw.clone());
        *self = merged;
        Ok(())
    }

    /// The result, in an order that does not depend on that of the requests.
    pub(crate) fn finish(mut self) -> Speaker {
        self.routers.sort_by(|a, b| a.vrf.cmp(&b.vrf));
        for router in &mut self.routers {
            router.prefixes.sort();
            router.imports.sort();
            router.neighbors.sort_by(|a, b| a.id.cmp(&b.id));
            router.neighbors.iter_mut().for_each(sort_parts);
        }
        self.bfd_profiles.sort_by(|a, b| a.name.cmp(&b.name));
        self.raw
            .sort_by(|a, b| (a.0, &a.1.source).cmp(&(b.0, &b.1.source)));
        Speaker {
            routers: self.routers,
            bfd_profiles: self.bfd_profiles,
            policies: Vec::new(),
            raw: self.raw.into_iter().map(|(_, raw)| raw).collect(),
        }
    }

    fn add_router(&mut self, wanted: &SpeakerRouter) -> Result<(), String> {
        if let Some(router) = self
            .routers
            .iter_mut()
            .find(|router| router.vrf == wanted.vrf)
        {
            return merge_router(router, wanted);
        }
        let (vrf, asn) = (wanted.vrf.clone(), wanted.asn);
        self.routers.push(SpeakerRouter {
            vrf,
            asn,
            ..SpeakerRouter::default()
        });
        self.add_router(wanted)
    }

    fn add_bfd_profile(&mut self, wanted: &NodeBfdProfile) -> Result<(), String> {
        match self
            .bfd_profiles
            .iter()
            .find(|profile| profile.name == wanted.name)
        {
            Some(profile) if profile == wanted => Ok(()),
            Some(_) => Err(format!(
                "BFD profile {} has other settings elsewhere",
                wanted.name
            )),
            None => {
                self.bfd_profiles.push(wanted.clone());
                Ok(())
            }
        }
    }
}

fn sort_parts(neighbor: &mut NodeNeighbor) {
    neighbor.sources.sort();
    neighbor.accept.prefixes.sort();
    neighbor
        .announce
        .prefixes
        .sort_by_key(|announced| announced.prefix);
    for announced in &mut neighbor.announce.prefixes {
        announced.communities.sort();
    }
}

fn merge_router(router: &mut SpeakerRouter, wanted: &SpeakerRouter) -> Result<(), String> {
    let vrf = wanted.vrf.as_deref().unwrap_or("default");
    if router.asn != wanted.asn {
        return Err(format!(
            "AS {} in VRF {vrf}, where another object has AS {}",
            wanted.asn, router.asn
        ));
    }
    same_or_one(
        "router id",
        vrf,
        &mut router.router_id,
        wanted.router_id.as_ref(),
    )?;
    unite(&mut router.prefixes, &wanted.prefixes);
    unite(&mut router.imports, &wanted.imports);
    for neighbor in &wanted.neighbors {
        match router
            .neighbors
            .iter_mut()
            .find(|other| other.id == neighbor.id)
        {
            Some(other) => merge_neighbor(other, neighbor)?,
            None => router.neighbors.push(neighbor.clone()),
        }
    }
    Ok(())
}

/// What both say must be alike, what one says counts; what is accepted and announced unites.
fn merge_neighbor(neighbor: &mut NodeNeighbor, wanted: &NodeNeighbor) -> Result<(), String> {
    let NodeNeighbor {
        id,
        sources,
        address: _,
        interface: _,
        remote_asn,
        local_asn,
        port,
        source_address,
        password,
        timers,
        connect_seconds,
        ebgp_multi_hop,
        bfd,
        graceful_restart,
        ipv4,
        ipv6,
        accept,
        announce,
    } = wanted;
    if neighbor.remote_asn != *remote_asn {
        return Err(format!(
            "neighbor {id}: remote AS {remote_asn}, where another object has {}",
            neighbor.remote_asn
        ));
    }
    same_or_one("local AS", id, &mut neighbor.local_asn, local_asn.as_ref())?;
    same_or_one("port", id, &mut neighbor.port, port.as_ref())?;
    same_or_one(
        "source address",
        id,
        &mut neighbor.source_address,
        source_address.as_ref(),
    )?;
    same_or_one("password", id, &mut neighbor.password, password.as_ref())?;
    same_or_one("timers", id, &mut neighbor.timers, timers.as_ref())?;
    same_or_one(
        "connect time",
        id,
        &mut neighbor.connect_seconds,
        connect_seconds.as_ref(),
    )?;
    same_or_one("BFD profile", id, &mut neighbor.bfd, bfd.as_ref())?;
    neighbor.ebgp_multi_hop |= ebgp_multi_hop;
    neighbor.graceful_restart |= graceful_restart;
    neighbor.ipv4 |= ipv4;
    neighbor.ipv6 |= ipv6;
    unite(&mut neighbor.sources, sources);
    merge_accept(&mut neighbor.accept, accept);
    merge_announce(&mut neighbor.announce, announce, id)
}

fn merge_accept(accept: &mut Accept, Accept { all, prefixes }: &Accept) {
    accept.all |= all;
    unite(&mut accept.prefixes, prefixes);
}

fn merge_announce(
    announce: &mut Announce,
    Announce { prefixes }: &Announce,
    id: &str,
) -> Result<(), String> {
    for wanted in prefixes {
        match announce
            .prefixes
            .iter_mut()
            .find(|other| other.prefix == wanted.prefix)
        {
            Some(other) => {
                let what = format!("local preference of {}", wanted.prefix);
                same_or_one(&what, id, &mut other.local_pref, wanted.local_pref.as_ref())?;
                unite(&mut other.communities, &wanted.communities);
            }
            None => announce.prefixes.push(wanted.clone()),
        }
    }
    Ok(())
}

fn same_or_one<T: Clone + PartialEq>(
    what: &str,
    of: &str,
    value: &mut Option<T>,
    wanted: Option<&T>,
) -> Result<(), String> {
    match (value.as_ref(), wanted) {
        (Some(value), Some(wanted)) if value != wanted => {
            Err(format!("{of}: another {what} than another object has"))
        }
        (None, Some(wanted)) => {
            *value = Some(wanted.clone());
            Ok(())
        }
        (Some(_) | None, _) => Ok(()),
    }
}

fn unite<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for item in more {
        if !all.contains(item) {
            all.push(item.clone());
        }
    }
}
