//! The shell that every ferroute process shares: logs, shutdown on a signal, and a small HTTP server
//! for metrics and probes. Knows nothing of networks or clusters.

pub mod health;
pub mod logs;
pub mod process;

pub use health::{Health, serve};
pub use logs::LogOptions;
pub use process::Process;
