//! An `FRRConfiguration` as a request.

use std::collections::BTreeSet;

use ferroute_api::Validate;
use ferroute_api::ferroute::{
    Accept, Announce, AnnouncedPrefix, NodeNeighbor, PrefixMatch, RawConfig, SessionBfd,
    SpeakerRouter,
};
use ferroute_api::frrk8s::{
    AddressFamily, Advertise, FrrConfiguration, Mode, Neighbor, Receive, Router,
};
use ferroute_api::timers::parse_connect_time;
use ferroute_api::value::{Secret, parse_cidr, parse_ip, parse_ipv4};
use ipnet::IpNet;

use super::peer::remote_asn;
use super::{Nodes, Request, bfd_profile, neighbor_id, session_password};
use crate::snapshot::{Key, Kind};
use crate::underlay::{DEFAULT_PORT, seconds, session_timers};
use crate::verdict::Verdict;

pub(super) fn request<'a>(
    key: &'a Key,
    object: &'a FrrConfiguration,
    verdict: &mut Verdict,
) -> Result<Request<'a>, String> {
    object
        .validate()
        .map_err(|violations| violations.to_string())?;
    for (n, router) in object.routers().iter().enumerate() {
        not_implemented(n, router, verdict);
    }
    let routers: Result<_, _> = object
        .routers()
        .iter()
        .map(|router| speaker_router(key, router))
        .collect();
    let profiles = object.spec.bgp.iter().flat_map(|bgp| &bgp.bfd_profiles);
    Ok(Request {
        kind: Kind::FrrConfiguration,
        key,
        nodes: Nodes::All(object.spec.node_selector.as_ref()),
        routers: routers?,
        bfd_profiles: profiles
            .map(|named| bfd_profile(&named.name, &named.profile))
            .collect(),
        raw: raw(key, object),
    })
}

fn not_implemented(n: usize, router: &Router, verdict: &mut Verdict) {
    let mut say = |field: String| verdict.not_implemented.push(field);
    if router.evpn.is_some() {
        say(format!("spec.bgp.routers[{n}].evpn"));
    }
    for (m, neighbor) in router.neighbors.iter().enumerate() {
        let at = format!("spec.bgp.routers[{n}].neighbors[{m}]");
        if neighbor
            .to_advertise
            .as_ref()
            .is_some_and(|advertise| advertise.next_hop.is_some())
        {
            say(format!("{at}.toAdvertise.nextHop"));
        }
        if neighbor.disable_mp {
            say(format!("{at}.disableMP: deprecated, without effect"));
        }
        if neighbor.address_families.contains(&AddressFamily::Evpn) {
            say(format!("{at}.addressFamilies: evpn"));
        }
        if neighbor
            .source_address
            .as_deref()
            .is_some_and(|source| parse_ip(source).is_err())
        {
            say(format!("{at}.sourceaddress: an interface name"));
        }
    }
}

fn raw(key: &Key, object: &FrrConfiguration) -> Option<(i32, RawConfig)> {
    let raw = object.spec.raw.as_ref()?;
    let text = raw.raw_config.clone()?;
    Some((
        raw.priority.unwrap_or_default(),
        RawConfig {
            source: key.source(Kind::FrrConfiguration),
            text,
        },
    ))
}

fn speaker_router(key: &Key, router: &Router) -> Result<SpeakerRouter, String> {
    let id = router
        .id
        .as_deref()
        .filter(|id| !id.is_empty())
        .map(parse_ipv4)
        .transpose();
    let vrf = router.vrf.as_deref().filter(|vrf| !vrf.is_empty());
    Ok(SpeakerRouter {
        vrf: vrf.map(str::to_owned),
        asn: router.asn,
        router_id: id.map_err(|problem| format!("spec.bgp.routers: id {problem}"))?,
        neighbors: router
            .neighbors
            .iter()
            .map(|neighbor| speaker_neighbor(key, neighbor, vrf, &router.prefixes))
            .collect::<Result<_, _>>()?,
        prefixes: cidrs(&router.prefixes)?,
        imports: router
            .imports
            .iter()
            .filter_map(|import| import.vrf.clone())
            .filter(|vrf| !vrf.is_empty())
            .collect(),
    })
}

