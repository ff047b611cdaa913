//! Which of the host's processors a lab runs on.
//!
//! The guest's kernel and its processes take turns: across processors each turn costs a third more.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// A processor that no other lab of this machine takes, while the value lives.
#[derive(Debug)]
pub(crate) struct Claim {
    processor: usize,
    /// A name that only one process can have, and that its end gives back.
    _name: Option<UnixListener>,
}

/// Moves this process, and what it starts, to one processor: a free one if there is one.
pub(crate) fn stay_on_one() -> Result<Claim> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let mut processors =
        (0..CpuSet::count()).filter(|processor| allowed.is_set(*processor) == Ok(true));
    let first = processors
        .clone()
        .next()
        .context("a process without a processor")?;
    let claim = processors.find_map(claim).unwrap_or(Claim {
        processor: first,
        _name: None,
    });
    let mut one = CpuSet::new();
    one.set(claim.processor)?;
    sched_setaffinity(this, &one).context("stay on one processor")?;
    Ok(claim)
}

fn claim(processor: usize) -> Option<Claim> {
    let name =
        SocketAddr::from_abstract_name(format!("ferroute-lab-processor-{processor}")).ok()?;
    let name = UnixListener::bind_addr(&name).ok()?;
    Some(Claim {
        processor,
        _name: Some(name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_claimed_once_until_it_is_given_back() {
        // Far above any machine's processors, so that no lab is disturbed.
        let far = usize::MAX;
        let first = claim(far);
        assert!(first.is_some());
        assert!(claim(far).is_none());
        drop(first);
        assert!(claim(far).is_some());
    }
}
