//! From a snapshot of the cluster to the desired state of every node. Pure: no I/O, no clock, no log.
//!
//! ```text
//! Snapshot ─► pools ─► allocate ─► announcements ─► RouteSlices
//!          ─► underlay ─► overlays ─┐
//!          ─► requests ─► speakers ─┴─► NodeRouter of each node        every refusal ─► Verdicts
//! ```

pub mod addressing;
mod advertisement;
pub mod allocate;
mod community;
mod counters;
pub mod index;
mod ledger;
mod merge;
mod overlay;
mod plan;
mod pool;
mod report;
mod request;
pub mod slices;
pub mod snapshot;
mod speaker;
mod underlay;
pub mod verdict;

pub use counters::PoolCounters;
pub use plan::{Plan, plan};
