//! The schemas of the words that many kinds share, each with the rule the API server checks.
//!
//! Rules cost: the API server multiplies the price of a CEL rule by the `maxItems` of every list around it
//! and refuses a CRD that is too dear. So what sits in lists of lists has a pattern or a format, which are free.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// The longest CIDR: a full IPv6 address and its length.
const CIDR_MAX: u32 = 43;
const IP_MAX: u32 = 39;
/// Long enough for two IPv6 addresses, the dash and spaces.
const RANGE_MAX: u32 = 95;

const LINK_NAME: &str = r"^[a-zA-Z][a-zA-Z0-9._-]*$";
const VRF_NAME: &str = r"^[a-zA-Z][a-zA-Z0-9_-]*$";
const WORD: &str = r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$";
const OBJECT_NAME: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const PASSWORD: &str = r"^[!-~]+$";
const DURATION: &str = r"^(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+)$";
const COMMUNITY: &str = r"^([0-9]{1,5}:[0-9]{1,5}|large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10})$";
const COMMUNITY_OR_ALIAS: &str =
    r"^([0-9]{1,5}:[0-9]{1,5}|large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}|[!-9;-~]+)$";
const EXACT_TARGET: &str = r"^([0-9]{1,10}|([0-9]{1,3}\.){3}[0-9]{1,3}):[0-9]{1,10}$";
const ANY_TARGET: &str = r"^(\*|[0-9]{1,10}|([0-9]{1,3}\.){3}[0-9]{1,3}):[0-9]{1,10}$";

const COMMUNITY_NUMBERS: &str = "!self.contains(':') || self.split(':').all(n, n == 'large' || int(n) <= (self.startsWith('large:') ? 4294967295 : 65535))";
const TARGET_NUMBERS: &str = "self.split(':').size() != 2 || (self.contains('.') ? isIP(self.split(':')[0]) && int(self.split(':')[1]) <= 65535 : int(self.split(':')[1]) <= (self.startsWith('*') || int(self.split(':')[0]) <= 65535 ? 4294967295 : 65535) && (self.startsWith('*') || int(self.split(':')[0]) <= 4294967295))";

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

/// A prefix of either family.
pub(crate) fn cidr(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": CIDR_MAX,
        "x-kubernetes-validations": rules([("isCIDR(self)", "must be a CIDR")]),
    })
}

/// A prefix of either family, in a list of lists.
pub(crate) fn cidrs(_: &mut SchemaGenerator) -> Schema {
    list(&plain_cidr(), 1024)
}

/// A prefix that costs nothing to check.
pub(crate) fn cheap_cidr(_: &mut SchemaGenerator) -> Schema {
    plain_cidr()
}

fn plain_cidr() -> Schema {
    json_schema!({ "type": "string", "maxLength": CIDR_MAX, "format": "cidr" })
}

/// An IPv4 prefix.
pub(crate) fn ipv4_cidr(_: &mut SchemaGenerator) -> Schema {
    family_cidr("isCIDR(self) && cidr(self).ip().family() == 4", "must be an IPv4 CIDR")
}

fn family_cidr(rule: &str, message: &str) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": CIDR_MAX,
        "x-kubernetes-validations": rules([(rule, message)]),
    })
}

/// The IPv4 prefix of a veth pair: the router's address, and one for each node.
pub(crate) fn ipv4_link(_: &mut SchemaGenerator) -> Schema {
    family_cidr(
        "isCIDR(self) && cidr(self).ip().family() == 4 && cidr(self).prefixLength() <= 30",
        "must be an IPv4 CIDR with a length of at most 30",
    )
}

/// The IPv6 prefix of a veth pair: the router's address, and one for each node.
pub(crate) fn ipv6_link(_: &mut SchemaGenerator) -> Schema {
    family_cidr(
        "isCIDR(self) && cidr(self).ip().family() == 6 && cidr(self).prefixLength() <= 126",
        "must be an IPv6 CIDR with a length of at most 126",
    )
}

/// At most one prefix of each family.
pub(crate) fn gateways(_: &mut SchemaGenerator) -> Schema {
    let item = family_cidr("isCIDR(self)", "must be a CIDR");
    json_schema!({
        "type": "array",
        "maxItems": 2,
        "items": item,
        "x-kubernetes-list-type": "atomic",
        "x-kubernetes-validations": rules([
            ("self == oldSelf", "cannot be changed"),
            (
                "self.size() < 2 || !self.all(c, isCIDR(c)) || cidr(self[0]).ip().family() != cidr(self[1]).ip().family()",
                "must be of different address families",
            ),
        ]),
    })
}

/// One gateway; cannot be changed.
pub(crate) fn gateway(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": CIDR_MAX,
        "x-kubernetes-validations": rules([
            ("isCIDR(self)", "must be a CIDR"),
            ("self == oldSelf", "cannot be changed"),
        ]),
    })
}

/// An address.
pub(crate) fn ip(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": IP_MAX,
        "x-kubernetes-validations": rules([("isIP(self)", "must be an IP address")]),
    })
}

