//! Routes that zebra holds, from `show … json`.

use std::path::Path;

use serde_json::Value;

use crate::vty::{Daemon, Vty, VtyError};

/// How many routes of a VRF are FRR's to remove: all but those that it read from the kernel.
///
/// zebra crashes when a VRF's device goes while the kernel still answers for its routes (seen with 10.3), so
/// who deletes the device waits for zero. A VRF that zebra does not know has none.
pub async fn own_routes(run_dir: &Path, vrf: &str) -> Result<usize, VtyError> {
    let mut vty = Vty::open(run_dir, Daemon::Zebra).await?;
    let mut count = 0;
    for family in ["ip", "ipv6"] {
        let reply = vty
            .send(&format!("show {family} route vrf {vrf} json"))
            .await?;
        count += count_own(&reply.text);
    }
    Ok(count)
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
