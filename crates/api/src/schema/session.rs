//! Schemas of what a BGP session has: timers, password, communities, route targets.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::{list, rules, word};

const ALIAS_MAX: u32 = 128;
const PASSWORD: &str = r"^[!-~]+$";
const DURATION: &str = r"^(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))+)$";
const COMMUNITY: &str = r"^([0-9]{1,5}:[0-9]{1,5}|large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10})$";
const COMMUNITY_OR_ALIAS: &str =
    r"^([0-9]{1,5}:[0-9]{1,5}|large:[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}|[!-9;-~]+)$";
const EXACT_TARGET: &str = r"^([0-9]{1,10}|([0-9]{1,3}\.){3}[0-9]{1,3}):[0-9]{1,10}$";
const ANY_TARGET: &str = r"^(\*|[0-9]{1,10}|([0-9]{1,3}\.){3}[0-9]{1,3}):[0-9]{1,10}$";
const COMMUNITY_NUMBERS: &str = "!self.contains(':') || self.split(':').all(n, n == 'large' || int(n) <= (self.startsWith('large:') ? 4294967295 : 65535))";
const TARGET_NUMBERS: &str = "self.split(':').size() != 2 || (self.contains('.') ? isIP(self.split(':')[0]) && int(self.split(':')[1]) <= 65535 : int(self.split(':')[1]) <= (self.startsWith('*') || int(self.split(':')[0]) <= 65535 ? 4294967295 : 65535) && (self.startsWith('*') || int(self.split(':')[0]) <= 4294967295))";

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
        "maxLength": ALIAS_MAX,
        "pattern": COMMUNITY_OR_ALIAS,
        "x-kubernetes-validations": rules([(COMMUNITY_NUMBERS, "must be a community such as 64512:100 or large:64512:1:2")]),
    });
    list(&item, 1024)
}

/// A name for a community.
pub(crate) fn community_alias(_: &mut SchemaGenerator) -> Schema {
    word("^[!-9;-~]+$", ALIAS_MAX)
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
