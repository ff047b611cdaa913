//! What the plan says of each object: used or refused, and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::snapshot::{Key, Kind};

/// One word for a condition, an event and a metric alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The object is used as it is.
    Accepted,
    /// A field has a value that cannot be used.
    Invalid,
    /// There may be one Underlay only.
    SecondUnderlay,
    /// Another L3VNI or L2VNI has the VNI.
    VniInUse,
    /// Another L3VNI has the VRF.
    VrfInUse,
    /// A prefix or address range overlaps with another object's.
    Overlap,
    /// A VNI needs an Underlay, and there is none that can be used.
    NoUnderlay,
    /// A prefix has no address left for some node.
    PrefixExhausted,
    /// Two objects ask for different settings of one BGP session or instance.
    Conflict,
    /// An object that is named does not exist or cannot be used.
    NotFound,
    /// Something is asked for that this version does not do.
    NotImplemented,
    /// No address could be given.
    AllocationFailed,
    /// A node could not apply it.
    NodeFailed,
    /// Nodes have not applied it yet.
    Pending,
    /// Every node has applied it.
    Applied,
}

impl Reason {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "Accepted",
            Self::Invalid => "Invalid",
            Self::SecondUnderlay => "SecondUnderlay",
            Self::VniInUse => "VNIInUse",
            Self::VrfInUse => "VRFInUse",
            Self::Overlap => "Overlap",
            Self::NoUnderlay => "NoUnderlay",
            Self::PrefixExhausted => "PrefixExhausted",
            Self::Conflict => "Conflict",
            Self::NotFound => "NotFound",
            Self::NotImplemented => "NotImplemented",
            Self::AllocationFailed => "AllocationFailed",
            Self::NodeFailed => "NodeFailed",
            Self::Pending => "Pending",
            Self::Applied => "Applied",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A reason with its sentence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// For programs.
    pub reason: Reason,
    /// For people: names the field and the value.
    pub message: String,
}

impl Remark {
    /// A remark.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}

/// What the plan says of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why the object is not used at all.
    pub refused: Option<Remark>,
    /// What it names in vain; the rest of it is used.
    pub unresolved: Vec<String>,
    /// What it asks for that this version does not do; the rest of it is used.
    pub not_implemented: Vec<String>,
    /// What nodes say of it: applied, pending or failed. `None` where nodes have no part in it.
    pub nodes: Option<Remark>,
}

/// The verdicts on all objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts(BTreeMap<(Kind, Key), Verdict>);

impl Verdicts {
    /// The verdict on one object, for the planner to add to.
    pub fn of(&mut self, kind: Kind, key: &Key) -> &mut Verdict {
        self.0.entry((kind, key.clone())).or_default()
    }

    /// Refuses an object; the first reason stays.
    pub fn refuse(&mut self, kind: Kind, key: &Key, remark: Remark) {
        self.of(kind, key).refused.get_or_insert(remark);
    }

    /// Records that a node cannot have what an object asks for; the first reason stays.
    pub(crate) fn fail_on_node(&mut self, kind: Kind, key: &Key, node: &str, remark: &Remark) {
        let Remark { reason, message } = remark;
        let remark = Remark::new(*reason, format!("node {node}: {message}"));
        self.of(kind, key).nodes.get_or_insert(remark);
    }

    /// The verdict on one object.
    pub fn get(&self, kind: Kind, key: &Key) -> Option<&Verdict> {
        self.0.get(&(kind, key.clone()))
    }

    /// All of them, by kind and key.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &Key, &Verdict)> {
        self.0
            .iter()
            .map(|((kind, key), verdict)| (*kind, key, verdict))
    }

    /// All of them, to be added to.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (Kind, &Key, &mut Verdict)> {
        self.0
            .iter_mut()
            .map(|((kind, key), verdict)| (*kind, key, verdict))
    }
}
