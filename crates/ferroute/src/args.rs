//! The command line. Every option that a chart sets can be set by the environment, too.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use ferroute_service::LogOptions;
use ferroute_service::logs::LogFormat;

/// Makes every node of a cluster an EVPN/VXLAN provider edge and gives Services of type LoadBalancer an
/// address and a route.
#[derive(Debug, Parser)]
#[command(name = "ferroute", version)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) log: Log,
    #[command(subcommand)]
    pub(crate) role: Role,
}

/// How to log.
#[derive(Debug, Group)]
pub(crate) struct Log {
    /// auto (text on a terminal, else JSON), json or text
    #[arg(
        long,
        env = "FERROUTE_LOG_FORMAT",
        default_value = "auto",
        global = true
    )]
    log_format: LogFormat,
    /// A level (error, warn, info, debug, trace), or a list of module=level
    #[arg(
        long,
        env = "FERROUTE_LOG_LEVEL",
        default_value = "info",
        global = true
    )]
    log_level: String,
}

impl From<Log> for LogOptions {
    fn from(log: Log) -> Self {
        Self {
            format: log.log_format,
            filter: log.log_level,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Plan for the cluster and write what each node should be
    Controller(Controller),
    /// Make this node as the controller says
    Agent(Agent),
    /// Run one of this node's FRR instances
    Frr(Frr),
    /// Make the router's network namespace and set its sysctls
    Netns {
        /// The file that the namespace is kept by
        #[arg(long, default_value = NETNS)]
        netns: PathBuf,
    },
    /// Give back every node's devices and delete ferroute's own objects
    Uninstall {
        #[command(flatten)]
        cluster: Cluster,
    },
    /// Write the manifests of the custom resources
    Crds {
        /// The folder to write them to
        #[arg(long)]
        output: PathBuf,
    },
}

const NETNS: &str = "/run/netns/perouter";

/// The way to the API.
#[derive(Debug, Group)]
pub(crate) struct Cluster {
    /// A kubeconfig; without one that of the environment or of the pod
    #[arg(long)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The namespace of ferroute's own objects
    #[arg(long, env = "FERROUTE_NAMESPACE", default_value = "ferroute-system")]
    pub(crate) namespace: String,
}

#[derive(Debug, Group)]
pub(crate) struct Controller {
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    /// The name of this replica
    #[arg(long, env = "POD_NAME", default_value_t = format!("controller-{}", std::process::id()))]
    pub(crate) identity: String,
    /// Where metrics and probes are served
    #[arg(long, default_value = "0.0.0.0:9120")]
    pub(crate) listen: SocketAddr,
    /// Serve Services of this class instead of those without one
    #[arg(long)]
    pub(crate) load_balancer_class: Option<String>,
}

#[derive(Debug, Group)]
pub(crate) struct Agent {
    #[command(flatten)]
    pub(crate) cluster: Cluster,
    /// The node that this is
    #[arg(long, env = "NODE_NAME")]
    pub(crate) node_name: String,
    /// Where state is kept that must survive a restart
    #[arg(long, default_value = "/var/lib/ferroute")]
    pub(crate) state_dir: PathBuf,
    /// Where FRR's sockets are, in a folder for each instance
    #[arg(long, default_value = "/var/run/frr")]
    pub(crate) frr_run_dir: PathBuf,
    /// The router's network namespace; without it the node is a BGP speaker alone
    #[arg(long)]
    pub(crate) netns: Option<PathBuf>,
    /// Where metrics and probes are served
    #[arg(long, default_value = "127.0.0.1:9121")]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Group)]
pub(crate) struct Frr {
    /// Which instance
    #[arg(long)]
    pub(crate) instance: FrrInstance,
    /// The router's network namespace
    #[arg(long, default_value = NETNS)]
    pub(crate) netns: PathBuf,
    /// Where FRR was built to keep its sockets
    #[arg(long = "frr-run-dir", default_value = "/var/run/frr")]
    pub(crate) run_dir: PathBuf,
    /// Where the agent keeps the configuration to start from
    #[arg(long, default_value = "/var/lib/ferroute")]
    pub(crate) state_dir: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FrrInstance {
    /// The router, in its own network namespace
    Router,
    /// The speaker, in the host's
    Speaker,
}
