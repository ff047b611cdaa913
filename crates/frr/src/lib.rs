//! A client for FRR: typed configuration, rendering, diff, apply over the vty sockets, and what FRR does: sessions of
//! BGP and BFD, VNIs.

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
