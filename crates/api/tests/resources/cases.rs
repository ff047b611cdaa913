//! The cases of testdata, and the kinds by name.

use std::fs;
use std::path::PathBuf;

use ferroute_api::{Validate, Violations, frrk8s, metallb, openpe};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// One object that is refused, and how.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    #[serde(rename = "case")]
    pub(crate) name: String,
    /// The field that is refused.
    pub(crate) path: String,
    /// Part of what ferroute says of it.
    pub(crate) says: String,
    /// Whether the API server accepts it all the same.
    #[serde(default)]
    pub(crate) unseen: bool,
    /// The object before the update that is refused.
    pub(crate) before: Option<Value>,
    pub(crate) object: Value,
}

/// What became of an object.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Its fields do not even have the right types.
    Unreadable(String),
    Read {
        verdict: Result<(), Violations>,
        written: Value,
    },
}

/// Every refused object, with a name of its own.
pub(crate) fn refused() -> Vec<Case> {
    let files = [
        "refused-openpe.yaml",
        "refused-metallb.yaml",
        "refused-frrk8s.yaml",
    ];
    let documents = files.iter().flat_map(|file| testdata(file));
    documents
        .enumerate()
        .map(|(index, document)| {
            let mut case: Case = serde_json::from_value(document).expect("a case");
            name_object(&mut case.object, index);
            if let Some(before) = &mut case.before {
                name_object(before, index);
            }
            case
        })
        .collect()
}

fn name_object(object: &mut Value, index: usize) {
    if object.get("metadata").is_none() {
        object["metadata"] = json!({ "name": format!("case-{index}") });
    }
}

/// The documents of a file of testdata.
pub(crate) fn testdata(file: &str) -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    documents(&folder.join("testdata").join(file))
}

/// The documents of a YAML file.
pub(crate) fn documents(path: &PathBuf) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let documents = serde_yaml::Deserializer::from_str(&text);
    documents
        .map(|document| Value::deserialize(document).expect("YAML"))
        .collect()
}

/// Reads an object as the type of its kind; none: no kind of ours that a user writes.
pub(crate) fn parse(object: &Value) -> Option<Parsed> {
    Some(match object["kind"].as_str()? {
        "Underlay" => read::<openpe::Underlay>(object),
        "L3VNI" => read::<openpe::L3vni>(object),
        "L2VNI" => read::<openpe::L2vni>(object),
        "IPAddressPool" => read::<metallb::IpAddressPool>(object),
        "BGPPeer" => read::<metallb::BgpPeer>(object),
        "BGPAdvertisement" => read::<metallb::BgpAdvertisement>(object),
        "L2Advertisement" => read::<metallb::L2Advertisement>(object),
        "BFDProfile" => read::<metallb::BfdProfile>(object),
        "Community" => read::<metallb::Community>(object),
        "FRRConfiguration" => read::<frrk8s::FrrConfiguration>(object),
        _ => return None,
    })
}

fn read<T: DeserializeOwned + Serialize + Validate>(object: &Value) -> Parsed {
    match serde_json::from_value::<T>(object.clone()) {
        Err(error) => Parsed::Unreadable(error.to_string()),
        Ok(typed) => Parsed::Read {
            verdict: typed.validate(),
            written: serde_json::to_value(&typed).expect("JSON"),
        },
    }
}
