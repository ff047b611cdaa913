//! etcd, kube-apiserver, kube-controller-manager and kube-scheduler, in the lab's own namespaces.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::console::stage;
use crate::guest::LAB_FOLDER;
use crate::place::Place;
use crate::service::Service;
use crate::wait::eventually;
use crate::watchdog;
use crate::wiring::CONTROL_PLANE;

/// What kubectl, the kubelets and the lab itself use: the cluster's administrator.
pub const KUBECONFIG: &str = "/etc/kubernetes/admin.conf";
/// The API server's own authority: what pods trust as well.
pub(crate) const AUTHORITY: &str = "/etc/kubernetes/pki/apiserver.crt";
/// The administrator's token. The guest has no network to the outside.
pub(crate) const TOKEN: &str = "administrator";
/// Exists once the API answers: what a kubelet waits for, instead of trying with longer and longer pauses.
pub(crate) const READY: &str = "/etc/kubernetes/ready";

const TOKENS: &str = "/etc/kubernetes/tokens.csv";
const ACCOUNTS_KEY: &str = "/etc/kubernetes/pki/service-account.key";

/// What the scenarios need of the controller manager; each of the others would cost the lab's one processor.
const CONTROLLERS: &str = "--controllers=daemonset-controller,deployment-controller,\
    endpointslice-controller,garbage-collector-controller,job-controller,namespace-controller,\
    node-lifecycle-controller,pod-garbage-collector-controller,replicaset-controller,\
    root-ca-certificate-publisher-controller,serviceaccount-controller,statefulset-controller,\
    taint-eviction-controller";

/// The control plane's programs; a scenario may stop and resume each.
#[derive(Debug)]
pub struct ControlPlane {
    pub etcd: Service,
    pub api: Service,
    pub controller_manager: Service,
    pub scheduler: Service,
}

impl ControlPlane {
    /// Writes what the programs read. The nodes need it as well.
    pub(crate) fn prepare() -> Result<()> {
        fs::create_dir_all("/etc/kubernetes/pki")?;
        fs::copy(
            Path::new(LAB_FOLDER).join("service-account.key"),
            ACCOUNTS_KEY,
        )?;
        fs::write(TOKENS, format!("{TOKEN},admin,admin,system:masters\n"))?;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab",
            "clusters": [{"name": "lab", "cluster": {
                "server": api_url(), "certificate-authority": AUTHORITY,
            }}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        });
        fs::write(KUBECONFIG, config.to_string())?;
        Ok(())
    }

    /// Starts the programs and waits until the API is ready.
    pub(crate) fn start() -> Result<Self> {
        let here = Place::lab();
        let etcd = Service::start(&here, "etcd", &ETCD)?;
        let api = start_api(&here)?;
        eventually("the API is ready", Duration::from_mins(2), api_ready)?;
        fs::write(READY, "")?;
        stage("the API is ready");
        watchdog::watch(&etcd, 2379)?;
        watchdog::watch(&api, 6443)?;
        let config = format!("--kubeconfig={KUBECONFIG}");
        let key = format!("--service-account-private-key-file={ACCOUNTS_KEY}");
        let authority = format!("--root-ca-file={AUTHORITY}");
        let manager = [
            "kube-controller-manager",
            &config,
            "--leader-elect=false",
            &key,
            &authority,
            CONTROLLERS,
        ];
        Ok(Self {
            etcd,
            api,
            controller_manager: Service::start(&here, "kube-controller-manager", &manager)?,
            scheduler: Service::start(
                &here,
                "kube-scheduler",
                &["kube-scheduler", &config, "--leader-elect=false"],
            )?,
        })
    }
}

const ETCD: [&str; 4] = [
    "etcd",
    "--data-dir=/run/etcd",
    "--unsafe-no-fsync",
    "--log-level=error",
];

fn start_api(here: &Place) -> Result<Service> {
    let (tokens, key) = (
        format!("--token-auth-file={TOKENS}"),
        format!("--service-account-key-file={ACCOUNTS_KEY}"),
    );
    let signing = format!("--service-account-signing-key-file={ACCOUNTS_KEY}");
    let advertise = format!("--advertise-address={CONTROL_PLANE}");
    let flags = [
        "kube-apiserver",
        "--etcd-servers=http://127.0.0.1:2379",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=RBAC",
        "--cert-dir=/etc/kubernetes/pki",
        "--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112",
        "--allow-privileged",
        "--enable-priority-and-fairness=false",
        "--profiling=false",
        "--kubelet-preferred-address-types=InternalIP",
        &tokens,
        &key,
        &signing,
        &advertise,
    ];
    Service::start(here, "kube-apiserver", &flags)
}

pub(crate) fn api_url() -> String {
    format!("https://{CONTROL_PLANE}:6443")
}

pub(crate) fn api_ready() -> Result<()> {
    let answer = request("/readyz")?;
    ensure!(answer == "ok", "the API answers {answer}");
    Ok(())
}

/// Asks the API with the administrator's rights; `curl` starts in a tenth of kubectl's time.
pub(crate) fn request(path: &str) -> Result<String> {
    Place::lab().run(api_command(&["--max-time", "10"], path))
}

/// The command that asks the API for a path, with more arguments for `curl`.
pub fn api_command(arguments: &[&str], path: &str) -> Vec<String> {
    let (header, url) = (
        format!("Authorization: Bearer {TOKEN}"),
        format!("{}{path}", api_url()),
    );
    let fixed = [
        "curl",
        "--silent",
        "--show-error",
        "--fail-with-body",
        "--cacert",
        AUTHORITY,
        "--header",
        &header,
    ];
    let last = [url.as_str()];
    let words = fixed.iter().chain(arguments).chain(&last);
    words.map(|word| (*word).to_owned()).collect()
}
