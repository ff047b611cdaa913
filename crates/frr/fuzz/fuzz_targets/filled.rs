//! A configuration with a string from outside wherever one can stand.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use ferroute_frr::Config;
use ferroute_frr::config::{
    Action, Bfd, BfdProfile, Evpn, Family, Matches, Neighbor, NeighborFamily, NextHop, PeerId,
    PrefixRule, RawSnippet, RemoteAs, RouteMapEntry, Router, Sets, Source, StaticRoute, Targets,
    Unicast, UpdateSource, Vrf,
};
use ferroute_frr::word::{
    Asn, Community, Description, Hostname, InterfaceName, Name, Password, RouteDistinguisher,
    RouteTarget, VrfName,
};

/// Ends a string of the input: no text has this byte in it.
const END: u8 = 0xff;

/// Which kinds of words there are, and how many words a description has: what decides the shape.
pub(crate) type Present = ([bool; 9], usize);

/// At most one word of each kind.
pub(crate) struct Words {
    strings: Vec<String>,
    vrf: Option<VrfName>,
    name: Option<Name>,
    interface: Option<InterfaceName>,
    hostname: Option<Hostname>,
    password: Option<Password>,
    description: Option<Description>,
    community: Option<Community>,
    rd: Option<RouteDistinguisher>,
    target: Option<RouteTarget>,
}

impl Words {
    /// Each kind takes the first of the strings it accepts, beginning with its own.
    pub(crate) fn read(data: &[u8]) -> Self {
        let strings: Vec<String> = data
            .split(|byte| *byte == END)
            .take(10)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect();
        Self {
            vrf: first(&strings, 0),
            name: first(&strings, 1),
            interface: first(&strings, 2),
            hostname: first(&strings, 3),
            password: first(&strings, 4),
            description: first(&strings, 5),
            community: first(&strings, 6),
            rd: first(&strings, 7),
            target: first(&strings, 8),
            strings,
        }
    }

    /// What decides the shape of the configuration.
    pub(crate) fn present(&self) -> Present {
        let kinds = [
            self.vrf.is_some(),
            self.name.is_some(),
            self.interface.is_some(),
            self.hostname.is_some(),
            self.password.is_some(),
            matches!(self.community, Some(Community::Standard(_))),
            matches!(self.community, Some(Community::Large(_))),
            self.rd.is_some(),
            self.target.is_some(),
        ];
        let words = |text: &Description| text.as_str().split(' ').count();
        (kinds, self.description.as_ref().map_or(0, words))
    }

    /// The same kinds of words, and the same number of words in the description, without the strings.
    pub(crate) fn harmless(&self) -> Self {
        Self {
            strings: Vec::new(),
            vrf: self.vrf.as_ref().map(|_| known("red")),
            name: self.name.as_ref().map(|_| known("name")),
            interface: self.interface.as_ref().map(|_| known("eth0")),
            hostname: self.hostname.as_ref().map(|_| known("node")),
            password: self.password.as_ref().map(|_| known("secret")),
            description: self
                .description
                .as_ref()
                .map(|text| known(&vec!["x"; text.as_str().split(' ').count()].join(" "))),
            community: self.community.map(|community| match community {
                Community::Standard(_) => known("1:2"),
                Community::Large(_) => known("1:2:3"),
            }),
            rd: self.rd.map(|_| known("1:2")),
            target: self.target.map(|_| known("1:2")),
        }
    }

    /// All strings as one snippet, if it is accepted.
    pub(crate) fn raw(&self) -> Option<RawSnippet> {
        RawSnippet::parse(&self.strings.join("\n")).ok()
    }

    /// The configuration with these words in every place they have.
    pub(crate) fn config(&self) -> Config {
        Config {
            hostname: self.hostname.clone(),
            vrfs: self
                .vrf
                .iter()
                .map(|vrf| (vrf.clone(), Vrf::default()))
                .collect(),
            static_routes: self
                .interface
                .iter()
                .map(|interface| {
                    let via = [NextHop::Interface(interface.clone())];
                    let all = PrefixRule::any(Action::Permit, Family::Ipv4).net;
                    (all, StaticRoute::Via(via.into()))
                })
                .collect(),
            prefix_lists: self
                .named(|| [(1, PrefixRule::any(Action::Permit, Family::Ipv4))].into())
                .map(|(name, rules)| ((Family::Ipv4, name), rules))
                .collect(),
            route_maps: self.named(|| [(1, self.entry())].into()).collect(),
            bfd_profiles: self.named(BfdProfile::default).collect(),
            routers: [(None, self.router())]
                .into_iter()
                .chain(self.vrf.clone().map(|vrf| (Some(vrf), router())))
                .collect(),
            raw: Vec::new(),
        }
    }

    fn named<T>(&self, value: impl Fn() -> T) -> impl Iterator<Item = (Name, T)> {
        self.name.iter().map(move |name| (name.clone(), value()))
    }

    fn entry(&self) -> RouteMapEntry {
        let mut sets = Sets::default();
        match self.community {
            Some(Community::Standard(community)) => drop(sets.communities.insert(community)),
            Some(Community::Large(community)) => drop(sets.large_communities.insert(community)),
            None => {}
        }
        RouteMapEntry {
            matches: Matches {
                ipv4_prefix_list: self.name.clone(),
                ..Matches::default()
            },
            sets,
            ..RouteMapEntry::default()
        }
    }

    fn router(&self) -> Router {
        let mut router = router();
        router.neighbors = self.neighbors();
        router.networks = [(IpAddr::from(Ipv4Addr::LOCALHOST).into(), self.name.clone())].into();
        router.ipv4 = Unicast {
            imports: self.vrf.clone().map(Some).into_iter().collect(),
            redistribute: [(Source::Connected, self.name.clone())].into(),
        };
        router.evpn = Some(Evpn {
            targets: Targets {
                rd: self.rd,
                import: self.target.into_iter().collect(),
                export: self.target.into_iter().collect(),
            },
            ..Evpn::default()
        });
        router
    }

    fn neighbors(&self) -> BTreeMap<PeerId, Neighbor> {
        let mut neighbor = Neighbor::new(RemoteAs::External);
        neighbor.description.clone_from(&self.description);
        neighbor.password.clone_from(&self.password);
        neighbor.source = self.interface.clone().map(UpdateSource::Interface);
        neighbor.bfd = self.name.clone().map_or(Bfd::Off, Bfd::Profile);
        neighbor.ipv4 = Some(NeighborFamily {
            route_map_in: self.name.clone(),
            route_map_out: self.name.clone(),
            ..NeighborFamily::default()
        });
        let unnumbered = self.interface.clone().map(PeerId::Interface);
        [PeerId::Address(Ipv4Addr::LOCALHOST.into())]
            .into_iter()
            .chain(unnumbered)
            .map(|id| (id, neighbor.clone()))
            .collect()
    }
}

fn router() -> Router {
    Router::new(Asn::try_from(65000).expect("a number"))
}

fn first<T: FromStr>(strings: &[String], own: usize) -> Option<T> {
    let own = own % strings.len();
    let (before, from) = strings.split_at(own);
    from.iter().chain(before).find_map(|text| text.parse().ok())
}

fn known<T: FromStr>(text: &str) -> T {
    text.parse().ok().expect("a harmless word")
}
