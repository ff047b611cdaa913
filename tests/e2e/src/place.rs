//! A place is somewhere in the lab where commands run: a host or router of the fabric, a node, a node's router.
//!
//! A thread enters the place's namespaces and spawns there; the lab's own threads never move.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{fmt, fs, thread};

use anyhow::{Context, Result, anyhow, ensure};
use nix::sched::{CloneFlags, setns, unshare};

/// A command that takes longer than this hangs.
const LIMIT_SECONDS: &str = "120";

/// Somewhere in the lab where commands run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    name: String,
    /// Entered in this order: a path after the mount namespace is looked up inside of it.
    namespaces: Vec<(PathBuf, CloneFlags)>,
}

/// What a command wrote and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 124 when it was stopped because it hung, 128 and the signal's number when a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// The lab's own namespaces, where the control plane is.
    pub fn lab() -> Self {
        Self {
            name: "lab".to_owned(),
            namespaces: Vec::new(),
        }
    }

    /// A network namespace that has a name.
    pub fn network(name: &str) -> Self {
        let path = PathBuf::from("/run/netns").join(name);
        Self {
            name: name.to_owned(),
            namespaces: vec![(path, CloneFlags::CLONE_NEWNET)],
        }
    }

    /// The namespaces of a node, known by its first process.
    pub(crate) fn node(name: &str, pid: u32) -> Self {
        let kinds = [
            ("net", CloneFlags::CLONE_NEWNET),
            ("uts", CloneFlags::CLONE_NEWUTS),
            ("cgroup", CloneFlags::CLONE_NEWCGROUP),
            ("mnt", CloneFlags::CLONE_NEWNS),
        ];
        let namespaces = kinds
            .map(|(file, kind)| (PathBuf::from(format!("/proc/{pid}/ns/{file}")), kind))
            .to_vec();
        Self {
            name: name.to_owned(),
            namespaces,
        }
    }

    /// A network namespace that has a name within this place.
    #[must_use]
    pub fn inner_network(&self, name: &str) -> Self {
        let mut namespaces = self.namespaces.clone();
        namespaces.push((
            PathBuf::from("/run/netns").join(name),
            CloneFlags::CLONE_NEWNET,
        ));
        Self {
            name: format!("{}/{name}", self.name),
            namespaces,
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Moves the calling thread into the place, for good.
    pub(crate) fn enter(&self) -> Result<()> {
        // A thread that shares its working folder with others may not change its mount namespace.
        unshare(CloneFlags::CLONE_FS).context("leave the shared working folder")?;
        for (path, kind) in &self.namespaces {
            let file = File::open(path)
                .with_context(|| format!("{} is not in the lab: {}", self.name, path.display()))?;
            setns(file, *kind).with_context(|| format!("enter {}", path.display()))?;
        }
        Ok(())
    }

    /// Does something with a thread of its own inside the place.
    pub fn within<T: Send>(&self, act: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        thread::scope(|scope| {
            let inside = scope.spawn(|| self.enter().and_then(|()| act()));
            inside
                .join()
                .map_err(|_| anyhow!("the thread inside {} ended early", self.name))?
        })
    }

    /// Starts a command inside the place and leaves it running.
    pub fn spawn(&self, command: &mut Command) -> Result<Child> {
        self.within(|| {
            command
                .spawn()
                .with_context(|| format!("start {command:?}"))
        })
    }

    /// Runs a command to its end and says how it ended.
    pub fn attempt<I>(&self, command: I) -> Result<Output>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        self.attempt_with(command, Stdio::null())
    }

    /// Runs a command to its end with something to read.
    pub fn attempt_with<I>(&self, command: I, input: Stdio) -> Result<Output>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let words: Vec<OsString> = command
            .into_iter()
            .map(|word| word.as_ref().to_owned())
            .collect();
        let mut limited = Command::new("timeout");
        limited
            .args(["--kill-after=1", LIMIT_SECONDS])
            .args(words)
            .stdin(input);
        limited.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = self.spawn(&mut limited)?.wait_with_output()?;
        Ok(Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs a command that must succeed, and returns what it wrote.
    pub fn run<I>(&self, command: I) -> Result<String>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let words: Vec<OsString> = command
            .into_iter()
            .map(|word| word.as_ref().to_owned())
            .collect();
        let output = self.attempt(&words)?;
        self.must_succeed(&words, output)
    }

    /// Runs a command that must succeed, with `text` to read.
    pub fn feed<I>(&self, command: I, text: &str) -> Result<String>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let words: Vec<OsString> = command
            .into_iter()
            .map(|word| word.as_ref().to_owned())
            .collect();
        let output = self.attempt_with(&words, text_as_input(text)?)?;
        self.must_succeed(&words, output)
    }

    fn must_succeed(&self, words: &[OsString], output: Output) -> Result<String> {
        let Output {
            code,
            stdout,
            stderr,
        } = output;
        let command = words.join(OsStr::new(" "));
        ensure!(
            code == 0,
            "{}: {} ended with {code}: {}{}",
            self.name,
            command.display(),
            stderr.trim(),
            stdout.trim()
        );
        Ok(stdout)
    }

    /// The page that a URL (or a bare address) answers with within two seconds.
    pub fn curl(&self, url: &str) -> Result<String> {
        self.run([
            "curl",
            "--max-time",
            "2",
            "--no-progress-meter",
            "--fail",
            url,
        ])
    }

    /// One echo request that must be answered within two seconds.
    pub fn ping(&self, address: impl Into<IpAddr>) -> Result<()> {
        self.run([
            "ping",
            "-n",
            "-c",
            "1",
            "-W",
            "2",
            &address.into().to_string(),
        ])
        .map(drop)
    }

    /// Writes a sysctl of the place, such as `net/ipv4/ip_forward`.
    pub fn sysctl(&self, name: &str, value: &str) -> Result<()> {
        let path = PathBuf::from("/proc/sys").join(name);
        self.within(|| fs::write(&path, value).with_context(|| format!("write {name}={value}")))
    }

    /// Runs lines of `ip`, all in one process.
    pub fn ip(&self, lines: &str) -> Result<()> {
        self.feed(["ip", "-batch", "-"], lines).map(drop)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A pipe holds 64 KiB: a thread writes, so that a longer text cannot block its own reader.
fn text_as_input(text: &str) -> Result<Stdio> {
    use std::io::Write;
    let (reader, mut writer) = std::io::pipe().context("make a pipe")?;
    let text = text.to_owned();
    // A reader that closes early tells why itself.
    thread::spawn(move || drop(writer.write_all(text.as_bytes())));
    Ok(Stdio::from(reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_fails_says_where_what_and_why() {
        let error = Place::lab()
            .run(["sh", "-c", "echo no such thing >&2; exit 3"])
            .unwrap_err();
        let text = "lab: sh -c echo no such thing >&2; exit 3 ended with 3: no such thing";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn a_text_longer_than_a_pipe_is_fed_whole() {
        let text = "x".repeat(1 << 20);
        assert_eq!(Place::lab().feed(["cat"], &text).unwrap(), text);
    }

    #[test]
    fn a_place_that_is_not_there_is_named() {
        let error = Place::network("hostC_red").run(["true"]).unwrap_err();
        let text = "hostC_red is not in the lab: /run/netns/hostC_red";
        assert_eq!(error.to_string(), text);
    }
}
