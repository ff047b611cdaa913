//! The schemas of the words that many kinds share, each with the rule the API server checks.
//!
//! Rules cost: the API server multiplies the price of a CEL rule by the `maxItems` of every list around it
//! and refuses a CRD that is too dear. So what sits in lists of lists has a pattern or a format, which are free.

mod address;
mod session;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

pub(crate) use address::*;
pub(crate) use session::*;

const LINK_NAME: &str = r"^[a-zA-Z][a-zA-Z0-9._-]*$";
const VRF_NAME: &str = r"^[a-zA-Z][a-zA-Z0-9_-]*$";
const WORD: &str = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$";
const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

fn rules<const N: usize>(rules: [(&str, &str); N]) -> Value {
    rules
        .iter()
        .map(|(rule, message)| json!({ "rule": rule, "message": message }))
        .collect()
}

fn word(pattern: &str, max: u32) -> Schema {
    json_schema!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": pattern })
}

fn number(min: u32, max: u32) -> Schema {
    json_schema!({ "type": "integer", "format": "int64", "minimum": min, "maximum": max })
}

fn list(items: &Schema, max: u32) -> Schema {
    json_schema!({ "type": "array", "maxItems": max, "items": items })
}

/// An AS number.
pub(crate) fn asn(_: &mut SchemaGenerator) -> Schema {
    number(1, u32::MAX)
}

/// A VNI.
pub(crate) fn vni(_: &mut SchemaGenerator) -> Schema {
    number(1, 0x00ff_ffff)
}

/// A UDP port.
pub(crate) fn port(_: &mut SchemaGenerator) -> Schema {
    number(1, u16::MAX.into())
}

/// The TCP port of a BGP session, with the bound other controllers have given it.
pub(crate) fn bgp_port(_: &mut SchemaGenerator) -> Schema {
    number(1, 16384)
}

/// A number of 32 bits.
pub(crate) fn any_u32(_: &mut SchemaGenerator) -> Schema {
    number(0, u32::MAX)
}

/// A timer of BFD, in milliseconds.
pub(crate) fn bfd_interval(_: &mut SchemaGenerator) -> Schema {
    number(10, 60_000)
}

/// How many lost packets end a BFD session.
pub(crate) fn bfd_multiplier(_: &mut SchemaGenerator) -> Schema {
    number(2, 255)
}

/// A time to live.
pub(crate) fn ttl(_: &mut SchemaGenerator) -> Schema {
    number(1, 254)
}

/// The length of a prefix in a filter.
pub(crate) fn prefix_length(_: &mut SchemaGenerator) -> Schema {
    number(1, 128)
}

/// A network device of the host.
pub(crate) fn link_name(_: &mut SchemaGenerator) -> Schema {
    word(LINK_NAME, 15)
}

/// Network devices of the host, each once.
pub(crate) fn link_names(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 64,
        "items": word(LINK_NAME, 15),
        "x-kubernetes-list-type": "set",
    })
}

/// A VRF of the host, where the empty name is the default one.
pub(crate) fn host_vrf(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 15,
        "pattern": r"^([a-zA-Z][a-zA-Z0-9._-]*)?$",
    })
}

/// A VRF that ferroute makes.
pub(crate) fn vrf_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 15,
        "pattern": VRF_NAME,
        "x-kubernetes-validations": rules([(
            "!(self in ['all', 'default', 'lo', 'vrf']) && !self.matches('^(br-hs-|br-pe-|host-|pe-|vni)[0-9]+$')",
            "must be a VRF name that is not reserved",
        )]),
    })
}

/// The name of a BFD profile.
pub(crate) fn profile_name(_: &mut SchemaGenerator) -> Schema {
    word(WORD, 63)
}

/// The name of another object.
pub(crate) fn object_name(_: &mut SchemaGenerator) -> Schema {
    word(OBJECT_NAME, 253)
}

/// Names of other objects.
pub(crate) fn object_names(_: &mut SchemaGenerator) -> Schema {
    list(&word(OBJECT_NAME, 253), 1024)
}

/// A selector that is replaced as a whole.
pub(crate) fn selector(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = generator.subschema_for::<LabelSelector>();
    schema.insert("x-kubernetes-map-type".into(), "atomic".into());
    schema
}

/// Selectors of which one must match.
pub(crate) fn selectors(generator: &mut SchemaGenerator) -> Schema {
    list(&selector(generator), 1024)
}

/// The conditions of a status, one of each type.
pub(crate) fn conditions(generator: &mut SchemaGenerator) -> Schema {
    let item = generator.subschema_for::<Condition>();
    json_schema!({
        "type": "array",
        "items": item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    })
}
