//! The speaker's FRR: sessions with any BGP peer, what is announced to each, what is accepted from it.

use std::collections::BTreeMap;

use ferroute_api::ferroute::{
    Accept, AnnouncedPrefix, NodeBfdProfile, NodeFailure, NodeNeighbor, NodeRouterSpec, Policy,
    RawConfig, Source, SpeakerRouter,
};
use ferroute_frr::config::{
    Action, BfdProfile, Config, Family, Matches, NeighborFamily, PrefixRule, RawSnippet,
    RouteMapEntry, Router, Sets,
};
use ferroute_frr::word::{Asn, Community, Name, VrfName, WordError};
use ipnet::IpNet;

use super::neighbor::{NeighborError, families, neighbor};
use super::policy::{Tags, add_community, outgoing, tags};
use super::router::is_own_router;
use super::{Announced, Secrets, failure, keep};

/// Seconds between attempts to reach this node's own router: it is one hop away and comes back in seconds;
/// FRR's default is two minutes.
const OWN_ROUTER_CONNECT: u16 = 1;

/// The configuration, and how many of the announced prefixes are in it.
pub(super) fn speaker(
    spec: &NodeRouterSpec,
    announced: &Announced,
    secrets: &Secrets,
    failures: &mut Vec<NodeFailure>,
) -> (Config, usize) {
    let mut config = Config::default();
    let mut count = 0;
    for profile in &spec.speaker.bfd_profiles {
        if let Some(name) = keep(profile.name.parse::<Name>(), &Source::default(), failures) {
            config.bfd_profiles.insert(name, bfd_profile(profile));
        }
    }
    let sound = sound_policies(&spec.speaker.policies, failures);
    for wanted in &spec.speaker.routers {
        let of_instance = sound.iter().copied().filter(|p| concerns(p, wanted));
        let policies: Vec<&Policy> = of_instance.collect();
        let tags = tags(&policies, announced);
        let mut instance = Instance {
            spec,
            wanted,
            tags: &tags,
            secrets,
            config: &mut config,
        };
        match instance.add(failures) {
            Ok(()) => count += tags.prefixes.len(),
            Err(error) => {
                failures.push(failure(&first_source(wanted), "Invalid", error.to_string()));
            }
        }
    }
    config.raw = spec
        .speaker
        .raw
        .iter()
        .filter_map(|raw| snippet(raw, failures))
        .collect();
    (config, count)
}

fn snippet(raw: &RawConfig, failures: &mut Vec<NodeFailure>) -> Option<RawSnippet> {
    keep(RawSnippet::parse(&raw.text), &raw.source, failures)
}

fn first_source(wanted: &SpeakerRouter) -> Source {
    let mut sources = wanted
        .neighbors
        .iter()
        .flat_map(|neighbor| &neighbor.sources);
    sources.next().cloned().unwrap_or_default()
}

/// The policies that can be said in FRR's words. One that cannot is left out; the neighbors that it names stay.
fn sound_policies<'a>(policies: &'a [Policy], failures: &mut Vec<NodeFailure>) -> Vec<&'a Policy> {
    let sound = policies.iter().filter(|policy| {
        let mut words = policy.communities.iter();
        let said = words.try_for_each(|word| word.parse::<Community>().map(drop));
        keep(said, &advertisement(policy), failures).is_some()
    });
    sound.collect()
}

