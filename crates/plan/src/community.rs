//! The names that Community objects give to BGP communities.

use std::collections::BTreeMap;

use ferroute_api::Validate;
use ferroute_api::value::CommunityValue;

use crate::snapshot::{Key, Kind, Snapshot, oldest_first};
use crate::verdict::{Reason, Remark, Verdicts};

/// Communities by namespace and alias.
pub(crate) type Aliases<'a> = BTreeMap<(&'a str, &'a str), Alias<'a>>;

/// What an alias stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alias<'a> {
    pub(crate) community: CommunityValue,
    owner: &'a Key,
}

/// All aliases. Of two objects of a namespace that define one, the older counts.
pub(crate) fn aliases<'a>(snapshot: &'a Snapshot, verdicts: &mut Verdicts) -> Aliases<'a> {
    let mut aliases = Aliases::new();
    for (key, object) in oldest_first(&snapshot.communities) {
        let verdict = verdicts.of(Kind::Community, key);
        if let Err(violations) = object.validate() {
            verdict.refused = Some(Remark::new(Reason::Invalid, violations.to_string()));
            continue;
        }
        for (n, alias) in object.spec.communities.iter().enumerate() {
            let Ok(community) = alias.value.parse() else {
                continue;
            };
            let name = (key.namespace.as_str(), alias.name.as_str());
            let Alias { owner, .. } = aliases.entry(name).or_insert(Alias {
                community,
                owner: key,
            });
            if *owner != key {
                let field = format!("spec.communities[{n}].name");
                let message = format!(
                    "{field}: {} belongs to the older Community {owner}",
                    alias.name
                );
                verdict.unresolved.push(message);
            }
        }
    }
    aliases
}
