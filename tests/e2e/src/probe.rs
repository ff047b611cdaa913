//! Counts what gets lost: a request every ten milliseconds, from a place to an address, until it is stopped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fmt, io};

use anyhow::{Result, anyhow};

use crate::place::Place;

const PERIOD: Duration = Duration::from_millis(10);

/// A connection or a datagram's echo that comes later was lost: TCP sends a lost first segment again after a second.
const PATIENCE: Duration = Duration::from_millis(900);

/// A server that has accepted may take its time on a busy machine; what it says then is not lost.
const ANSWER: Duration = Duration::from_secs(5);

/// Requests on their way, one every ten milliseconds.
#[derive(Debug)]
pub struct Probe {
    stopping: Arc<AtomicBool>,
    sender: JoinHandle<Result<Report>>,
}

/// What a probe saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub sent: usize,
    pub lost: usize,
    /// The longest time between two requests that were answered.
    pub outage: Duration,
    /// What the first lost request met with.
    pub first_error: Option<String>,
}

/// When a request was sent, and why it was lost if it was.
type Outcome = (Duration, Option<String>);

/// One request and its answer.
type Ask = fn(SocketAddr) -> io::Result<()>;

impl Place {
    /// Asks for the page at an address again and again: connect, request, answer.
    pub fn probe_http(&self, address: SocketAddr) -> Probe {
        Probe::start(self, address, ask_http)
    }

    /// Sends datagrams to a port that echoes them, again and again.
    pub fn probe_udp(&self, address: SocketAddr) -> Probe {
        Probe::start(self, address, ask_udp)
    }
}

impl Probe {
    fn start(place: &Place, address: SocketAddr, ask: Ask) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let (place, stop) = (place.clone(), Arc::clone(&stopping));
        let sender = thread::spawn(move || {
            place.enter()?;
            Ok(Report::of(&send(address, ask, &stop)))
        });
        Self { stopping, sender }
    }

    /// Ends the probe after its last answer.
    pub fn stop(self) -> Result<Report> {
        self.stopping.store(true, Ordering::Relaxed);
        self.sender
            .join()
            .map_err(|_| anyhow!("the probe ended early"))?
    }
}

/// Every request has a thread, so that one without an answer delays no other.
fn send(address: SocketAddr, ask: Ask, stop: &AtomicBool) -> Vec<Outcome> {
    let outcomes = Mutex::new(Vec::new());
    let start = Instant::now();
    thread::scope(|scope| {
        for tick in 0.. {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep((PERIOD * tick).saturating_sub(start.elapsed()));
            scope.spawn(|| {
                let sent = start.elapsed();
                let error = ask(address).err().map(|error| error.to_string());
                outcomes
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((sent, error));
            });
        }
    });
    outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

fn ask_http(address: SocketAddr) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(ANSWER))?;
    write!(stream, "GET / HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    if !answer.ends_with(b" 200") {
        let status = String::from_utf8_lossy(&answer).into_owned();
        return Err(io::Error::other(status));
    }
    Ok(())
}

fn ask_udp(address: SocketAddr) -> io::Result<()> {
    let any: SocketAddr = if address.is_ipv4() {
        ([0; 4], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.send(b"probe")?;
    socket.recv(&mut [0; 16]).map(drop)
}

impl Report {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut outcomes: Vec<&Outcome> = outcomes.iter().collect();
        outcomes.sort();
        let first_error = outcomes.iter().find_map(|(_, error)| error.clone());
        let answered: Vec<Duration> = outcomes
            .iter()
            .filter(|(_, error)| error.is_none())
            .map(|(sent, _)| *sent)
            .collect();
        let outage = answered
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .max()
            .unwrap_or_default();
        let sent = outcomes.len();
        Self {
            sent,
            lost: sent - answered.len(),
            outage,
            first_error,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sent,
            lost,
            outage,
            first_error,
        } = self;
        write!(
            f,
            "{lost} of {sent} lost, longest outage {} ms",
            outage.as_millis()
        )?;
        first_error
            .as_ref()
            .map_or(Ok(()), |error| write!(f, " ({error})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_the_longest_time_between_answers() {
        let at =
            |millis, error: Option<&str>| (Duration::from_millis(millis), error.map(str::to_owned));
        let outcomes = [
            at(0, None),
            at(40, None),
            at(20, Some("second")),
            at(10, Some("first")),
            at(50, None),
        ];
        let expected = Report {
            sent: 5,
            lost: 2,
            outage: Duration::from_millis(40),
            first_error: Some("first".to_owned()),
        };
        assert_eq!(Report::of(&outcomes), expected);
        assert_eq!(
            expected.to_string(),
            "2 of 5 lost, longest outage 40 ms (first)"
        );
    }
}
