//! A client for FRR: typed configuration, rendering, diff, apply over the vty sockets, session states.

pub mod apply;
pub mod config;
pub mod diff;
pub mod file;
mod lock;
mod parse;
mod render;
pub mod session;
pub mod supervise;
pub mod tree;
pub mod vrf;
pub mod vty;
pub mod word;

pub use config::Config;