fn cidrs(texts: &[String]) -> Result<Vec<IpNet>, String> {
    let prefixes: Result<BTreeSet<_>, _> = texts
        .iter()
        .map(|text| parse_cidr(text).map(|net| net.trunc()))
        .collect();
    Ok(prefixes
        .map_err(|problem| format!("spec.bgp.routers: prefix {problem}"))?
        .into_iter()
        .collect())
}

fn speaker_neighbor(
    key: &Key,
    wanted: &Neighbor,
    vrf: Option<&str>,
    originated: &[String],
) -> Result<NodeNeighbor, String> {
    let at = |problem| format!("spec.bgp.routers: neighbor {problem}");
    let address = wanted
        .address
        .as_deref()
        .filter(|address| !address.is_empty());
    let address = address.map(parse_ip).transpose().map_err(at)?;
    let peer = address
        .map(|address| address.to_string())
        .or_else(|| wanted.interface.clone());
    let both = wanted.dual_stack_address_family || wanted.interface.is_some();
    let connect = wanted
        .connect_time
        .as_deref()
        .map(parse_connect_time)
        .transpose();
    let password = wanted.password.as_ref().map(Secret::password).transpose();
    Ok(NodeNeighbor {
        id: neighbor_id(&peer.unwrap_or_default(), vrf),
        sources: vec![key.source(Kind::FrrConfiguration)],
        address,
        interface: wanted.interface.clone(),
        remote_asn: remote_asn(wanted.asn, wanted.dynamic_asn),
        local_asn: wanted.local_asn,
        port: wanted.port.filter(|port| *port != DEFAULT_PORT),
        source_address: wanted
            .source_address
            .as_deref()
            .and_then(|source| parse_ip(source).ok()),
        password: session_password(key, password.map_err(at)?, wanted.password_secret.as_ref()),
        timers: wanted.timers().map_err(at)?.map(session_timers),
        connect_seconds: connect.map_err(at)?.map(seconds),
        ebgp_multi_hop: wanted.ebgp_multi_hop,
        bfd: wanted.bfd_profile.clone().map(|profile| SessionBfd {
            profile: Some(profile),
        }),
        graceful_restart: wanted.enable_graceful_restart,
        ipv4: both || address.is_some_and(|address| address.is_ipv4()),
        ipv6: both || address.is_some_and(|address| address.is_ipv6()),
        accept: wanted
            .to_receive
            .as_ref()
            .map_or(Ok(Accept::default()), accept)?,
        announce: match &wanted.to_advertise {
            None => Announce::default(),
            Some(advertise) => announce(advertise, originated)?,
        },
    })
}

fn accept(receive: &Receive) -> Result<Accept, String> {
    let length = |value: Option<u32>| value.and_then(|value| u8::try_from(value).ok());
    let matched = receive.allowed.prefixes.iter().map(|selector| {
        let prefix = parse_cidr(&selector.prefix)
            .map_err(|problem| format!("spec.bgp.routers: toReceive {problem}"))?
            .trunc();
        Ok(PrefixMatch {
            prefix,
            le: length(selector.le),
            ge: length(selector.ge),
        })
    });
    let prefixes: Result<BTreeSet<_>, String> = matched.collect();
    Ok(Accept {
        all: receive.allowed.mode == Mode::All,
        prefixes: prefixes?.into_iter().collect(),
    })
}

/// All are those of the router: what else is in the table may be another tenant's.
fn announce(advertise: &Advertise, originated: &[String]) -> Result<Announce, String> {
    let named = match advertise.allowed.mode {
        Mode::All => originated,
        Mode::Filtered => &advertise.allowed.prefixes,
    };
    let prefixes = cidrs(named)?
        .into_iter()
        .map(|prefix| attributes(advertise, prefix));
    Ok(Announce {
        prefixes: prefixes.collect(),
    })
}

fn attributes(advertise: &Advertise, prefix: IpNet) -> AnnouncedPrefix {
    let names = |texts: &[String]| {
        texts
            .iter()
            .any(|text| parse_cidr(text).is_ok_and(|net| net.trunc() == prefix))
    };
    let preferences = advertise
        .with_local_pref
        .iter()
        .filter(|with| names(&with.prefixes));
    let communities = advertise
        .with_community
        .iter()
        .filter(|with| names(&with.prefixes));
    let communities: BTreeSet<_> = communities.map(|with| with.community.clone()).collect();
    AnnouncedPrefix {
        prefix,
        local_pref: preferences.map(|with| with.local_pref).max(),
        communities: communities.into_iter().collect(),
    }
}
