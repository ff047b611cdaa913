//! A BGP peer that does nothing but write down when it was told of which prefix.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, unshare};

/// The receiver's address and AS.
pub(crate) const ADDRESS: &str = "10.0.0.2";
const AS: u16 = 65001;

const LIMIT: Duration = Duration::from_mins(2);

type Prefix = (Ipv4Addr, u8);

/// The prefixes that are announced, and when the last change came.
#[derive(Default)]
struct Heard {
    prefixes: HashMap<Prefix, Instant>,
    last_withdrawal: HashMap<Prefix, Instant>,
    last: Option<Instant>,
}

/// The peer, in a network namespace of its own at the other end of a cable.
#[derive(Clone, Default)]
pub(crate) struct Peer(Arc<(Mutex<Heard>, Condvar)>);

impl Peer {
    /// Lays a cable to the namespace of a process and listens at its end.
    pub(crate) fn start(of: u32) -> Self {
        let peer = Self::default();
        let thread = peer.clone();
        let (ready, listening) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            lay_cable(of);
            let listener = TcpListener::bind((ADDRESS, 179)).unwrap();
            ready.send(()).unwrap();
            for stream in listener.incoming() {
                // A session that ends is followed by another.
                drop(thread.serve(stream.unwrap()));
            }
        });
        listening.recv().unwrap();
        peer
    }

    /// When the prefix was announced last.
    pub(crate) fn announced(&self, prefix: Prefix, since: Instant) -> Instant {
        self.wait("announcement", |heard| {
            let at = heard.prefixes.get(&prefix)?;
            (*at >= since).then_some(*at)
        })
    }

    /// When the prefix was withdrawn last.
    pub(crate) fn withdrawn(&self, prefix: Prefix, since: Instant) -> Instant {
        self.wait("withdrawal", |heard| {
            let at = heard.last_withdrawal.get(&prefix)?;
            (*at >= since).then_some(*at)
        })
    }

    /// When the last of so many prefixes came that were announced since then.
    pub(crate) fn has(&self, count: usize, since: Instant) -> Instant {
        self.wait("all announcements", |heard| {
            let new = heard.prefixes.values().filter(|at| **at >= since);
            (new.count() >= count).then_some(heard.last?)
        })
    }

    fn wait<T>(&self, what: &str, mut condition: impl FnMut(&Heard) -> Option<T>) -> T {
        let (heard, changed) = &*self.0;
        let start = Instant::now();
        let mut heard = heard.lock().unwrap();
        loop {
            if let Some(value) = condition(&heard) {
                return value;
            }
            assert!(start.elapsed() < LIMIT, "no {what}");
            heard = changed.wait_timeout(heard, LIMIT).unwrap().0;
        }
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        loop {
            let (kind, body) = read_message(&mut stream)?;
            let now = Instant::now();
            match kind {
                OPEN => {
                    stream.write_all(&open())?;
                    stream.write_all(&message(KEEPALIVE, &[]))?;
                }
                UPDATE => self.take(&body, now),
                _ => {}
            }
        }
    }

    fn take(&self, update: &[u8], now: Instant) {
        let (withdrawn, rest) = with_length(update);
        let (_attributes, announced) = with_length(rest);
        let (heard, changed) = &*self.0;
        let mut heard = heard.lock().unwrap();
        for prefix in prefixes(withdrawn) {
            heard.prefixes.remove(&prefix);
            heard.last_withdrawal.insert(prefix, now);
        }
        heard
            .prefixes
            .extend(prefixes(announced).map(|prefix| (prefix, now)));
        heard.last = Some(now);
        changed.notify_all();
    }
}

fn lay_cable(of: u32) {
    let of = of.to_string();
    for line in [
        format!("ip link add wire type veth peer name wire netns {of}"),
        format!("ip address add {ADDRESS}/24 dev wire"),
        "ip link set wire up".to_owned(),
        format!("nsenter -t {of} -n ip address add 10.0.0.1/24 dev wire"),
        format!("nsenter -t {of} -n ip link set wire up"),
    ] {
        let mut words = line.split(' ');
        let program = words.next().unwrap();
        assert!(
            Command::new(program)
                .args(words)
                .status()
                .unwrap()
                .success()
        );
    }
}

// RFC 4271, section 4.
const OPEN: u8 = 1;
const UPDATE: u8 = 2;
const KEEPALIVE: u8 = 4;
const HEADER: usize = 19;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER + body.len()).unwrap();
    [&[0xff; 16][..], &length.to_be_bytes(), &[kind], body].concat()
}

/// It speaks IPv4 unicast (RFC 4760) and nothing else. Hold time 0: no keepalives.
fn open() -> Vec<u8> {
    let address: Ipv4Addr = ADDRESS.parse().unwrap();
    let capability = [2, 6, 1, 4, 0, 1, 0, 1];
    let length = [u8::try_from(capability.len()).unwrap()];
    let fixed = [&[4][..], &AS.to_be_bytes(), &[0, 0], &address.octets()];
    message(OPEN, &[&fixed.concat()[..], &length, &capability].concat())
}

fn read_message(stream: &mut TcpStream) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let length = usize::from(u16::from_be_bytes([header[16], header[17]]));
    let mut body = vec![0; length - HEADER];
    stream.read_exact(&mut body)?;
    Ok((header[18], body))
}

/// What stands behind a length of two bytes, and the rest.
fn with_length(bytes: &[u8]) -> (&[u8], &[u8]) {
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    bytes[2..].split_at(length)
}

fn prefixes(mut bytes: &[u8]) -> impl Iterator<Item = Prefix> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first()?;
        let octets = usize::from(length.div_ceil(8));
        let mut address = [0; 4];
        address[..octets].copy_from_slice(&rest[..octets]);
        bytes = &rest[octets..];
        Some((address.into(), *length))
    })
}
