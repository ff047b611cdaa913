//! How long a Service takes to its address, to the router of a node and to a leaf of the fabric, and back:
//! `make bench-latency`. docs/benchmarks.md has the figures and what they consist of.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ferroute_e2e::{Lab, Place, api_command, say};

const ROUNDS: usize = 100;
const LIMIT: Duration = Duration::from_secs(20);
/// The first free address of the red pool; the example's service has the one before.
const ADDRESS: &str = "172.30.0.11";

/// Endpoints first, so that the Service alone is what is waited for.
const ENDPOINTS: &str = "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: bench
  namespace: red
  labels: {kubernetes.io/service-name: bench}
addressType: IPv4
endpoints: [{addresses: [10.244.1.250], conditions: {ready: true}, nodeName: pe-kind-worker}]
ports: [{port: 80}]
";
const SERVICE: &str = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"bench","namespace":"red"},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}}"#;
const SERVICES: &str = "/api/v1/namespaces/red/services";

fn main() -> ExitCode {
    ferroute_e2e::main(ferroute_e2e::Script::Story(measure))
}

fn measure(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    lab.cluster.apply(ENDPOINTS)?;
    let router = lab.nodes()[0].router();
    let monitor = ["ip", "monitor", "route"];
    let status = Watch::start(
        &Place::lab(),
        &api_command(&["--no-buffer"], &format!("{SERVICES}?watch=1")),
    )?;
    let pe = Watch::start(&router, &monitor)?;
    let leaf = Watch::start(lab.fabric.leaf_a.frr().place(), &monitor)?;
    let mut figures: [(&str, Vec<Duration>); 5] = [
        "status has the address",
        "PE has the route",
        "leafA has the route",
        "PE lost the route",
        "leafA lost the route",
    ]
    .map(|name| (name, Vec::new()));
    let has_status = format!("\"ip\":\"{ADDRESS}\"");
    for _ in 0..ROUNDS {
        let start = Instant::now();
        request("POST", SERVICES)?;
        figures[0].1.push(status.wait(start, |line| {
            line.contains("\"bench\"") && line.contains(&has_status)
        })?);
        figures[1].1.push(pe.wait(start, is_new)?);
        figures[2].1.push(leaf.wait(start, is_new)?);
        let start = Instant::now();
        request("DELETE", &format!("{SERVICES}/bench"))?;
        figures[3].1.push(pe.wait(start, is_gone)?);
        figures[4].1.push(leaf.wait(start, is_gone)?);
    }
    say(format_args!(
        "| from the request to | n | p50 | p99 |\n|---|---|---|---|"
    ));
    for (name, mut times) in figures {
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_millis();
        say(format_args!(
            "| {name} | {} | {} ms | {} ms |",
            times.len(),
            at(50),
            at(99)
        ));
    }
    memory()
}

/// What controller and agents occupy after it all.
fn memory() -> Result<()> {
    let script = "for p in $(pgrep -f '/ferroute (controller|agent) '); do \
        echo \"$(tr '\\0' ' ' < /proc/$p/cmdline | cut -d' ' -f2) $(awk '/^VmRSS/ {print $2}' /proc/$p/status) kB\"; done";
    say(Place::lab().run(["sh", "-c", script])?.trim_end());
    Ok(())
}

fn is_new(line: &str) -> bool {
    line.starts_with(ADDRESS)
}

fn is_gone(line: &str) -> bool {
    line.strip_prefix("Deleted ")
        .is_some_and(|line| line.starts_with(ADDRESS))
}

fn request(method: &str, path: &str) -> Result<()> {
    let body = [
        "--request",
        method,
        "--header",
        "Content-Type: application/json",
        "--data",
        SERVICE,
    ];
    let arguments = if method == "POST" {
        &body[..]
    } else {
        &body[..2]
    };
    Place::lab().run(api_command(arguments, path)).map(drop)
}

/// The lines of a command that goes on, each with the time at which it came.
struct Watch {
    lines: Receiver<(Instant, String)>,
    child: Child,
}

impl Watch {
    fn start(place: &Place, words: &[impl AsRef<std::ffi::OsStr>]) -> Result<Self> {
        let (program, arguments) = words.split_first().context("a command")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = place.spawn(&mut command)?;
        let output = child.stdout.take().context("its output")?;
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { lines, child })
    }

    /// How long after `start` a line came that fits; lines from before do not count.
    fn wait(&self, start: Instant, fits: impl Fn(&str) -> bool) -> Result<Duration> {
        loop {
            match self.lines.recv_timeout(LIMIT) {
                Ok((came, line)) if came >= start && fits(&line) => return Ok(came - start),
                Ok(_) => {}
                Err(_) => bail!("nothing came within {LIMIT:?}"),
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}
