//! The commands that lead from one configuration to another, in an order FRR accepts.
//!
//! What goes is taken away first: a VNI, then what stands in BGP instances, then whole instances
//! (the default one last). Then everything new is added in the order of the file, lists and
//! route-maps before their users; but a VNI after the BGP instance of its VRF, or bgpd makes one
//! with an AS number of its own choice. What nobody uses any more goes at the end.

mod contents;
mod line;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::tree::{Node, Scope, Tree, is_static_route};

use contents::{Changes, contents};
pub(crate) use line::{definition, peer};
use line::{is_in_the_way, negation, rule, slot};

/// One line to send, and the context lines that lead to where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The contexts from the root, outermost first.
    pub context: Arc<[String]>,
    /// The line.
    pub line: String,
}

impl fmt::Display for Command {
    /// The context and the line. A password is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outer in &*self.context {
            write!(f, "{outer} / ")?;
        }
        f.write_str(&without_secret(&self.line))
    }
}

/// A line, or FRR's words about it, with the value of a password replaced.
pub(crate) fn without_secret(line: &str) -> String {
    match line.split_once(" password ") {
        Some((before, _)) => format!("{before} password ***"),
        None => line.to_owned(),
    }
}

/// The commands that make `running` say what `desired` says. None if it does.
pub fn diff(running: &Tree, desired: &Tree) -> Vec<Command> {
    let root: Arc<[String]> = Arc::from([]);
    let removed = removed_routers(running, desired);
    let have = Have::new(&running.nodes, &removed);
    let want = Lines::new(Scope::Root, &desired.nodes);
    let mut plan = Plan::default();
    for node in &desired.nodes {
        plan.reach(&have, node);
    }
    for node in running
        .nodes
        .iter()
        .rev()
        .filter(|node| !want.texts.contains(node.line.as_str()))
    {
        plan.leave(&have, &want, node);
    }
    let no = |router: &&Node| Command {
        context: Arc::clone(&root),
        line: format!("no {}", router.line),
    };
    plan.withdraw.extend(removed.iter().map(no));
    [
        plan.detach,
        plan.withdraw,
        plan.add,
        plan.attach,
        plan.retire,
    ]
    .concat()
}

/// The instances that must go: those not desired under this header (another AS number is another
/// instance), VRFs first. FRR removes the default one only when no other is left.
///
/// An instance with nothing in it is nobody's: before FRR 10, `import vrf` makes one and prints it. It
/// only goes where another is wanted.
fn removed_routers<'a>(running: &'a Tree, desired: &Tree) -> Vec<&'a Node> {
    let wanted: HashSet<&str> = desired
        .nodes
        .iter()
        .map(|node| node.line.as_str())
        .collect();
    let routers = running.nodes.iter().filter(|node| is_router(node));
    let (vrfs, defaults): (Vec<_>, Vec<_>) = routers.partition(|node| vrf_of(node).is_some());
    let default_goes = defaults
        .iter()
        .any(|node| !wanted.contains(node.line.as_str()));
    let mut removed = vrfs;
    let is_replaced = |node: &Node| desired.nodes.iter().any(|new| vrf_of(new) == vrf_of(node));
    removed.retain(|node| {
        let goes = !node.children.is_empty() || is_replaced(node);
        default_goes || goes && !wanted.contains(node.line.as_str())
    });
    removed.extend(
        defaults
            .into_iter()
            .filter(|node| !wanted.contains(node.line.as_str())),
    );
    removed
}

/// Whether this is a BGP instance.
pub(crate) fn is_router(node: &Node) -> bool {
    Scope::Root.opened_by(&node.line) == Some(Scope::Router)
}

/// The VRF of `router bgp N vrf V`.
pub(crate) fn vrf_of(router: &Node) -> Option<&str> {
    router.line.split_once(" vrf ").map(|(_, vrf)| vrf)
}

/// The lines of one context, for look-up.
struct Lines<'a> {
    texts: HashSet<&'a str>,
    slots: HashSet<String>,
    /// Rules of prefix-lists, whatever their number.
    rules: HashSet<String>,
}

impl<'a> Lines<'a> {
    fn new(scope: Scope, nodes: &'a [Node]) -> Self {
        let texts = nodes.iter().map(|node| node.line.as_str()).collect();
        let slots = nodes
            .iter()
            .filter_map(|node| slot(scope, &node.line))
            .collect();
        let rules = nodes.iter().filter_map(|node| rule(&node.line)).collect();
        Self {
            texts,
            slots,
            rules,
        }
    }

    /// Whether this rule of a prefix-list is there under another number. FRR 8 takes no notice of
    /// one that it has already, so the old one goes first.
    fn renumbers(&self, line: &str) -> bool {
        rule(line).is_some_and(|rule| self.rules.contains(&rule))
    }

    /// Whether adding these lines also takes away that line.
    fn replace(&self, scope: Scope, line: &str) -> bool {
        self.texts.contains(negation(scope, line).as_str())
            || scope.opened_by(line).is_none() && self.has_slot(scope, line)
    }

