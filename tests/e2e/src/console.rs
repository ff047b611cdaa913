//! What people read while the lab works. The console belongs to the guest; everything else goes to logs.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};

/// The first line of the guest: what the kernel said before it is of interest only if it never comes.
pub(crate) const BANNER: &str = "lab: booted";

/// A line on the console.
pub fn say(line: impl Display) {
    let mut out = io::stdout().lock();
    // A console that is gone has no reader to tell.
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// A line with the seconds since the guest's boot: what the lab reached. The first word of a line of
/// `/proc/uptime` is that, for every process of the guest.
pub(crate) fn stage(what: impl Display) {
    let uptime = fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = uptime.split_whitespace().next().unwrap_or("?");
    say(format_args!("lab: {seconds:>6} s  {what}"));
}
