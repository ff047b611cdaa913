//! What the watches have brought, for the reconciler to pick up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ferroute_api::ferroute::{NodeRouterSpec, RouteEntry};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::desired::Announced;

/// A `NodeRouter` as it is now.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AskedRouter {
    /// Its generation.
    pub(crate) generation: i64,
    /// Its uid; empty if it does not exist.
    pub(crate) uid: String,
    /// Its spec.
    pub(crate) spec: NodeRouterSpec,
}

/// What the controller asks of this node.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The generation of the `NodeRouter`.
    pub(crate) generation: i64,
    /// Its uid, for owner references.
    pub(crate) uid: String,
    /// Its spec.
    pub(crate) spec: NodeRouterSpec,
    /// The entries of the route slices, by name of the slice.
    pub(crate) slices: BTreeMap<String, Vec<RouteEntry>>,
}

impl Asked {
    /// The prefixes with their policies. While prefixes move between slices one may be in two.
    pub(crate) fn announced(&self) -> Announced {
        let mut announced: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for entry in self.slices.values().flatten() {
            announced
                .entry(entry.prefix)
                .or_default()
                .extend(entry.policies.iter().cloned());
        }
        announced
    }
}

/// Shared between the watches and the reconciler.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// `None` until the watch has been answered.
    router: Option<AskedRouter>,
    slices: Option<BTreeMap<String, Vec<RouteEntry>>>,
}

impl Inbox {
    /// The `NodeRouter` as it is now.
    pub(crate) fn set_router(&self, router: AskedRouter) {
        let changed = self.state().router.as_ref() != Some(&router);
        if changed {
            self.state().router = Some(router);
            self.wake();
        }
    }

    /// All slices as they are now.
    pub(crate) fn set_slices(&self, slices: BTreeMap<String, Vec<RouteEntry>>) {
        self.state().slices = Some(slices);
        self.wake();
    }

    /// One slice as it is now; `None` if it is gone.
    pub(crate) fn set_slice(&self, name: String, entries: Option<Vec<RouteEntry>>) {
        if let Some(slices) = &mut self.state().slices {
            match entries {
                Some(entries) => drop(slices.insert(name, entries)),
                None => drop(slices.remove(&name)),
            }
        }
        self.wake();
    }

    /// What is asked, once every watch has been answered.
    pub(crate) fn asked(&self) -> Option<Asked> {
        let state = self.state();
        let slices = state.slices.clone()?;
        let AskedRouter {
            generation,
            uid,
            spec,
        } = state.router.clone()?;
        Some(Asked {
            generation,
            uid,
            spec,
            slices,
        })
    }

    /// The uid of the `NodeRouter`; `None` without one.
    pub(crate) fn owner(&self) -> Option<String> {
        let state = self.state();
        let router = state.router.as_ref()?;
        (!router.uid.is_empty()).then(|| router.uid.clone())
    }

    /// Asks for a reconcile.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Waits until something has changed.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(prefix: &str, policy: &str) -> RouteEntry {
        RouteEntry {
            prefix: prefix.parse().unwrap(),
            policies: vec![policy.to_owned()],
        }
    }

    #[test]
    fn nothing_is_asked_before_every_watch_has_answered() {
        let inbox = Inbox::default();
        inbox.set_router(AskedRouter {
            generation: 1,
            ..AskedRouter::default()
        });
        assert_eq!(inbox.asked(), None);
        inbox.set_slices(BTreeMap::new());
        assert_eq!(inbox.asked().map(|asked| asked.generation), Some(1));
    }

    #[test]
    fn a_prefix_in_two_slices_has_the_policies_of_both() {
        let asked = Asked {
            slices: BTreeMap::from([
                ("s.all".to_owned(), vec![entry("10.0.0.1/32", "a")]),
                ("s0.all".to_owned(), vec![entry("10.0.0.1/32", "b")]),
            ]),
            ..Asked::default()
        };
        let policies = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let expected = BTreeMap::from([("10.0.0.1/32".parse().unwrap(), policies)]);
        assert_eq!(asked.announced(), expected);
    }
}
