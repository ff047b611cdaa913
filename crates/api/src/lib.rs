//! The custom resources ferroute reads and writes: types, validation, CRD manifests.

pub mod condition;
pub mod crds;
pub mod ferroute;
#[expect(
    unreachable_pub,
    reason = "KubeSchema derives its schema from a private copy of each pub struct"
)]
pub mod frrk8s;
pub mod hash;
#[expect(
    unreachable_pub,
    reason = "KubeSchema derives its schema from a private copy of each pub struct"
)]
pub mod metallb;
#[expect(
    unreachable_pub,
    reason = "KubeSchema derives its schema from a private copy of each pub struct"
)]
pub mod openpe;
mod schema;
pub mod selector;
pub mod timers;
pub mod value;
pub mod violation;
mod yaml;

pub use violation::{Problem, Validate, Violation, Violations};
