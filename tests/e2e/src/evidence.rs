//! What a person would look at when a scenario has failed, in files of a folder that the host keeps.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::console::say;
use crate::lab::Lab;
use crate::place::Place;
use crate::service::LOGS;

/// One folder per failed scenario; the host moves them to `target/e2e/`.
pub(crate) const EVIDENCE: &str = "/mnt/evidence";

const CLUSTER: [(&str, &str); 6] = [
    ("pods", "kubectl get pods -A -o wide"),
    ("events", "kubectl get events -A --sort-by=.lastTimestamp"),
    (
        "objects",
        "kubectl get services,endpointslices,nodes,daemonsets,deployments -A -o wide",
    ),
    ("describe", "kubectl describe pods -A"),
    ("custom-resources", CUSTOM_RESOURCES),
    ("pod-logs", POD_LOGS),
];

const CUSTOM_RESOURCES: &str = "for name in $(kubectl get crd -o name | cut -d/ -f2); do \
    echo \"--- $name\"; kubectl get \"$name\" -A -o yaml; done";

/// Of containers that were started again, the log of the last run that failed as well.
const POD_LOGS: &str = "cd /var/log/pods && for file in */*/*/*.log; do \
    echo \"--- $file\"; tail -n 500 \"$file\"; done";

const ROUTER: [&str; 5] = [
    "bgp summary",
    "bgp l2vpn evpn",
    "bgp vrf all ipv4 unicast",
    "evpn vni",
    "running-config",
];

const NETWORK: &str = "ip -d link; echo; ip addr; echo; ip rule; echo; ip route show table all; echo; \
    ip neigh; echo; bridge fdb; echo; ss -tanp";

/// Collects everything. What cannot be collected is said in the file it should be in.
pub(crate) fn collect(lab: &Lab, scenario: &str) -> String {
    let folder = Folder::new(scenario);
    for (name, command) in CLUSTER {
        folder.write(name, Place::lab().attempt(["sh", "-c", command]).map(both));
    }
    for router in lab.fabric.routers() {
        folder.write(
            &format!("{}-frr", router.place()),
            everything(|what| router.show(what)),
        );
    }
    for node in lab.nodes() {
        for instance in ["router", "speaker"] {
            let name = format!("{}-{instance}-frr", node.name());
            let ask = |what: &str| node.frr(instance, &["-c", &format!("show {what}")]);
            folder.write(&name, everything(ask));
        }
    }
    for place in lab.places() {
        let name = place.name().replace('/', "-");
        folder.write(
            &format!("{name}-network"),
            place.attempt(["sh", "-c", NETWORK]).map(both),
        );
    }
    folder.copy_logs();
    folder.on_the_host()
}

/// What there is when the lab itself did not come up: the programs' logs.
pub(crate) fn collect_without_lab(scenario: &str) {
    let folder = Folder::new(scenario);
    folder.write("kernel", Place::lab().run(["dmesg"]));
    folder.copy_logs();
}

/// Keeps the log of a program that did what no scenario asked for.
pub(crate) fn keep_log(folder: &str, path: &str) {
    let name = Path::new(path).file_name().unwrap_or_default();
    let log = fs::read_to_string(path).map_err(Into::into);
    Folder::new(folder).write(&name.to_string_lossy(), log);
}

struct Folder(PathBuf);

impl Folder {
    fn new(scenario: &str) -> Self {
        let folder = Path::new(EVIDENCE).join(scenario.replace("::", "-"));
        if let Err(error) = fs::create_dir_all(&folder) {
            say(format_args!("lab: {}: {error}", folder.display()));
        }
        Self(folder)
    }

    fn write(&self, name: &str, content: Result<String>) {
        let text = content.unwrap_or_else(|error| format!("{error:#}\n"));
        if let Err(error) = fs::write(self.0.join(name), text) {
            say(format_args!("lab: write the evidence {name}: {error}"));
        }
    }

    fn on_the_host(&self) -> String {
        format!(
            "target/e2e/{}",
            self.0.file_name().unwrap_or_default().display()
        )
    }

    fn copy_logs(&self) {
        for entry in fs::read_dir(LOGS).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            self.write(&name, fs::read_to_string(entry.path()).map_err(Into::into));
        }
    }
}

fn everything(show: impl Fn(&str) -> Result<String>) -> Result<String> {
    let section = |what| Ok(format!("--- show {what}\n{}\n", show(what)?));
    ROUTER.into_iter().map(section).collect()
}

fn both(output: crate::place::Output) -> String {
    output.stdout + &output.stderr
}
