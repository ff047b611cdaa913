//! The guest's first process: gives the lab a root it may write to, starts it, and switches the power off after it.
//!
//! The cached root file system belongs to every lab of the machine: it stays below an overlay, read-only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pivot_root, sethostname, sync};
use serde_json::{Value, json};

use crate::console::{BANNER, say, stage};
use crate::entry::{LAB_ROLE, Script};
use crate::lab::Lab;
use crate::{evidence, scenario, shell};

/// Where the guest finds what its host prepared for this boot. Debian's root has this folder, empty.
pub(crate) const LAB_FOLDER: &str = "/mnt";
/// The project, read-only: charts, examples, CRDs.
pub(crate) const REPOSITORY: &str = "/opt/ferroute";
/// Kubernetes' programs and Helm.
pub(crate) const KUBERNETES: &str = "/opt/kubernetes";
/// The images of the lab's own.
pub(crate) const IMAGES: &str = "/opt/images";

const PATH: &str = "/usr/local/bin:/opt/kubernetes:/usr/sbin:/usr/bin:/sbin:/bin";

/// The host's folders that the guest reads.
pub(crate) struct Mounts {
    pub(crate) repository: PathBuf,
    pub(crate) kubernetes: PathBuf,
    pub(crate) images: PathBuf,
}

impl Mounts {
    pub(crate) fn to_json(&self) -> Value {
        let Self {
            repository,
            kubernetes,
            images,
        } = self;
        json!({ REPOSITORY: repository, KUBERNETES: kubernetes, IMAGES: images })
    }
}

/// Process 1: prepares the guest, runs the lab, adopts orphans, powers off. Returns only when that fails.
pub(crate) fn init() -> Result<ExitCode> {
    say(BANNER);
    let verdict = match prepare().and_then(|()| run_lab()) {
        Ok(true) => "ok",
        Ok(false) => "failed",
        Err(error) => {
            say(format_args!("lab: {error:#}"));
            "failed"
        }
    };
    fs::write(Path::new(LAB_FOLDER).join("verdict"), verdict)?;
    sync();
    fs::write("/proc/sysrq-trigger", "o")?;
    loop {
        std::thread::park();
    }
}

fn prepare() -> Result<()> {
    let root = writable_root()?;
    mount_all(&root)?;
    move_root(&root)?;
    cgroups()?;
    clock_rate()?;
    sethostname("lab")?;
    fs::create_dir_all("/run/netns")?;
    fs::create_dir_all("/run/frr")?;
    std::os::unix::fs::symlink(Path::new(LAB_FOLDER).join("init"), "/usr/local/bin/on")?;
    Ok(())
}

fn writable_root() -> Result<PathBuf> {
    attach("tmpfs", Path::new("/tmp"), "mode=0755")?;
    for folder in ["upper", "work", "root"] {
        fs::create_dir(Path::new("/tmp").join(folder))?;
    }
    let root = PathBuf::from("/tmp/root");
    attach(
        "overlay",
        &root,
        "lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work",
    )?;
    Ok(root)
}

