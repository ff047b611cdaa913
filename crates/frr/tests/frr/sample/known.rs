//! What a version of FRR knows of the model.

use ferroute_frr::config::{Config, RemoteAs};

/// Without what a version of FRR does not know: 8.4 has no route target for any AS, shows no other AS number to peers
/// of its own, and has a rule of a prefix-list only once.
pub(crate) fn known(config: &Config, version: &str) -> Config {
    let mut config = config.clone();
    if version != "8.4" {
        return config;
    }
    for rules in config.prefix_lists.values_mut() {
        let mut seen = Vec::new();
        rules.retain(|_, rule| {
            let is_new = !seen.contains(rule);
            seen.push(rule.clone());
            is_new
        });
    }
    for router in config.routers.values_mut() {
        if let Some(evpn) = &mut router.evpn {
            evpn.targets.import.retain(|target| !target.is_wildcard());
        }
        let own = [RemoteAs::Internal, RemoteAs::Number(router.asn)];
        for peer in router.neighbors.values_mut() {
            peer.local_as = peer.local_as.filter(|_| !own.contains(&peer.remote_as));
        }
    }
    config
}
