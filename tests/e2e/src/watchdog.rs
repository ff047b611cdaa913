//! Starts the API server or etcd again when it has stopped answering.
//!
//! In the lab the API server stands still for good now and then: its sockets full, its threads waiting for each other as
//! if a wake-up had been lost. It has been seen with the signals of Go's runtime (5 of some 18 runs) and without (`guest`;
//! 2 of some 6). It is said when it happens, and what the program was doing is kept in `target/e2e/stood-still`. The next
//! scenario begins when the nodes have been heard of again.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;
use std::{io, thread};

use anyhow::{Context, Result};

use crate::service::Service;

const PERIOD: Duration = Duration::from_secs(1);
/// The busiest of labs answers within a second or two.
const PATIENCE: Duration = Duration::from_secs(6);

/// Watches a program that listens on a port of the loopback.
pub(crate) fn watch(service: &Service, port: u16) -> Result<()> {
    let service = service.clone();
    thread::Builder::new()
        .name(format!("watchdog of {port}"))
        .spawn(move || {
            loop {
                thread::sleep(PERIOD);
                if stands_still(port, PATIENCE) {
                    service.start_anew("it stands still");
                }
            }
        })
        .context("start a watchdog")?;
    Ok(())
}

/// Whether it takes a request and does not answer. The API server refuses this one, and that is an answer. A program
/// that does not listen is down, which is another's business.
fn stands_still(port: u16, patience: Duration) -> bool {
    let timed_out = [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut];
    ask(port, patience).is_err_and(|error| timed_out.contains(&error.kind()))
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
    fn who_listens_and_says_nothing_stands_still() {
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = silent.local_addr().unwrap().port();
        assert!(stands_still(port, SHORT));
        drop(silent);
        assert!(!stands_still(port, SHORT));
    }
}
