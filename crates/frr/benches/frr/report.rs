//! Tables for docs/benchmarks.md.

use std::time::Duration;

use crate::client::Client;
use crate::rounds::Sample;
use crate::shape::Shape;

/// One kind of change by one client.
pub(crate) struct Row<'a> {
    pub(crate) shape: Shape,
    pub(crate) services: u32,
    pub(crate) what: &'a str,
    pub(crate) client: &'a Client,
    pub(crate) samples: &'a [Sample],
}

pub(crate) fn changes_header() {
    println!(
        "| shape | services | change | client | n | last reply p50 / p99 | at the peer p50 / p99 | forks | bytes | CPU client | CPU daemons |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
}

pub(crate) fn row(row: &Row<'_>) {
    let of = |value: fn(&Sample) -> Option<Duration>| {
        let times: Vec<_> = row.samples.iter().filter_map(value).collect();
        percentiles(times)
    };
    let reply = of(|sample| Some(sample.reply));
    let peer = of(|sample| sample.peer);
    let client = median(row.samples.iter().map(|sample| sample.used.client));
    let daemons = median(row.samples.iter().map(|sample| sample.used.daemons));
    let forks = median(row.samples.iter().map(|sample| sample.used.forks));
    let bytes = median(row.samples.iter().map(|sample| sample.used.bytes));
    println!(
        "| {} | {} | {} | {} | {} | {reply} | {peer} | {forks} | {bytes} | {} | {} |",
        row.shape,
        row.services,
        row.what,
        row.client,
        row.samples.len(),
        milliseconds(client),
        milliseconds(daemons),
    );
}

pub(crate) fn memory(shape: Shape, services: u32, client: &Client, bgpd: u64, zebra: u64) {
    println!(
        "| {shape} | {services} | memory | {client} | | bgpd {} MB, zebra {} MB | | | | | |",
        bgpd / 1024,
        zebra / 1024
    );
}

/// Which FRR is measured.
pub(crate) fn version() {
    let root = crate::lab::lab_root();
    let output = std::process::Command::new("chroot")
        .arg(root)
        .args(["/usr/lib/frr/bgpd", "--version"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{}\n", text.lines().next().unwrap_or_default());
}

/// Median and 99th percentile.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> String {
    if times.is_empty() {
        return "-".to_owned();
    }
    times.sort();
    let at = |percent: usize| milliseconds(times[(times.len() * percent).div_ceil(100) - 1]);
    match times.len() {
        0..10 => at(50),
        _ => format!("{} / {}", at(50), at(99)),
    }
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values[(values.len() - 1) / 2]
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1000.0;
    match milliseconds {
        ..10.0 => format!("{milliseconds:.2} ms"),
        ..1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", milliseconds / 1000.0),
    }
}