    fn has_slot(&self, scope: Scope, line: &str) -> bool {
        slot(scope, line).is_some_and(|slot| self.slots.contains(&slot))
    }
}

/// What is configured at the root and stays there.
struct Have<'a> {
    by_line: HashMap<&'a str, &'a Node>,
    /// VRFs whose BGP instance goes: FRR wants their VNI unset first.
    without_router: HashSet<&'a str>,
}

impl<'a> Have<'a> {
    fn new(nodes: &'a [Node], removed: &[&'a Node]) -> Self {
        let gone: HashSet<&str> = removed.iter().map(|node| node.line.as_str()).collect();
        let kept = nodes
            .iter()
            .filter(|node| !gone.contains(node.line.as_str()));
        Self {
            by_line: kept.map(|node| (node.line.as_str(), node)).collect(),
            without_router: removed.iter().filter_map(|node| vrf_of(node)).collect(),
        }
    }

    /// Whether this is a `vrf V` whose BGP instance goes.
    fn loses_router(&self, node: &Node) -> bool {
        node.line
            .strip_prefix("vrf ")
            .is_some_and(|vrf| self.without_router.contains(vrf))
    }
}

/// Commands by the time at which they must be sent.
#[derive(Default)]
struct Plan {
    detach: Vec<Command>,
    withdraw: Vec<Command>,
    add: Vec<Command>,
    attach: Vec<Command>,
    retire: Vec<Command>,
}

impl Plan {
    /// Makes one line of the root, with what stands in it, as desired.
    fn reach(&mut self, have: &Have<'_>, node: &Node) {
        let same = have.by_line.get(node.line.as_str()).copied();
        if same.is_none() {
            self.add.push(Command {
                context: Arc::from([]),
                line: node.line.clone(),
            });
        }
        let Some(scope) = Scope::Root.opened_by(&node.line) else {
            return;
        };
        let context: Arc<[String]> = Arc::from([node.line.clone()]);
        let mut old = same.map_or_else(Vec::new, |old| old.children.clone());
        if have.loses_router(node) {
            let (routes, vni): (Vec<_>, Vec<_>) =
                old.into_iter().partition(|n| is_static_route(&n.line));
            self.sort(scope, contents(scope, &context, &vni, &[]));
            old = routes;
        }
        self.sort(scope, contents(scope, &context, &old, &node.children));
    }

    /// Takes away one line of the root that is not desired.
    fn leave(&mut self, have: &Have<'_>, want: &Lines<'_>, node: &Node) {
        let renumbered = want.renumbers(&node.line);
        let replaced = want.replace(Scope::Root, &node.line) && !renumbered;
        if !have.by_line.contains_key(node.line.as_str()) || replaced {
            return;
        }
        match Scope::Root.opened_by(&node.line) {
            // Those that must go are gone already.
            Some(Scope::Router) => {}
            // Only the kernel's device ends a VRF, and `bfd` itself is always there.
            Some(scope @ (Scope::Vrf | Scope::Bfd)) => {
                let context: Arc<[String]> = Arc::from([node.line.clone()]);
                self.sort(scope, contents(scope, &context, &node.children, &[]));
            }
            opened => {
                let line = negation(Scope::Root, &node.line);
                let command = Command {
                    context: Arc::from([]),
                    line,
                };
                // An entry that turns from permit to deny is made anew: in between FRR would
                // refuse what the other may not hold.
                let anew =
                    opened == Some(Scope::RouteMap) && want.has_slot(Scope::Root, &node.line);
                if anew || renumbered || is_in_the_way(&node.line, |line| want.texts.contains(line))
                {
                    self.withdraw.push(command);
                } else {
                    self.retire.push(command);
                }
            }
        }
    }

    /// Decides when the changes inside a context are made.
    fn sort(&mut self, scope: Scope, Changes { remove, add }: Changes) {
        match scope {
            Scope::Vrf => {
                let added: HashSet<&str> = add.iter().map(|command| &*command.line).collect();
                let (late, early) = remove.into_iter().partition(|command| {
                    let line = command.line.trim_start_matches("no ");
                    is_static_route(line) && !is_in_the_way(line, |line| added.contains(line))
                });
                self.detach.extend::<Vec<_>>(early);
                self.retire.extend::<Vec<_>>(late);
                self.attach.extend(add);
            }
            // An entry that has lost its condition would match every route for a moment.
            Scope::RouteMap => {
                self.add.extend(add);
                self.add.extend(remove);
            }
            Scope::Bfd => {
                self.add.extend(add);
                self.retire.extend(remove);
            }
            Scope::Root
            | Scope::Router
            | Scope::AddressFamily
            | Scope::EvpnVni
            | Scope::BfdProfile
            | Scope::Other => {
                self.withdraw.extend(remove);
                self.add.extend(add);
            }
        }
    }
}
