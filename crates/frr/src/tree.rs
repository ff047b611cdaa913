//! Configuration as a tree of lines: what a file, `show running-config` and a [`Config`] have
//! in common.
//!
//! [`Config`]: crate::config::Config

use std::fmt;

/// The configuration below the root, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The lines of the root.
    pub nodes: Vec<Node>,
}

/// A line, and the lines of the context it opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The words, one space apart.
    pub line: String,
    /// What stands inside the context.
    pub children: Vec<Self>,
}

impl Node {
    /// A line that opens no context, or one with nothing in it.
    pub fn leaf(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            children: Vec::new(),
        }
    }
}

/// The kind of context a line stands in. It decides which lines open another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Outside of everything.
    Root,
    /// `router bgp …`.
    Router,
    /// `address-family …` of a router.
    AddressFamily,
    /// `vni …` of a router's EVPN family.
    EvpnVni,
    /// `route-map …`.
    RouteMap,
    /// `vrf …`.
    Vrf,
    /// `bfd`.
    Bfd,
    /// `profile …` of bfd.
    BfdProfile,
    /// A context of something that is not ours.
    Other,
}

/// First words of contexts at the root that are not ours.
const FOREIGN_CONTEXTS: [&[&str]; 8] = [
    &["interface"],
    &["line", "vty"],
    &["key", "chain"],
    &["segment-routing"],
    &["nexthop-group"],
    &["pbr-map"],
    &["l2vpn"],
    &["pseudowire"],
];

impl Scope {
    /// The context that a line opens when it stands in this one.
    pub fn opened_by(self, line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split(' ').take(2).collect();
        match (self, words.as_slice()) {
            (Self::Root, ["router", "bgp"]) => Some(Self::Router),
            (Self::Root, ["route-map", _]) => Some(Self::RouteMap),
            (Self::Root, ["vrf", _]) => Some(Self::Vrf),
            (Self::Root, ["bfd"]) => Some(Self::Bfd),
            (Self::Root, words) if is_foreign_context(words) => Some(Self::Other),
            (Self::Router, ["address-family", _]) => Some(Self::AddressFamily),
            (Self::AddressFamily, ["vni", _]) => Some(Self::EvpnVni),
            (Self::Bfd, ["profile", _]) => Some(Self::BfdProfile),
            (Self::Root, ["router", _]) | (Self::Bfd, ["peer", _]) => Some(Self::Other),
            _ => None,
        }
    }

    /// The line that closes the context in FRR's own output.
    fn end(self) -> &'static str {
        match self {
            Self::Vrf => "exit-vrf",
            Self::AddressFamily => "exit-address-family",
            Self::EvpnVni => "exit-vni",
            Self::Root
            | Self::Router
            | Self::RouteMap
            | Self::Bfd
            | Self::BfdProfile
            | Self::Other => "exit",
        }
    }
}

/// Whether a line is a static route, of the VRF in whose context it stands.
pub(crate) fn is_static_route(line: &str) -> bool {
    let line = line.strip_prefix("no ").unwrap_or(line);
    line.starts_with("ip route ") || line.starts_with("ipv6 route ")
}

fn is_foreign_context(words: &[&str]) -> bool {
    FOREIGN_CONTEXTS
        .iter()
        .any(|first| words.starts_with(first))
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_nodes(f, Scope::Root, &self.nodes, 0)
    }
}

fn write_nodes(
    f: &mut fmt::Formatter<'_>,
    scope: Scope,
    nodes: &[Node],
    depth: usize,
) -> fmt::Result {
    for Node { line, children } in nodes {
        let opened = scope.opened_by(line);
        if opened == Some(Scope::AddressFamily) {
            writeln!(f, "{:depth$}!", "")?;
        }
        writeln!(f, "{:depth$}{line}", "")?;
        if let Some(inner) = opened {
            write_nodes(f, inner, children, depth + 1)?;
            writeln!(f, "{:depth$}{}", "", inner.end())?;
        }
        if opened.is_some() && depth == 0 {
            writeln!(f, "!")?;
        }
    }
    Ok(())
}
