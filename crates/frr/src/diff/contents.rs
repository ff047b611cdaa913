//! The changes inside one context.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::line::{connects, definition, negation, peer};
use super::{Command, Lines};
use crate::tree::{Node, Scope};

/// What to take away and what to add, each in the order in which it must be done.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) remove: Vec<Command>,
    pub(super) add: Vec<Command>,
}

/// The changes that make the lines `have` of a context those of `want`.
pub(super) fn contents(
    scope: Scope,
    context: &Arc<[String]>,
    have: &[Node],
    want: &[Node],
) -> Changes {
    let gone = gone_peers(have, want);
    Context {
        scope,
        path: context,
        gone: &gone,
    }
    .changes(have, want)
}

/// Neighbors that are defined now and are not to be, or not so: FRR forgets some of a peer's
/// settings, and not others, when its AS changes, so such a one is made anew.
fn gone_peers<'a>(have: &'a [Node], want: &[Node]) -> HashSet<&'a str> {
    let wanted: HashSet<&str> = want.iter().map(|node| node.line.as_str()).collect();
    let unwanted = have
        .iter()
        .filter(|node| !wanted.contains(node.line.as_str()));
    unwanted.filter_map(|node| definition(&node.line)).collect()
}

struct Context<'a> {
    scope: Scope,
    path: &'a Arc<[String]>,
    /// FRR drops every line of these along with their definition.
    gone: &'a HashSet<&'a str>,
}

impl Context<'_> {
    fn changes(&self, have: &[Node], want: &[Node]) -> Changes {
        let had: HashMap<&str, &Node> = have.iter().map(|n| (n.line.as_str(), n)).collect();
        let wanted = Lines::new(self.scope, want);
        let mut changes = Changes::default();
        let may_have_rd = matches!(self.scope, Scope::AddressFamily | Scope::EvpnVni);
        let no_rd = may_have_rd && !have.iter().any(is_rd);
        changes.add.extend(
            want.iter()
                .filter(|node| no_rd && is_rd(node))
                .map(|_| self.decoy()),
        );
        let derived = self.derived(&had, want);
        changes
            .add
            .extend(derived.iter().map(|line| self.command(line.clone())));
        for node in want {
            let old = had
                .get(node.line.as_str())
                .filter(|_| !self.goes(&node.line));
            self.reach(&mut changes, old.copied(), node);
        }
        changes.add.extend(
            derived
                .iter()
                .map(|line| self.command(format!("no {line}"))),
        );
        for node in have
            .iter()
            .rev()
            .filter(|node| !wanted.texts.contains(node.line.as_str()))
        {
            self.leave(&mut changes, &wanted, node);
        }
        if self.scope == Scope::Router {
            changes.add.sort_by_key(|command| connects(&command.line));
        }
        changes
    }

    fn reach(&self, changes: &mut Changes, old: Option<&Node>, node: &Node) {
        if old.is_none() {
            changes.add.push(self.command(node.line.clone()));
        }
        if let Some(scope) = self.scope.opened_by(&node.line) {
            let old = old.map_or(&[][..], |old| &old.children);
            let inner = self.inside(scope, &node.line, old, &node.children);
            changes.remove.extend(inner.remove);
            changes.add.extend(inner.add);
        }
    }

    fn leave(&self, changes: &mut Changes, wanted: &Lines<'_>, node: &Node) {
        if self.goes(&node.line) && definition(&node.line).is_none()
            || wanted.replace(self.scope, &node.line)
        {
            return;
        }
        match self.scope.opened_by(&node.line) {
            // There is no command that removes a family.
            Some(scope @ Scope::AddressFamily) => {
                let inner = self.inside(scope, &node.line, &node.children, &[]);
                changes.remove.extend(inner.remove);
            }
            _ => changes
                .remove
                .push(self.command(negation(self.scope, &node.line))),
        }
    }

    /// Whether this line goes with its neighbor.
    fn goes(&self, line: &str) -> bool {
        peer(line).is_some_and(|peer| self.gone.contains(peer))
    }

    fn inside(&self, scope: Scope, line: &str, have: &[Node], want: &[Node]) -> Changes {
        let path = self.path.iter().cloned().chain([line.to_owned()]).collect();
        Context {
            scope,
            path: &path,
            gone: self.gone,
        }
        .changes(have, want)
    }

    /// FRR takes no notice of a route distinguisher that was set before and taken away since; with
    /// another in between it does.
    fn decoy(&self) -> Command {
        self.command("rd 0:1".to_owned())
    }

    /// Route targets to set while others are added. FRR derives one from the VNI as long as it has none by
    /// configuration, and takes that very one, when asked for, for no change.
    fn derived(&self, had: &HashMap<&str, &Node>, want: &[Node]) -> Vec<String> {
        let opened = self.path.last().filter(|_| self.scope == Scope::EvpnVni);
        let Some(vni) = opened.and_then(|line| line.strip_prefix("vni ")) else {
            return Vec::new();
        };
        let is_derived = |line: &str| line.rsplit(':').next() == Some(vni);
        let directions = ["route-target import ", "route-target export "];
        let unset = directions.into_iter().filter(|direction| {
            let wanted = || {
                want.iter()
                    .map(|node| node.line.as_str())
                    .filter(|line| line.starts_with(direction))
            };
            wanted().any(is_derived) && !wanted().any(|line| had.contains_key(line))
        });
        unset.map(|direction| format!("{direction}0:1")).collect()
    }

    fn command(&self, line: String) -> Command {
        Command {
            context: Arc::clone(self.path),
            line,
        }
    }
}

fn is_rd(node: &Node) -> bool {
    node.line.starts_with("rd ")
}
