//! A client for FRR: typed configuration, rendering, diff, apply over the vty sockets, and what FRR does: sessions of
//! BGP and BFD, VNIs.
//!
//! A [`Config`] says what one FRR should run. [`apply::Engine`] makes it so over the sockets of FRR's daemons, which vtysh
//! uses, too: it sends the lines that differ and no others, so that a change costs what changed and no session
//! is reset that the change does not concern. Nothing is forked and no file is read. There is no second way by `vtysh -f`: it
//! would talk to the same sockets, and say less of what was refused.
//!
//! ```no_run
//! use ferroute_frr::apply::Engine;
//! use ferroute_frr::config::{Config, Neighbor, NeighborFamily, PeerId, RemoteAs, Router};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut neighbor = Neighbor::new(RemoteAs::External);
//! neighbor.ipv4 = Some(NeighborFamily::default());
//! let mut router = Router::new(65000.try_into()?);
//! router.neighbors.insert(PeerId::Address("192.0.2.1".parse()?), neighbor);
//! router.networks.insert("203.0.113.7/32".parse()?, None);
//! let mut config = Config::default();
//! config.routers.insert(None, router);
//!
//! let mut engine = Engine::new("/var/run/frr");
//! let applied = engine.apply(&config).await?;
//! for refused in &applied.refused {
//!     eprintln!("{}: {}", refused.line, refused.reason);
//! }
//! assert_eq!(engine.apply(&config).await?.commands_sent, 0);
//! # Ok(())
//! # }
//! ```
//!
//! - Every word of a [`Config`] is a type of [`word`] that holds one word of one line, whatever the text came from.
//! - [`tree::Tree`] is what a `Config`, a file and `show running-config` of FRR 8.4 to 10 have in common; [`diff::diff`] finds the
//!   commands from one to another, in an order that FRR accepts.
//! - What FRR refuses is reported line by line, in FRR's words; [`apply::Engine::drift`] tells what it runs otherwise.
//! - [`observe`] sees sessions of BGP and BFD and VNIs come up and go down; [`supervise`] runs the daemons; [`mod@file`] keeps what they start from.
//!
//! docs/oracle.md shows that it ends where `frr-reload.py` ends, and where that is wrong; docs/benchmarks.md what it costs.

pub mod apply;
pub mod bfd;
pub mod config;
pub mod diff;
pub mod evpn;
pub mod file;
mod lock;
pub mod observe;
mod parse;
mod render;
pub mod session;
pub mod supervise;
pub mod tree;
pub mod vrf;
pub mod vty;
pub mod word;

pub use config::Config;
