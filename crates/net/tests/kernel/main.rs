//! This crate on the machine's own kernel, in namespaces of its own. Needs root.

#[cfg(test)]
mod namespace;
#[cfg(test)]
mod nics;
#[cfg(test)]
mod node;
#[cfg(test)]
mod overlays;
#[cfg(test)]
mod vrf;
