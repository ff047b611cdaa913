//! What `BGPPeer`s and `FRRConfiguration`s ask of a node's speaker, in one form: so that they can be merged.

mod configuration;
mod peer;

use std::collections::BTreeMap;

use ferroute_api::Validate;
use ferroute_api::ferroute::{
    NodeBfdProfile, RawConfig, SecretKey, SessionPassword, SpeakerRouter,
};
use ferroute_api::metallb::{BfdProfileSpec, SecretReference};
use ferroute_api::selector::{matches_any, matches_optional};
use ferroute_api::value::Password;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

pub(crate) use self::peer::id as peer_id;
use crate::snapshot::{Key, Kind, Labels, Snapshot, oldest_first};
use crate::verdict::{Reason, Remark, Verdicts};

/// One object's part of a speaker.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) kind: Kind,
    pub(crate) key: &'a Key,
    nodes: Nodes<'a>,
    pub(crate) routers: Vec<SpeakerRouter>,
    pub(crate) bfd_profiles: Vec<NodeBfdProfile>,
    /// Free configuration, behind its priority.
    pub(crate) raw: Option<(i32, RawConfig)>,
}

impl Request<'_> {
    /// How many bytes it adds to a `NodeRouter`, at most.
    pub(crate) fn size(&self) -> usize {
        let parts = (&self.routers, &self.bfd_profiles, &self.raw);
        serde_json::to_vec(&parts).map_or(usize::MAX, |json| json.len())
    }
}

#[derive(Clone, Copy, Debug)]
enum Nodes<'a> {
    Any(&'a [LabelSelector]),
    All(Option<&'a LabelSelector>),
}

impl Request<'_> {
    /// Whether it is for a node with these labels.
    pub(crate) fn selects(&self, labels: &Labels) -> bool {
        match self.nodes {
            Nodes::Any(selectors) => matches_any(selectors, labels),
            Nodes::All(selector) => matches_optional(selector, labels),
        }
    }
}

/// The requests of all objects that can be used: peers first, then configurations, the older first.
pub(crate) fn requests<'a>(snapshot: &'a Snapshot, verdicts: &mut Verdicts) -> Vec<Request<'a>> {
    let profiles = bfd_profiles(snapshot, verdicts);
    let mut requests = Vec::new();
    for (key, object) in oldest_first(&snapshot.peers) {
        let verdict = verdicts.of(Kind::BgpPeer, key);
        match peer::request(&profiles, key, object, verdict) {
            Ok(request) => requests.push(request),
            Err(message) => verdict.refused = Some(Remark::new(Reason::Invalid, message)),
        }
    }
    for (key, object) in oldest_first(&snapshot.frr_configurations) {
        let verdict = verdicts.of(Kind::FrrConfiguration, key);
        match configuration::request(key, object, verdict) {
            Ok(request) => requests.push(request),
            Err(message) => verdict.refused = Some(Remark::new(Reason::Invalid, message)),
        }
    }
    requests
}

/// The profiles that `BGPPeer`s can name.
type BfdProfiles<'a> = BTreeMap<&'a Key, NodeBfdProfile>;

fn bfd_profiles<'a>(snapshot: &'a Snapshot, verdicts: &mut Verdicts) -> BfdProfiles<'a> {
    let mut profiles = BfdProfiles::new();
    for (key, object) in &snapshot.bfd_profiles {
        let verdict = verdicts.of(Kind::BfdProfile, key);
        match object.validate() {
            Ok(()) => drop(profiles.insert(key, bfd_profile(&key.name, &object.spec))),
            Err(violations) => {
                verdict.refused = Some(Remark::new(Reason::Invalid, violations.to_string()));
            }
        }
    }
    profiles
}

/// `address` or `interface`, and the VRF behind it.
fn neighbor_id(peer: &str, vrf: Option<&str>) -> String {
    vrf.map_or_else(|| peer.to_owned(), |vrf| format!("{peer}%{vrf}"))
}

fn bfd_profile(name: &str, spec: &BfdProfileSpec) -> NodeBfdProfile {
    let BfdProfileSpec {
        receive_interval,
        transmit_interval,
        detect_multiplier,
        echo_interval,
        echo_mode,
        passive_mode,
        minimum_ttl,
    } = *spec;
    let byte = |value: Option<u32>| value.and_then(|value| u8::try_from(value).ok());
    NodeBfdProfile {
        name: name.to_owned(),
        receive_interval,
        transmit_interval,
        detect_multiplier: byte(detect_multiplier),
        echo_interval,
        echo_mode: echo_mode.unwrap_or_default(),
        passive_mode: passive_mode.unwrap_or_default(),
        minimum_ttl: byte(minimum_ttl),
    }
}

/// A Secret counts before a password in the object; without a namespace it is the object's own.
fn session_password(
    key: &Key,
    password: Option<Password>,
    secret: Option<&SecretReference>,
) -> Option<SessionPassword> {
    let named = secret.and_then(|secret| secret.name.as_ref().map(|name| (secret, name)));
    match named {
        Some((secret, name)) => Some(SessionPassword::Secret(SecretKey {
            namespace: secret
                .namespace
                .clone()
                .unwrap_or_else(|| key.namespace.clone()),
            name: name.clone(),
        })),
        None => password.map(|password| SessionPassword::Value(password.reveal().to_owned())),
    }
}
