//! A long-running program of the lab: started again when it ends, until it is stopped.

use std::fs::{self, File};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::evidence;
use crate::place::Place;

/// Where the lab's programs write; all nodes share it.
pub(crate) const LOGS: &str = "/var/log/lab";

/// How long a program that ended rests, longer every time: one that cannot start must not take the processor.
const REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// How long a program may take to say what it was doing.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// A program that is kept running. Dropping the value leaves the program alone.
#[derive(Clone)]
pub struct Service {
    name: String,
    state: Arc<(Mutex<State>, Condvar)>,
}

struct State {
    wanted: bool,
    process: Option<Pid>,
}

impl Service {
    /// Keeps `command` running in `place`, with its output in the log of that name.
    pub fn start(place: &Place, name: &str, command: &[&str]) -> Result<Self> {
        fs::create_dir_all(LOGS)?;
        let state = State {
            wanted: true,
            process: None,
        };
        let service = Self {
            name: name.to_owned(),
            state: Arc::new((Mutex::new(state), Condvar::new())),
        };
        let words: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let (keeper, place) = (service.clone(), place.clone());
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || keeper.keep(&place, &words))
            .with_context(|| format!("keep {name} running"))?;
        Ok(service)
    }

    /// Ends the program at once, as `kill -9` does, and leaves it down.
    pub fn stop(&self) -> Result<()> {
        self.end_by(Signal::SIGKILL)
    }

    /// Asks the program to end, waits until it has, and leaves it down.
    pub fn terminate(&self) -> Result<()> {
        self.end_by(Signal::SIGTERM)
    }

    fn end_by(&self, signal: Signal) -> Result<()> {
        let mut state = self.lock();
        state.wanted = false;
        if let Some(process) = state.process {
            kill(process, signal).with_context(|| format!("end {}", self.name))?;
        }
        let down = |state: &mut State| state.process.is_some();
        drop(
            self.state
                .1
                .wait_while(state, down)
                .unwrap_or_else(PoisonError::into_inner),
        );
        Ok(())
    }

    /// Ends the program if it is wanted, so that it is started again. A Go program writes into its log what it was doing.
    pub(crate) fn start_anew(&self, why: &str) {
        let process = |state: &State| state.process.filter(|_| state.wanted);
        let Some(hung) = process(&self.lock()) else {
            return;
        };
        crate::say(format_args!("lab: {}: {why}", self.name));
        for signal in [Signal::SIGQUIT, Signal::SIGKILL] {
            if process(&self.lock()) == Some(hung) && kill(hung, signal).is_ok() {
                thread::sleep(LAST_WORDS);
            }
        }
        evidence::keep_log("stood-still", &self.log());
    }

    /// Starts the program again after `stop`.
    pub fn resume(&self) {
        self.lock().wanted = true;
        self.state.1.notify_all();
    }

    fn log(&self) -> String {
        format!("{LOGS}/{}.log", self.name)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, place: &Place, words: &[String]) {
        if let Err(error) = place.enter() {
            crate::say(format_args!("lab: {} has no place: {error:#}", self.name));
            return;
        }
        let mut rest = REST;
        loop {
            match self.begin(words) {
                Ok(child) => self.end(child),
                Err(error) => crate::say(format_args!("lab: {}: {error:#}", self.name)),
            }
            thread::sleep(rest);
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    /// Starts the program as soon as it is wanted; the lock is held, so that `stop` never misses a new process.
    fn begin(&self, words: &[String]) -> Result<Child> {
        let idle = |state: &mut State| !state.wanted;
        let mut state = self
            .state
            .1
            .wait_while(self.lock(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        let child = self.spawn(words)?;
        state.process = Some(Pid::from_raw(i32::try_from(child.id())?));
        Ok(child)
    }

    fn spawn(&self, words: &[String]) -> Result<Child> {
        let path = self.log();
        let log = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .context(path)?;
        let (program, arguments) = words.split_first().context("an empty command")?;
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {program}"))
    }

    fn end(&self, mut child: Child) {
        let ended = child.wait();
        let mut state = self.lock();
        state.process = None;
        let unasked = state.wanted;
        drop(state);
        self.state.1.notify_all();
        if unasked {
            self.report(ended.ok());
        }
    }

    fn report(&self, ended: Option<ExitStatus>) {
        let how = ended.map_or_else(|| "lost".to_owned(), |status| status.to_string());
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let last = log.lines().next_back().unwrap_or_default();
        crate::say(format_args!(
            "lab: {} ended ({how}) and is started again: {last}",
            self.name
        ));
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