/// The object that a policy comes from: its id is `namespace/name`.
fn advertisement(policy: &Policy) -> Source {
    let (namespace, name) = policy.id.split_once('/').unwrap_or(("", &policy.id));
    Source {
        kind: "BGPAdvertisement".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

/// Whether a policy announces to a neighbor of this instance.
fn concerns(policy: &Policy, wanted: &SpeakerRouter) -> bool {
    wanted
        .neighbors
        .iter()
        .any(|neighbor| policy.peers.contains(&neighbor.id))
}

fn bfd_profile(wanted: &NodeBfdProfile) -> BfdProfile {
    let NodeBfdProfile {
        name: _,
        receive_interval,
        transmit_interval,
        detect_multiplier,
        echo_interval,
        echo_mode,
        passive_mode,
        minimum_ttl,
    } = wanted.clone();
    BfdProfile {
        receive_interval,
        transmit_interval,
        detect_multiplier,
        echo_interval,
        echo_mode,
        passive_mode,
        minimum_ttl,
    }
}

/// One BGP instance while it is being made.
struct Instance<'a> {
    spec: &'a NodeRouterSpec,
    wanted: &'a SpeakerRouter,
    tags: &'a Tags<'a>,
    secrets: &'a Secrets,
    config: &'a mut Config,
}

impl Instance<'_> {
    fn add(&mut self, failures: &mut Vec<NodeFailure>) -> Result<(), WordError> {
        let vrf: Option<VrfName> = self.wanted.vrf.as_deref().map(str::parse).transpose()?;
        let mut router = Router::new(Asn::try_from(self.wanted.asn)?);
        router.router_id = self.wanted.router_id;
        router.networks = self.networks()?;
        self.add_imports(&mut router, failures);
        for wanted in &self.wanted.neighbors {
            if let Err(error) = self.add_neighbor(&mut router, wanted) {
                failures.extend(
                    wanted
                        .sources
                        .iter()
                        .map(|source| failure(source, "Invalid", error.to_string())),
                );
            }
        }
        self.config.routers.insert(vrf, router);
        Ok(())
    }

    /// What an FRRConfiguration originates, and the service prefixes with their tags.
    fn networks(&mut self) -> Result<BTreeMap<IpNet, Option<Name>>, WordError> {
        let mut networks: BTreeMap<IpNet, Option<Name>> = self
            .wanted
            .prefixes
            .iter()
            .map(|prefix| (*prefix, None))
            .collect();
        let mut names = BTreeMap::new();
        for tag in self.tags.sets.keys() {
            let name = tag.route_map()?;
            self.config
                .route_maps
                .insert(name.clone(), BTreeMap::from([(10, tag.entry())]));
            names.insert(*tag, name);
        }
        let tagged = self.tags.prefixes.iter();
        networks.extend(tagged.map(|(prefix, tag)| (*prefix, names.get(tag).cloned())));
        Ok(networks)
    }

    /// A VRF that cannot be named is left out alone.
    fn add_imports(&self, router: &mut Router, failures: &mut Vec<NodeFailure>) {
        for vrf in &self.wanted.imports {
            let vrf = match vrf.as_str() {
                "default" => Some(None),
                vrf => {
                    let source = first_source(self.wanted);
                    keep(vrf.parse::<VrfName>().map(Some), &source, failures)
                }
            };
            router.ipv4.imports.extend(vrf.clone());
            router.ipv6.imports.extend(vrf);
        }
    }

    fn add_neighbor(
        &mut self,
        router: &mut Router,
        wanted: &NodeNeighbor,
    ) -> Result<(), NeighborError> {
        let (peer, mut neighbor) = neighbor(wanted, self.secrets)?;
        let word = |source| NeighborError::Word {
            id: wanted.id.clone(),
            source,
        };
        let family = NeighborFamily {
            route_map_in: Some(self.incoming(wanted).map_err(word)?),
            route_map_out: Some(self.outgoing(wanted).map_err(word)?),
            ..NeighborFamily::default()
        };
        families(wanted, &mut neighbor, &family);
        // The router of this node outlives FRR: its forwarding goes on, so routes may be kept meanwhile.
        if wanted
            .address
            .is_some_and(|address| is_own_router(self.spec, address))
        {
            neighbor.graceful_restart = true;
            neighbor.connect_time.get_or_insert(OWN_ROUTER_CONNECT);
        }
        router.neighbors.insert(peer, neighbor);
        Ok(())
    }

    /// The route-map for what the peer sends.
    fn incoming(&mut self, wanted: &NodeNeighbor) -> Result<Name, WordError> {
        let map: Name = format!("in-{}", wanted.id).parse()?;
        let mut entries = BTreeMap::new();
        let Accept { all, prefixes } = &wanted.accept;
        if *all {
            entries.insert(10, RouteMapEntry::default());
        } else {
            let rules = prefixes.iter().map(|matched| PrefixRule {
                action: Action::Permit,
                net: matched.prefix,
                ge: matched.ge,
                le: matched.le,
            });
            let rules: Vec<_> = rules.collect();
            self.permit(&map, 10, &rules, &Sets::default(), &mut entries)?;
        }
        if entries.is_empty() {
            entries.insert(
                10,
                RouteMapEntry {
                    action: Action::Deny,
                    ..RouteMapEntry::default()
                },
            );
        }
        self.config.route_maps.insert(map.clone(), entries);
        Ok(map)
    }

    /// The route-map for what the peer gets: service prefixes by tag, then what an FRRConfiguration says.
    fn outgoing(&mut self, wanted: &NodeNeighbor) -> Result<Name, WordError> {
        let map: Name = format!("out-{}", wanted.id).parse()?;
        let mut entries = BTreeMap::new();
        let mut sequence = (10..=u16::MAX).step_by(2);
        for (tag, set) in &self.tags.sets {
            if let Some(entry) = outgoing(*tag, set, &wanted.id)? {
                entries.extend(sequence.next().map(|number| (number, entry)));
            }
        }
        for (attributes, prefixes) in by_attributes(&wanted.announce.prefixes) {
            let rules: Vec<_> = prefixes
                .iter()
                .map(|net| PrefixRule::exact(Action::Permit, *net))
                .collect();
            if let Some(number) = sequence.next() {
                self.permit(
                    &map,
                    number,
                    &rules,
                    &attributes_of(&attributes)?,
                    &mut entries,
                )?;
            }
        }
        if entries.is_empty() {
            entries.insert(
                10,
                RouteMapEntry {
                    action: Action::Deny,
                    ..RouteMapEntry::default()
                },
            );
        }
        self.config.route_maps.insert(map.clone(), entries);
        Ok(map)
    }

    /// Entries at `number` (and behind it, for IPv6) that permit what the rules match.
    fn permit(
        &mut self,
        map: &Name,
        number: u16,
        rules: &[PrefixRule],
        sets: &Sets,
        entries: &mut BTreeMap<u16, RouteMapEntry>,
    ) -> Result<(), WordError> {
        for (family, offset) in [(Family::Ipv4, 0), (Family::Ipv6, 1)] {
            let rules: BTreeMap<u32, PrefixRule> = (5..)
                .step_by(5)
                .zip(
                    rules
                        .iter()
                        .filter(|rule| Family::of(&rule.net) == family)
                        .cloned(),
                )
                .collect();
            if rules.is_empty() {
                continue;
            }
            let list: Name = format!("{map}-{number}").parse()?;
            self.config
                .prefix_lists
                .insert((family, list.clone()), rules);
            let matches = match family {
                Family::Ipv4 => Matches {
                    ipv4_prefix_list: Some(list),
                    ..Matches::default()
                },
                Family::Ipv6 => Matches {
                    ipv6_prefix_list: Some(list),
                    ..Matches::default()
                },
            };
            let entry = RouteMapEntry {
                matches,
                sets: sets.clone(),
                ..RouteMapEntry::default()
            };
            entries.insert(number.saturating_add(offset), entry);
        }
        Ok(())
    }
}

type Attributes = (Option<u32>, Vec<String>);

/// Prefixes that are announced with the same attributes, together.
fn by_attributes(prefixes: &[AnnouncedPrefix]) -> BTreeMap<Attributes, Vec<IpNet>> {
    let mut groups: BTreeMap<Attributes, Vec<IpNet>> = BTreeMap::new();
    for AnnouncedPrefix {
        prefix,
        local_pref,
        communities,
    } in prefixes
    {
        groups
            .entry((*local_pref, communities.clone()))
            .or_default()
            .push(*prefix);
    }
    groups
}

fn attributes_of((local_preference, communities): &Attributes) -> Result<Sets, WordError> {
    let mut sets = Sets {
        local_preference: *local_preference,
        ..Sets::default()
    };
    for community in communities {
        add_community(&mut sets, community)?;
    }
    Ok(sets)
}