/// An IPv4 address.
pub(crate) fn ipv4(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": IP_MAX,
        "x-kubernetes-validations": rules([
            ("isIP(self) && ip(self).family() == 4", "must be an IPv4 address"),
        ]),
    })
}

/// An IPv6 address.
pub(crate) fn ipv6(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": IP_MAX,
        "x-kubernetes-validations": rules([
            ("isIP(self) && ip(self).family() == 6", "must be an IPv6 address"),
        ]),
    })
}

/// An address, or the name of the device that has it.
pub(crate) fn ip_or_link(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": IP_MAX,
        "x-kubernetes-validations": rules([(
            "isIP(self) || (self.size() <= 15 && self.matches('^[a-zA-Z][a-zA-Z0-9._-]*$'))",
            "must be an IP address or the name of a device",
        )]),
    })
}

/// The ranges of a pool.
pub(crate) fn address_ranges(_: &mut SchemaGenerator) -> Schema {
    let item = json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": RANGE_MAX,
        "x-kubernetes-validations": rules([(
            "self.contains('-') ? self.split('-').size() == 2 && self.split('-').all(a, isIP(a.trim())) && ip(self.split('-')[0].trim()).family() == ip(self.split('-')[1].trim()).family() : isCIDR(self.trim())",
            "must be a CIDR, or the first and the last address of a range joined by '-'",
        )]),
    });
    json_schema!({ "type": "array", "minItems": 1, "maxItems": 1024, "items": item })
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

/// A TCP MD5 password.
pub(crate) fn password(_: &mut SchemaGenerator) -> Schema {
    word(PASSWORD, 80)
}

fn duration(rule: (&str, &str)) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 64,
        "pattern": DURATION,
        "x-kubernetes-validations": rules([rule]),
    })
}

/// The hold time of a session.
pub(crate) fn hold_time(_: &mut SchemaGenerator) -> Schema {
    duration((
        "duration(self) == duration('0s') || (duration(self) >= duration('3s') && duration(self) <= duration('65535s'))",
        "must be 0, or 3 to 65535 seconds",
    ))
}

/// The keepalive time of a session.
pub(crate) fn keepalive_time(_: &mut SchemaGenerator) -> Schema {
    duration((
        "duration(self) <= duration('65535s')",
        "must be at most 65535 seconds",
    ))
}

/// The time between two attempts to connect.
pub(crate) fn connect_time(_: &mut SchemaGenerator) -> Schema {
    duration((
        "duration(self) >= duration('1s') && duration(self) <= duration('65535s') && duration(self).getMilliseconds() % 1000 == 0",
        "must be 1 to 65535 whole seconds",
    ))
}

/// A community.
pub(crate) fn community(_: &mut SchemaGenerator) -> Schema {
    word(COMMUNITY, 38)
}

/// A community whose numbers are checked, too.
pub(crate) fn checked_community(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 38,
        "pattern": COMMUNITY,
        "x-kubernetes-validations": rules([(COMMUNITY_NUMBERS, "must be a community such as 64512:100 or large:64512:1:2")]),
    })
}

/// Communities, or aliases of such.
pub(crate) fn communities(_: &mut SchemaGenerator) -> Schema {
    let item = json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "pattern": COMMUNITY_OR_ALIAS,
        "x-kubernetes-validations": rules([(COMMUNITY_NUMBERS, "must be a community such as 64512:100 or large:64512:1:2")]),
    });
    list(&item, 1024)
}

/// Route targets to attach.
pub(crate) fn export_targets(_: &mut SchemaGenerator) -> Schema {
    targets(EXACT_TARGET)
}

/// Route targets to accept.
pub(crate) fn import_targets(_: &mut SchemaGenerator) -> Schema {
    targets(ANY_TARGET)
}

fn targets(pattern: &str) -> Schema {
    let item = json_schema!({
        "type": "string",
        "maxLength": 26,
        "pattern": pattern,
        "x-kubernetes-validations": rules([(TARGET_NUMBERS, "must be a route target such as 64512:100 or 192.0.2.1:100")]),
    });
    list(&item, 100)
}

/// Route targets to attach, in a list of lists.
pub(crate) fn cheap_export_targets(_: &mut SchemaGenerator) -> Schema {
    list(&word(EXACT_TARGET, 26), 100)
}

/// Route targets to accept, in a list of lists.
pub(crate) fn cheap_import_targets(_: &mut SchemaGenerator) -> Schema {
    list(&word(ANY_TARGET, 26), 100)
}

/// A route distinguisher.
pub(crate) fn route_distinguisher(_: &mut SchemaGenerator) -> Schema {
    word(EXACT_TARGET, 26)
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

/// A name for a community.
pub(crate) fn community_alias(_: &mut SchemaGenerator) -> Schema {
    word("^[!-9;-~]+$", 253)
}

/// At least one prefix, in a list of lists.
pub(crate) fn some_cidrs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "maxItems": 1024, "items": plain_cidr() })
}
