//! The crate from outside: words, trees, and the client against real FRR daemons.
#![cfg(test)]

mod faults;
mod injection;
mod lab;
mod native;
mod observe;
mod oracle;
mod quiet;
mod sample;
mod trees;
mod words;
