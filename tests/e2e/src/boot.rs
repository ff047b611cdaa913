//! The host's part: prepares the guest, boots it with this program as its init, and passes on how it ended.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, IsTerminal, Read, stdin, stdout};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::{env, process};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use crate::build::{self, Parts};
use crate::console::{BANNER, say};
use crate::entry::Script;
use crate::guest::{LAB_FOLDER, Mounts};
use crate::{processor, scenario};

/// More than the lab uses (about 1.5 GB): the guest's memory is a sparse file on the host.
const MEMORY: &str = "mem=6G";

/// Prepares, boots, and returns what the guest decided.
pub(crate) fn host(script: Script, arguments: &[String]) -> Result<ExitCode> {
    if let Script::Scenarios(scenarios) = script
        && scenario::only_listed(scenarios, arguments)
    {
        return Ok(ExitCode::SUCCESS);
    }
    let keep = keeps(script, arguments)?;
    ensure!(
        !keep || stdin().is_terminal(),
        "--keep gives a shell: it needs a terminal"
    );
    ensure!(
        nix::unistd::geteuid().is_root(),
        "the lab needs root (it mounts file systems)"
    );
    let parts = Parts::prepare()?;
    let target = build::target()?;
    let folder = LabFolder::create(&target)?;
    folder.fill(&parts, &target, arguments, keep)?;
    let _claim = processor::stay_on_one()?;
    let kernel = boot(&parts, &folder.path, keep)?;
    relay(kernel)?;
    folder.verdict(&target)
}

/// Whether a story is to end in a shell, which is all that can be asked of it.
fn keeps(script: Script, arguments: &[String]) -> Result<bool> {
    match (script, arguments) {
        (Script::Scenarios(_), _) | (Script::Story(_), []) => Ok(false),
        (Script::Story(_), [flag]) if flag == "--keep" => Ok(true),
        (Script::Story(_), _) => bail!("usage: demo [--keep]"),
    }
}

/// What this boot alone has: this program, the product's image, what to do, and room for results.
struct LabFolder {
    path: PathBuf,
}

impl LabFolder {
    fn create(target: &Path) -> Result<Self> {
        let all = target.join("e2e");
        fs::create_dir_all(&all)?;
        remove_abandoned(&all)?;
        let path = all.join(format!("lab-{}", process::id()));
        fs::create_dir_all(path.join("evidence"))?;
        Ok(Self { path })
    }

    fn fill(&self, parts: &Parts, target: &Path, arguments: &[String], keep: bool) -> Result<()> {
        let init = self.path.join("init");
        fs::copy(env::current_exe()?, &init)?;
        fs::set_permissions(&init, Permissions::from_mode(0o755))?;
        let product = build::product(target)?;
        fs::copy(&product, self.path.join("ferroute"))?;
        build::product_image(&product, &self.path.join("ferroute.tar"))?;
        service_account_key(&self.path.join("service-account.key"))?;
        let mounts = Mounts {
            repository: build::repository(),
            kubernetes: parts.kubernetes.clone(),
            images: parts.images.clone(),
        };
        let size = keep.then(terminal_size).flatten();
        let orders = json!({
            "arguments": arguments, "keep": keep, "terminal": size, "mounts": mounts.to_json(),
            "color": stdout().is_terminal(),
        });
        fs::write(self.path.join("orders.json"), orders.to_string())?;
        Ok(())
    }

    /// Keeps the evidence of failed scenarios, and reads how the guest says it ended.
    fn verdict(&self, target: &Path) -> Result<ExitCode> {
        for entry in fs::read_dir(self.path.join("evidence"))? {
            let entry = entry?;
            let kept = target.join("e2e").join(entry.file_name());
            if kept.exists() {
                fs::remove_dir_all(&kept)?;
            }
            fs::rename(entry.path(), &kept)?;
        }
        match fs::read_to_string(self.path.join("verdict"))
            .as_deref()
            .map(str::trim)
        {
            Ok("ok") => Ok(ExitCode::SUCCESS),
            Ok(_) => Ok(ExitCode::FAILURE),
            Err(_) => bail!("the guest ended without a verdict"),
        }
    }
}

impl Drop for LabFolder {
    fn drop(&mut self) {
        // What stays behind is in cargo's output folder and goes with `cargo clean`.
        drop(fs::remove_dir_all(&self.path));
    }
}

/// Removes the folders of labs whose host process was killed.
fn remove_abandoned(all: &Path) -> Result<()> {
    for entry in fs::read_dir(all)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix("lab-") else {
            continue;
        };
        if !Path::new("/proc").join(owner).exists() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The key that service accounts' tokens are signed with.
fn service_account_key(path: &Path) -> Result<()> {
    let made = Command::new("openssl")
        .args([
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
        ])
        .arg(path)
        .output()
        .context("run openssl")?;
    ensure!(
        made.status.success(),
        "openssl: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    Ok(())
}

fn terminal_size() -> Option<String> {
    let size = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&size.stdout).trim().to_owned())
}

/// Starts the guest's kernel. It dies with this process: `setpriv` asks the host's kernel for that.
fn boot(parts: &Parts, lab: &Path, keep: bool) -> Result<Child> {
    for path in [&*parts.root, lab] {
        let plain = path
            .to_str()
            .is_some_and(|path| !path.contains([' ', '"', ',']));
        ensure!(
            plain,
            "a kernel's command line cannot hold the path {}",
            path.display()
        );
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL", "--"])
        .arg(&parts.kernel);
    command.args([
        "seccomp=on",
        MEMORY,
        "rootfstype=hostfs",
        "ro",
        "quiet",
        "panic=-1",
    ]);
    command.arg(format!("rootflags={}", parts.root.display()));
    command.args(["con=null", "con0=fd:0,fd:1", "init=/bin/sh", "--", "-c"]);
    let mount = format!(
        "mount -t hostfs -o hostfs={} none {LAB_FOLDER}",
        lab.display()
    );
    command.arg(format!("\"{mount} && exec {LAB_FOLDER}/init\""));
    let (input, output) = if keep {
        (Stdio::inherit(), Stdio::inherit())
    } else {
        (Stdio::null(), Stdio::piped())
    };
    command
        .stdin(input)
        .stdout(output)
        .spawn()
        .context("start the guest's kernel")
}

/// Passes the console on without the kernel's own lines, unless those are all there is.
fn relay(mut kernel: Child) -> Result<()> {
    if let Some(console) = kernel.stdout.take() {
        copy_lines(console);
    }
    kernel.wait()?;
    Ok(())
}

fn copy_lines(console: impl Read) {
    let lines = BufReader::new(console).split(b'\n').map_while(Result::ok);
    let mut early = Some(Vec::new());
    for line in lines {
        let line = String::from_utf8_lossy(&line)
            .trim_end_matches('\r')
            .to_owned();
        match &mut early {
            Some(_) if line == BANNER => early = None,
            Some(before) => before.push(line),
            None => say(line),
        }
    }
    early.into_iter().flatten().for_each(say);
}
