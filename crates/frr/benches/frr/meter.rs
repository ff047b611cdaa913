//! What something costs: processes, bytes, processor time, memory.

use std::fs::read_to_string;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// The counters at one time.
#[derive(Clone, Copy)]
pub(crate) struct Meter {
    processes: u64,
    client: Duration,
    daemons: Duration,
    bytes: u64,
}

/// What was used between two times.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    /// Processes and threads that were started, by anybody.
    pub(crate) forks: u64,
    /// Processor time of the client and of what it started.
    pub(crate) client: Duration,
    /// Processor time of the daemons.
    pub(crate) daemons: Duration,
    /// What the daemons read from their sockets.
    pub(crate) bytes: u64,
}

impl Meter {
    /// Reads the counters; `daemons` are the processes of FRR.
    pub(crate) fn read(daemons: &[u32]) -> Self {
        let last = read_to_string("/proc/sys/kernel/ns_last_pid").unwrap();
        Self {
            processes: last.trim().parse().unwrap(),
            client: own_time(),
            daemons: daemons.iter().map(|pid| time_of(*pid)).sum(),
            bytes: daemons.iter().map(|pid| bytes_read(*pid)).sum(),
        }
    }

    /// What was used since an earlier reading.
    pub(crate) fn since(self, earlier: Self) -> Used {
        Used {
            forks: self.processes - earlier.processes,
            client: self.client.saturating_sub(earlier.client),
            daemons: self.daemons.saturating_sub(earlier.daemons),
            bytes: self.bytes - earlier.bytes,
        }
    }
}

/// Of this thread, and of all processes that were waited for.
fn own_time() -> Duration {
    [UsageWho::RUSAGE_THREAD, UsageWho::RUSAGE_CHILDREN]
        .into_iter()
        .map(|who| getrusage(who).unwrap())
        .flat_map(|usage| [usage.user_time(), usage.system_time()])
        .map(|time| {
            let micros = time.tv_sec() * 1_000_000 + time.tv_usec();
            Duration::from_micros(u64::try_from(micros).unwrap())
        })
        .sum()
}

/// Processor time of all threads of a process, in nanoseconds by the scheduler's own account.
fn time_of(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let nanoseconds = tasks.map(|task| {
        let path = task.unwrap().path().join("schedstat");
        let text = read_to_string(path).unwrap_or_default();
        first_number(&text)
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn bytes_read(pid: u32) -> u64 {
    let text = read_to_string(format!("/proc/{pid}/io")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.unwrap().parse().unwrap()
}

/// Resident memory in kB.
pub(crate) fn resident(pid: u32) -> u64 {
    let text = read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    first_number(line.unwrap().trim())
}

fn first_number(text: &str) -> u64 {
    text.split(' ')
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or_default()
}
