//! Which VRFs zebra knows, from `show vrf`.

use std::path::Path;
use std::time::Duration;

use crate::vty::{Daemon, Vty, VtyError};

/// How often zebra is asked.
const POLL: Duration = Duration::from_millis(10);

/// Waits until zebra knows the devices of some VRFs, or for `limit`; whether it does.
///
/// zebra reads links in one thread and routes in another. A route that it reads before it knows the table's VRF
/// goes into a table of the default VRF, and stays in use there when the VRF goes and the table is freed: zebra
/// crashes (seen with 10.3; as FRR issue 18699). So who makes a VRF waits before putting anything into it.
pub async fn wait_until_known(
    run_dir: &Path,
    vrfs: &[String],
    limit: Duration,
) -> Result<bool, VtyError> {
    let mut vty = Vty::open(run_dir, Daemon::Zebra).await?;
    let known = async {
        loop {
            let shown = vty.require("show vrf").await?;
            if vrfs.iter().all(|vrf| is_known(&shown, vrf)) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    };
    match tokio::time::timeout(limit, known).await {
        Ok(known) => known.map(|()| true),
        Err(_) => Ok(false),
    }
}

/// A VRF without a device is there, too, as soon as it is configured: `vrf red inactive (configured)`.
fn is_known(shown: &str, vrf: &str) -> bool {
    shown.lines().any(|line| {
        let mut words = line.split_whitespace();
        words.next() == Some("vrf") && words.next() == Some(vrf) && words.next() == Some("id")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vrf_is_known_by_its_device() {
        let shown = "vrf blue inactive (configured)\nvrf red id 5 table 100100 (configured)\n";
        assert!(is_known(shown, "red"));
        assert!(!is_known(shown, "blue"));
        assert!(!is_known(shown, "re"));
    }
}
