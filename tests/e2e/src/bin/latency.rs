//! How long a Service takes to its address, to the router of a node and to a leaf of the fabric, and back:
//! `make bench-latency`. docs/benchmarks.md has the figures and what they consist of.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use ferroute_e2e::{KUBECONFIG, Lab, Place, api_command, say};
use k8s_openapi::api::core::v1::Service;
use kube::api::{DeleteParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::runtime::Runtime;

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
const SERVICES: &str = "/api/v1/namespaces/red/services?watch=1";
const SLICES: &str = "/apis/ferroute.io/v1alpha1/routeslices?watch=1";

fn main() -> ExitCode {
    ferroute_e2e::main(ferroute_e2e::Script::Story(measure))
}

fn measure(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    lab.cluster.apply(ENDPOINTS)?;
    let user = User::connect()?;
    let watches = Watches::start(lab)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        user.create()?;
        let up = watches.until_up(start)?;
        let start = Instant::now();
        user.delete()?;
        rounds.push([&up[..], &watches.until_down(start)?].concat());
    }
    say("| from the request to | n | p50 | p99 |\n|---|---|---|---|");
    for (column, name) in NAMES.iter().enumerate() {
        let mut times: Vec<_> = rounds.iter().map(|round| round[column]).collect();
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_millis();
        let (n, p50, p99) = (times.len(), at(50), at(99));
        say(format_args!("| {name} | {n} | {p50} ms | {p99} ms |"));
    }
    memory()
}

const NAMES: [&str; 7] = [
    "status has the address",
    "RouteSlice has the address",
    "PE has the route",
    "leafA has the route",
    "RouteSlice lost the address",
    "PE lost the route",
    "leafA lost the route",
];

/// Where the address is looked for.
struct Watches {
    status: Watch,
    slices: Watch,
    pe: Watch,
    leaf: Watch,
}

impl Watches {
    fn start(lab: &Lab) -> Result<Self> {
        let monitor = ["ip", "monitor", "route"];
        let api = |path| Watch::start(&Place::lab(), &api_command(&["--no-buffer"], path));
        Ok(Self {
            status: api(SERVICES)?,
            slices: api(SLICES)?,
            pe: Watch::start(&lab.nodes()[0].router(), &monitor)?,
            leaf: Watch::start(lab.fabric.leaf_a.frr().place(), &monitor)?,
        })
    }

    fn until_up(&self, start: Instant) -> Result<[Duration; 4]> {
        let has_status = format!("\"ip\":\"{ADDRESS}\"");
        let is_bench = |line: &str| line.contains("\"bench\"") && line.contains(&has_status);
        Ok([
            self.status.wait(start, is_bench)?,
            self.slices.wait(start, is_in_slice)?,
            self.pe.wait(start, is_new)?,
            self.leaf.wait(start, is_new)?,
        ])
    }

    fn until_down(&self, start: Instant) -> Result<[Duration; 3]> {
        Ok([
            self.slices.wait(start, |line| !is_in_slice(line))?,
            self.pe.wait(start, is_gone)?,
            self.leaf.wait(start, is_gone)?,
        ])
    }
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

fn is_in_slice(line: &str) -> bool {
    line.contains(&format!("\"{ADDRESS}/32\""))
}

/// A client of the API whose connection is open, as a controller's is: TLS is no part of what is measured.
struct User {
    runtime: Runtime,
    services: Api<Service>,
}

impl User {
    fn connect() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let services = runtime.block_on(async {
            let kubeconfig = Kubeconfig::read_from(KUBECONFIG)?;
            let options = KubeConfigOptions::default();
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
            anyhow::Ok(Api::namespaced(Client::try_from(config)?, "red"))
        })?;
        let user = Self { runtime, services };
        user.runtime
            .block_on(user.services.get("nginx-service-red"))?;
        Ok(user)
    }

    fn create(&self) -> Result<()> {
        let service: Service = serde_json::from_str(SERVICE)?;
        let params = PostParams::default();
        self.runtime
            .block_on(self.services.create(&params, &service))?;
        Ok(())
    }

    fn delete(&self) -> Result<()> {
        let params = DeleteParams::default();
        self.runtime
            .block_on(self.services.delete("bench", &params))?;
        Ok(())
    }
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
