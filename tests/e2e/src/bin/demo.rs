//! From the example's manifests to a page served across the fabric, told step by step.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use ferroute_e2e::{Cluster, Lab, Place, eventually, example, say};

const LIMIT: Duration = Duration::from_mins(1);

fn main() -> ExitCode {
    ferroute_e2e::main(ferroute_e2e::Script::Story(story))
}

fn story(lab: &Lab) -> Result<()> {
    let mut demo = Demo::default();
    let outcome = demo.tell(lab);
    demo.conclude(outcome)
}

/// What has been shown so far.
#[derive(Default)]
struct Demo {
    passed: usize,
}

impl Demo {
    fn tell(&mut self, lab: &Lab) -> Result<()> {
        let cluster = lab.cluster;
        step(
            "helm install ferroute charts/ferroute --namespace ferroute-system --create-namespace",
        );
        cluster.install()?;
        print_command(
            cluster,
            &[
                "get",
                "pods",
                "--namespace",
                "ferroute-system",
                "--output",
                "wide",
            ],
        )?;
        self.check("controller and node pods are ready");

        for file in [
            "namespaces.yaml",
            "openpe.yaml",
            "metallb.yaml",
            "workload.yaml",
        ] {
            step(&format!("kubectl apply -f examples/metallb/{file}"));
            say(cluster
                .kubectl(&["apply", "-f", &example(file)])?
                .trim_end());
        }
        self.sessions(lab)?;
        self.service(lab)?;
        self.red_and_blue(lab)?;
        self.routers(lab)?;
        self.fabric(lab)
    }

    fn sessions(&mut self, lab: &Lab) -> Result<()> {
        step("The speaker of each node peers with its router, once for each L3VNI");
        lab.cluster.wait_for_sessions(4)?;
        print_command(
            lab.cluster,
            &["get", "bgpsessionstates.frrk8s.metallb.io", "-A"],
        )?;
        self.check("every session is Established");
        Ok(())
    }

    fn routers(&mut self, lab: &Lab) -> Result<()> {
        step("The router of each node");
        lab.cluster.wait_for_node_routers()?;
        print_command(lab.cluster, &["get", "noderouters"])?;
        self.check("both nodes are as asked, their sessions with the fabric included");
        Ok(())
    }

    fn service(&mut self, lab: &Lab) -> Result<()> {
        step("The service has its address");
        lab.cluster.ready_pods("red", "app=nginx", 2)?;
        lab.cluster.ready_pods("blue", "app=nginx", 2)?;
        let address = eventually("the red service has its address", LIMIT, || {
            lab.cluster.service_address("red", "nginx-service-red")
        })?;
        print_command(lab.cluster, &["get", "svc", "-n", "red"])?;
        ensure!(address == "172.30.0.10", "the red service has {address}");
        self.check("the service in red has 172.30.0.10");
        Ok(())
    }

    fn red_and_blue(&mut self, lab: &Lab) -> Result<()> {
        step("A host of the red tenant, behind two switches and a VXLAN tunnel, asks for the page");
        let red = lab.host("hostA_red");
        eventually("hostA_red gets the page", LIMIT, || red.curl("172.30.0.10"))?;
        let page = run(&red, &["curl", "--no-progress-meter", "172.30.0.10"])?;
        ensure!(page.contains("Welcome to nginx!"), "another page");
        self.check("hostA_red gets nginx's page");

        step("A host of the blue tenant does not get there");
        let words = [
            "curl",
            "--max-time",
            "2",
            "--no-progress-meter",
            "172.30.0.10",
        ];
        command(&lab.host("hostA_blue"), &words);
        let output = lab.host("hostA_blue").attempt(words)?;
        say(output.stderr.trim_end());
        ensure!(
            output.code == 28,
            "curl ended with {}: the tenants are not apart",
            output.code
        );
        self.check("hostA_blue times out");
        Ok(())
    }

    fn fabric(&mut self, lab: &Lab) -> Result<()> {
        step("The route as leafA sees it: EVPN type 5, from both nodes");
        let leaf = lab.fabric.leaf_a.frr();
        command(
            leaf.place(),
            &["vtysh", "-c", "show bgp l2vpn evpn route type prefix"],
        );
        let routes = leaf.show("bgp l2vpn evpn route type prefix")?;
        let shown = about(&routes, "[32]:[172.30.0.10]");
        say(shown.trim_end());
        for vtep in ["100.65.0.1", "100.65.0.2"] {
            ensure!(shown.contains(vtep), "no route by way of {vtep}");
        }
        self.check("leafA has the route by way of both nodes");
        Ok(())
    }

    fn check(&mut self, what: &str) {
        self.passed += 1;
        say(format_args!("  \u{2713} {what}"));
    }

    fn conclude(&self, outcome: Result<()>) -> Result<()> {
        match outcome {
            Ok(()) => {
                say(format_args!("\ndemo: {} checks passed", self.passed));
                Ok(())
            }
            Err(error) => {
                say(format_args!(
                    "\ndemo: failed after {} checks: {error:#}",
                    self.passed
                ));
                bail!("the demo failed")
            }
        }
    }
}

fn step(what: &str) {
    say(format_args!("\n== {what}"));
}

fn command(place: &Place, words: &[&str]) {
    say(format_args!("$ on {} {}", place.name(), words.join(" ")));
}

/// Runs a command as a person would, with its output.
fn run(place: &Place, words: &[&str]) -> Result<String> {
    command(place, words);
    let start = Instant::now();
    let output = place.run(words)?;
    say(output.trim_end());
    say(format_args!("({} ms)", start.elapsed().as_millis()));
    Ok(output)
}

fn print_command(cluster: Cluster, arguments: &[&str]) -> Result<()> {
    say(format_args!("$ kubectl {}", arguments.join(" ")));
    say(cluster.kubectl(arguments)?.trim_end());
    Ok(())
}

/// The lines of a table of routes that are about one prefix: its own line and those that follow indented.
fn about(routes: &str, prefix: &str) -> String {
    let mut inside = false;
    let mut lines = String::new();
    for line in routes.lines() {
        if line.contains("[5]:") {
            inside = line.contains(prefix);
        } else if line.starts_with("Route Distinguisher") || line.is_empty() {
            inside = false;
        }
        if inside {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}