fn mount_all(root: &Path) -> Result<()> {
    let kernel = [
        ("proc", "proc", ""),
        ("sysfs", "sys", ""),
        ("cgroup2", "sys/fs/cgroup", ""),
        ("devtmpfs", "dev", ""),
        ("devpts", "dev/pts", "ptmxmode=0666"),
        ("tmpfs", "dev/shm", ""),
        ("tmpfs", "run", "mode=0755"),
        ("tmpfs", "tmp", "mode=1777"),
    ];
    for (kind, folder, options) in kernel {
        attach(kind, &root.join(folder), options)?;
    }
    let moved = root.join(&LAB_FOLDER[1..]);
    mount(
        Some(LAB_FOLDER),
        &moved,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .context("bind the lab's folder")?;
    let orders = orders(&moved)?;
    let folders = orders["mounts"]
        .as_object()
        .context("orders without mounts")?;
    for (inside, outside) in folders {
        let target = root.join(inside.trim_start_matches('/'));
        attach(
            "hostfs",
            &target,
            outside.as_str().context("a mount without a path")?,
        )?;
    }
    Ok(())
}

fn attach(kind: &str, target: &Path, options: &str) -> Result<()> {
    fs::create_dir_all(target).with_context(|| format!("make {}", target.display()))?;
    mount(
        Some(kind),
        target,
        Some(kind),
        MsFlags::empty(),
        Some(options),
    )
    .with_context(|| format!("mount {kind} on {}", target.display()))
}

fn move_root(root: &Path) -> Result<()> {
    std::env::set_current_dir(root)?;
    pivot_root(".", ".").context("change the root")?;
    umount2(".", MntFlags::MNT_DETACH).context("let the old root go")?;
    std::env::set_current_dir("/")?;
    Ok(())
}

/// Children of the root get every controller; this has to happen before any process moves into one.
fn cgroups() -> Result<()> {
    enable_controllers(Path::new("/sys/fs/cgroup"))
}

/// Passes every controller of a control group on to its children.
pub(crate) fn enable_controllers(group: &Path) -> Result<()> {
    let controllers = fs::read_to_string(group.join("cgroup.controllers"))?;
    for controller in controllers.split_whitespace() {
        fs::write(
            group.join("cgroup.subtree_control"),
            format!("+{controller}"),
        )
        .with_context(|| format!("enable the controller {controller}"))?;
    }
    Ok(())
}

/// The kubelet reads the processors' frequency, which user-mode Linux does not show.
fn clock_rate() -> Result<()> {
    let mut text = fs::read_to_string("/proc/cpuinfo")?;
    text.push_str("cpu MHz\t\t: 2000.000\n");
    fs::write("/run/cpuinfo", text)?;
    mount(
        Some("/run/cpuinfo"),
        "/proc/cpuinfo",
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .context("show a clock rate")
}

/// Runs the lab as a child, so that this process can adopt and bury every orphan of the guest.
fn run_lab() -> Result<bool> {
    let lab = Command::new("/proc/self/exe")
        .arg(LAB_ROLE)
        .env_clear()
        .envs([("PATH", PATH), ("HOME", "/root"), ("TERM", "linux")])
        .env("KUBECONFIG", crate::control_plane::KUBECONFIG)
        // Go stops its threads by signals to collect garbage, and in user-mode Linux programs stand still for good now
        // and then. Without signals a thread stops at its next call; that is seldomer, and not never (`watchdog`).
        .env("GODEBUG", "asyncpreemptoff=1")
        .spawn()
        .context("start the lab")?;
    let lab = Pid::from_raw(i32::try_from(lab.id())?);
    loop {
        match waitpid(None, None)? {
            WaitStatus::Exited(process, code) if process == lab => return Ok(code == 0),
            WaitStatus::Signaled(process, ..) if process == lab => return Ok(false),
            _ => {}
        }
    }
}

/// What the host wants of this boot.
fn orders(folder: &Path) -> Result<Value> {
    let text = fs::read_to_string(folder.join("orders.json")).context("read the orders")?;
    Ok(serde_json::from_str(&text)?)
}

/// The lab's process: brings everything up and runs the script.
pub(crate) fn lab(script: Script) -> Result<ExitCode> {
    let orders = orders(Path::new(LAB_FOLDER))?;
    let arguments = orders["arguments"].as_array().into_iter().flatten();
    let arguments: Vec<String> = arguments
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let lab = Lab::start().inspect_err(|_| evidence::collect_without_lab("start"))?;
    let lab = Arc::new(lab);
    stage("the lab is up");
    let code = match script {
        Script::Scenarios(scenarios) => {
            scenario::run(scenarios, &lab, &arguments, orders["color"] == true)
        }
        Script::Story(story) => tell(story, &lab),
    };
    if orders["keep"] == true {
        shell::interactive(orders["terminal"].as_str())?;
    }
    Ok(code)
}

fn tell(story: fn(&Lab) -> Result<()>, lab: &Lab) -> ExitCode {
    match story(lab) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            say(format_args!("evidence: {}", lab.collect("demo")));
            ExitCode::FAILURE
        }
    }
}
