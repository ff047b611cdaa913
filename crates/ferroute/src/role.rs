//! From the command line to the crates that do the work.

use std::path::Path;

use anyhow::Context;
use ferroute_frr::supervise::{self, Instance};
use ferroute_service::logs;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tracing::{error, info};

use crate::args::{Agent, Args, Cluster, Controller, Frr, FrrInstance, Role};

pub(crate) fn run(Args { log, role }: Args) -> anyhow::Result<()> {
    logs::init(&log.into())?;
    match role {
        Role::Controller(args) => block_on(controller(args)),
        Role::Agent(args) => block_on(agent(args)),
        Role::Frr(args) => frr(args),
        Role::Netns { netns } => make_netns(&netns),
        Role::Uninstall { cluster } => block_on(uninstall(cluster)),
        Role::Crds { output } => ferroute_api::crds::write_crds(&output)
            .with_context(|| format!("write CRDs to {}", output.display())),
    }
}

/// The last words of a process that failed, in the form of its logs.
pub(crate) fn say_failure(error: &anyhow::Error) {
    error!(error = format!("{error:#}"), "ended");
}

/// One thread does: the work is waiting for others.
fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}

async fn client(cluster: &Cluster) -> anyhow::Result<Client> {
    let config = match &cluster.kubeconfig {
        Some(path) => {
            let file = Kubeconfig::read_from(path)?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?
        }
        None => Config::infer().await?,
    };
    Ok(Client::try_from(config)?)
}

async fn controller(args: Controller) -> anyhow::Result<()> {
    let client = client(&args.cluster).await?;
    let options = ferroute_controller::Options {
        namespace: args.cluster.namespace,
        identity: args.identity,
        listen: args.listen,
        load_balancer_class: args.load_balancer_class,
    };
    Ok(ferroute_controller::run(client, options).await?)
}

async fn agent(args: Agent) -> anyhow::Result<()> {
    let client = client(&args.cluster).await?;
    let options = ferroute_agent::Options {
        node: args.node_name,
        namespace: args.cluster.namespace,
        state_dir: args.state_dir,
        frr_run_dir: args.frr_run_dir,
        netns: args.netns,
        listen: args.listen,
    };
    Ok(ferroute_agent::run(client, options).await?)
}

/// Enters the namespace before any other thread is there to be left behind.
fn frr(args: Frr) -> anyhow::Result<()> {
    let instance = match args.instance {
        FrrInstance::Router => {
            ferroute_net::enter(&args.netns)?;
            Instance::Router
        }
        FrrInstance::Speaker => Instance::Speaker,
    };
    let config_file = args.state_dir.join(instance.name()).join("frr.conf");
    let mut options = supervise::Options::new(instance, config_file);
    options.run_dir = args.run_dir;
    block_on(async {
        Ok(supervise::run(&options, ferroute_service::process::terminated()?).await?)
    })
}

fn make_netns(path: &Path) -> anyhow::Result<()> {
    let prepared = ferroute_net::prepare(path)?;
    info!(?prepared, "network namespace");
    Ok(())
}

async fn uninstall(cluster: Cluster) -> anyhow::Result<()> {
    let client = client(&cluster).await?;
    Ok(ferroute_controller::uninstall(client, &cluster.namespace).await?)
}
