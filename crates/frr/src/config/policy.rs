//! Prefix-lists and route-maps.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::Family;
use crate::word::{LargeCommunity, Name, StandardCommunity};

/// Whether a rule lets a route through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Accept.
    #[default]
    Permit,
    /// Reject.
    Deny,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
        })
    }
}

/// One rule of a prefix-list. Its prefix is of the list's family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixRule {
    /// What happens to a prefix that matches.
    pub action: Action,
    /// The prefix that covers those that match.
    pub net: IpNet,
    /// The shortest length that matches.
    pub ge: Option<u8>,
    /// The longest length that matches.
    pub le: Option<u8>,
}

impl PrefixRule {
    /// Exactly this prefix.
    pub fn exact(action: Action, net: IpNet) -> Self {
        Self {
            action,
            net,
            ge: None,
            le: None,
        }
    }

    /// Every prefix of a family.
    pub fn any(action: Action, family: Family) -> Self {
        let (net, le) = match family {
            Family::Ipv4 => (IpNet::from(ipnet::Ipv4Net::default()), 32),
            Family::Ipv6 => (IpNet::from(ipnet::Ipv6Net::default()), 128),
        };
        Self {
            action,
            net,
            ge: None,
            le: Some(le),
        }
    }
}

/// One entry of a route-map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteMapEntry {
    /// What happens to a route that matches.
    pub action: Action,
    /// What a route must be; an empty one matches all.
    pub matches: Matches,
    /// What is changed in the route.
    pub sets: Sets,
    /// Go on with the next entry instead of ending here.
    pub on_match_next: bool,
}

/// The conditions of a route-map entry. All must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matches {
    /// An IPv4 route whose prefix this list permits.
    pub ipv4_prefix_list: Option<Name>,
    /// An IPv6 route whose prefix this list permits.
    pub ipv6_prefix_list: Option<Name>,
    /// The mark set by the route's own route-map.
    pub tag: Option<u32>,
}

/// The changes of a route-map entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sets {
    /// A mark that stays in this router: BGP does not carry it.
    pub tag: Option<u32>,
    /// Communities to add.
    pub communities: BTreeSet<StandardCommunity>,
    /// Large communities to add.
    pub large_communities: BTreeSet<LargeCommunity>,
    /// The preference inside the AS.
    pub local_preference: Option<u32>,
    /// The next hop of IPv4 routes.
    pub ipv4_next_hop: Option<Ipv4Addr>,
    /// The global next hop of IPv6 routes.
    pub ipv6_next_hop: Option<Ipv6Addr>,
}
