//! The resources as a user meets them: their manifests, and which objects pass.

#![cfg(test)]

mod apiserver;
mod cases;
mod cluster;
mod manifests;
mod objects;
