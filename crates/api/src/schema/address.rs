//! Schemas of addresses, prefixes and ranges.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{list, rules};

/// The longest CIDR: a full IPv6 address and its length.
const CIDR_MAX: u32 = 43;
const IP_MAX: u32 = 39;
/// Long enough for two IPv6 addresses, the dash and spaces.
const RANGE_MAX: u32 = 85;

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
    family_cidr(
        "isCIDR(self) && cidr(self).ip().family() == 4",
        "must be an IPv4 CIDR",
    )
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
        "x-kubernetes-validations": rules([
            (
                "self.contains('-') ? self.split('-').size() == 2 && isIP(self.split('-')[0].trim()) && isIP(self.split('-')[1].trim()) : isCIDR(self.trim())",
                "must be a CIDR, or the first and the last address of a range joined by '-'",
            ),
            (
                "!self.contains('-') || self.split('-')[0].contains(':') == self.split('-')[1].contains(':')",
                "both ends of a range must be of one address family",
            ),
        ]),
    });
    json_schema!({ "type": "array", "minItems": 1, "maxItems": 1024, "items": item })
}

/// At least one prefix, in a list of lists.
pub(crate) fn some_cidrs(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "maxItems": 1024, "items": plain_cidr() })
}
