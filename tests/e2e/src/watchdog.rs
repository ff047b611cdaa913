//! Starts the API server or etcd again when it has stopped answering.
//!
//! In the lab the API server stands still for good now and then, as if a wake-up of its threads had been lost. It has been
//! seen with the signals of Go's runtime (5 of some 18 runs) and, more seldom, without (`guest`). It is said when it
//! happens, and the program's log is kept in `target/e2e/stood-still`, with what it was doing if it still heard the signal that
//! asks for it. The next scenario begins when the nodes have been heard of again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context, Result};

use crate::service::Service;

const PERIOD: Duration = Duration::from_secs(1);
/// The busiest of labs answers within a second or two.
const PATIENCE: Duration = Duration::from_secs(6);

static STARTED_ANEW: AtomicUsize = AtomicUsize::new(0);

/// How many programs were started again so far.
pub(crate) fn started_anew() -> usize {
    STARTED_ANEW.load(Ordering::SeqCst)
}

/// What a program that listens on a port does with a request.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// The API server refuses this one, and that is an answer.
    Answers,
    /// It takes the request and says nothing.
    Silent,
    /// It does not listen, which is another's business.
    Down,
}

/// Watches a program that listens on a port of the loopback. One that has not answered yet is starting: the API server
/// listens for seconds before it serves.
pub(crate) fn watch(service: &Service, port: u16) -> Result<()> {
    let service = service.clone();
    thread::Builder::new()
        .name(format!("watchdog of {port}"))
        .spawn(move || {
            let mut has_answered = false;
            loop {
                thread::sleep(PERIOD);
                let standing = standing(port, PATIENCE);
                if has_answered && standing == Standing::Silent {
                    STARTED_ANEW.fetch_add(1, Ordering::SeqCst);
                    service.start_anew("it stands still");
                    has_answered = false;
                } else {
                    has_answered = standing == Standing::Answers;
                }
            }
        })
        .context("start a watchdog")?;
    Ok(())
}

fn standing(port: u16, patience: Duration) -> Standing {
    match ask(port, patience).map_err(|error| error.kind()) {
        Ok(()) => Standing::Answers,
        Err(io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => Standing::Silent,
        Err(_) => Standing::Down,
    }
}

fn ask(port: u16, patience: Duration) -> io::Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    stream.read_exact(&mut [0])
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn who_listens_and_says_nothing_is_silent() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(standing(port, SHORT), Standing::Silent);
        drop(listener);
        assert_eq!(standing(port, SHORT), Standing::Down);
    }
}
