//! The sysctls of the router's namespace. `/proc/sys/net` is that of the thread that opens it.

use std::{fs, io};

use crate::Error;

/// A sysctl with the value that a router needs.
struct Sysctl {
    /// Below `/proc/sys/net`, with slashes: a link's name may have a dot.
    name: &'static str,
    value: &'static str,
    presence: Presence,
}

/// Whether a kernel may lack it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    /// A kernel without IPv6, or older than the sysctl.
    Optional,
}

/// A sysctl that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub name: &'static str,
    pub before: String,
    pub value: &'static str,
}

const fn always(name: &'static str, value: &'static str) -> Sysctl {
    Sysctl {
        name,
        value,
        presence: Presence::Always,
    }
}

const fn optional(name: &'static str, value: &'static str) -> Sysctl {
    Sysctl {
        name,
        value,
        presence: Presence::Optional,
    }
}

/// `all` and `default`: the stricter of `all` and the link's own value holds, and a link that comes later starts
/// with `default`.
const ROUTER: [Sysctl; 12] = [
    // A container runtime may have switched these off in the namespace's parent.
    always("ipv4/ip_forward", "1"),
    optional("ipv6/conf/all/disable_ipv6", "0"),
    optional("ipv6/conf/default/disable_ipv6", "0"),
    optional("ipv6/conf/all/forwarding", "1"),
    // A reply may come in through another link than the one its source is reached by.
    always("ipv4/conf/all/rp_filter", "0"),
    always("ipv4/conf/default/rp_filter", "0"),
    // A workload that moved announces itself unasked.
    always("ipv4/conf/all/arp_accept", "1"),
    always("ipv4/conf/default/arp_accept", "1"),
    optional("ipv6/conf/all/accept_untracked_na", "1"),
    optional("ipv6/conf/default/accept_untracked_na", "1"),
    // Removing an address must not take others of its subnet with it.
    always("ipv4/conf/all/promote_secondaries", "1"),
    always("ipv4/conf/default/promote_secondaries", "1"),
];

/// Brings every sysctl to its value and tells which had another.
pub(crate) fn set_all() -> Result<Vec<Written>, Error> {
    let written = ROUTER
        .iter()
        .map(Sysctl::set)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(written.into_iter().flatten().collect())
}

impl Sysctl {
    fn set(&self) -> Result<Option<Written>, Error> {
        let &Self {
            name,
            value,
            presence,
        } = self;
        let path = format!("/proc/sys/net/{name}");
        let before = match fs::read_to_string(&path) {
            Ok(before) => before.trim().to_owned(),
            Err(error) if absent(&error, presence) => return Ok(None),
            Err(source) => {
                return Err(Error::ReadSysctl {
                    name: name.to_owned(),
                    source,
                });
            }
        };
        if before == value {
            return Ok(None);
        }
        fs::write(&path, value).map_err(|source| Error::Sysctl {
            name: name.to_owned(),
            current: before.clone(),
            value,
            source,
        })?;
        Ok(Some(Written {
            name,
            before,
            value,
        }))
    }
}

fn absent(error: &io::Error, presence: Presence) -> bool {
    presence == Presence::Optional && error.kind() == io::ErrorKind::NotFound
}
