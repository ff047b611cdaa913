//! The plan as the rest of ferroute sees it: snapshots in, plans out.
#![cfg(test)]

mod allocation;
mod bad_input;
mod cluster;
mod demo;
mod merging;
mod properties;
