//! The shell that every ferroute process shares: logs, shutdown on a signal, a small HTTP server for metrics and
//! probes, requests to the API that end, and events on objects of the cluster. Knows nothing of networks, or of what the objects mean.

pub mod api;
pub mod events;
pub mod health;
pub mod logs;
pub mod process;

pub use api::answered;
pub use health::{Health, serve};
pub use logs::LogOptions;
pub use process::Process;
