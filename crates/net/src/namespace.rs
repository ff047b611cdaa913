//! The router's network namespace: a name under which the kernel keeps it while nothing runs in it.
//!
//! Only short-lived threads enter it. A socket stays in the namespace in which it was opened, so no thread of a
//! runtime ever has to.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
    thread,
};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, setns, unshare},
    sys::statfs::{FsType, statfs},
};

use crate::{Error, Space, socket::Socket, sysctl};

/// The magic number of the file system in which the kernel shows namespaces.
const NSFS: FsType = FsType(0x6e73_6673);

/// The namespace of the calling thread, which is not always that of the process.
pub(crate) const OWN: &str = "/proc/thread-self/ns/net";

/// What [`prepare`] had to do. Empty the second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    pub created: bool,
    pub loopback_raised: bool,
    /// The sysctls that were written, with the value before.
    pub sysctls: Vec<sysctl::Written>,
}

/// Makes sure that the namespace exists under `path`, that its loopback is up and that it forwards.
///
/// Reads before it writes: on a namespace that is right already it writes nothing, and so needs a writable
/// `/proc/sys` only if a value there is wrong.
pub fn prepare(path: &Path) -> Result<Prepared, Error> {
    let failed = |source| Error::MakeNamespace {
        path: path.to_owned(),
        source,
    };
    let created = !is_namespace(path).map_err(failed)?;
    if created {
        create(path).map_err(failed)?;
    }
    let (sysctls, loopback_raised) = inside(path, || Ok((sysctl::set_all()?, raise_loopback()?)))?;
    Ok(Prepared {
        created,
        loopback_raised,
        sysctls,
    })
}

/// Moves the calling process into the namespace. Only for the start of a process, while it has one thread.
pub fn enter(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::Namespace {
        path: path.to_owned(),
        source,
    };
    let threads = fs::read_dir("/proc/self/task").map_err(failed)?.count();
    if threads != 1 {
        return Err(Error::Threads {
            path: path.to_owned(),
            threads,
        });
    }
    enter_thread(path).map_err(failed)
}

/// Runs a closure on a thread of its own in the namespace.
pub(crate) fn inside<T: Send>(
    path: &Path,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    let failed = |source| Error::Namespace {
        path: path.to_owned(),
        source,
    };
    on_a_thread(|| {
        enter_thread(path).map_err(failed)?;
        work()
    })
    .unwrap_or_else(|source| Err(failed(source)))
}

fn enter_thread(path: &Path) -> io::Result<()> {
    Ok(setns(File::open(path)?, CloneFlags::CLONE_NEWNET)?)
}

/// The outer error is that of the thread itself.
fn on_a_thread<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let worker = thread::Builder::new().spawn_scoped(scope, work)?;
        worker
            .join()
            .map_err(|_| io::Error::other("the thread in the namespace panicked"))
    })
}

/// A file that is there but not a namespace is what a stop between its creation and the mount leaves.
fn is_namespace(path: &Path) -> io::Result<bool> {
    match statfs(path) {
        Ok(stat) => Ok(stat.filesystem_type() == NSFS),
        Err(nix::Error::ENOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// As `ip netns add` does it, so that its users find it.
fn create(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
        share(directory)?;
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    on_a_thread(|| {
        unshare(CloneFlags::CLONE_NEWNET)?;
        mount(
            Some(OWN),
            path,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
    })?
    .map_err(io::Error::from)
}

/// Lets other mount namespaces (other containers) see the mounts in this directory.
fn share(directory: &Path) -> io::Result<()> {
    let make_shared = || {
        let flags = MsFlags::MS_SHARED | MsFlags::MS_REC;
        mount(None::<&str>, directory, None::<&str>, flags, None::<&str>)
    };
    match make_shared() {
        // Not a mount point yet.
        Err(nix::Error::EINVAL) => {
            let flags = MsFlags::MS_BIND | MsFlags::MS_REC;
            mount(
                Some(directory),
                directory,
                None::<&str>,
                flags,
                None::<&str>,
            )?;
            Ok(make_shared()?)
        }
        result => Ok(result?),
    }
}

/// Whether the loopback was down. While it is, FRR takes routes that leak between VRFs for unusable.
fn raise_loopback() -> Result<bool, Error> {
    let failed = |source| Error::Socket {
        space: Space::Router,
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(failed)?;
    runtime.block_on(async { Socket::open(Space::Router)?.raise_loopback().await })
}
