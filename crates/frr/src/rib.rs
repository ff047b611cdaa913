//! Routes that zebra holds, from `show … json`.

use std::path::Path;

use serde_json::Value;

use crate::vty::{Daemon, Vty, VtyError};

/// What zebra is doing with the routes of a VRF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Routes that are FRR's to remove: all but those that it read from the kernel.
    pub own_routes: usize,
    /// The counters of the data plane, in zebra's words: as long as they move, answers of the kernel are due.
    pub data_plane: String,
}

/// Asks zebra what it is doing. A VRF that it does not know has no routes.
///
/// zebra crashes when a VRF's device goes while the kernel still answers for its routes (seen with 10.3), so
/// who deletes the device waits until there are none and nothing moves.
pub async fn activity(run_dir: &Path, vrf: &str) -> Result<Activity, VtyError> {
    let mut vty = Vty::open(run_dir, Daemon::Zebra).await?;
    let mut own_routes = 0;
    for family in ["ip", "ipv6"] {
        let reply = vty
            .send(&format!("show {family} route vrf {vrf} json"))
            .await?;
        own_routes += count_own(&reply.text);
    }
    let data_plane = vty.send("show zebra dplane").await?.text;
    Ok(Activity {
        own_routes,
        data_plane,
    })
}

fn count_own(text: &str) -> usize {
    let prefixes: Value = serde_json::from_str(text).unwrap_or_default();
    let routes = prefixes.as_object().into_iter().flatten();
    routes
        .flat_map(|(_, routes)| routes.as_array().into_iter().flatten())
        .filter(|route| route["protocol"] != "kernel")
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_of_the_kernel_and_of_unknown_vrfs_do_not_count() {
        let text = r#"{
            "0.0.0.0/0": [{"protocol": "kernel"}],
            "192.168.20.0/24": [{"protocol": "bgp"}, {"protocol": "kernel"}],
            "192.169.10.0/24": [{"protocol": "connected"}]
        }"#;
        assert_eq!(count_own(text), 2);
        assert_eq!(count_own("% VRF red not found"), 0);
    }
}
