//! What the VNIs of an instance are doing, from zebra's and bgpd's `show … vni … json`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

pub(crate) const SHOW: &str = "show evpn vni detail json";
pub(crate) const SHOW_ANNOUNCED: &str = "show bgp l2vpn evpn vni json";

/// A VNI that zebra knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vni {
    /// Its number.
    pub vni: u32,
    /// What it carries.
    pub kind: Kind,
    /// The VRF it belongs to, in FRR's words: `None` is the default one, `Unknown` one that is not in the kernel.
    pub vrf: Option<String>,
    /// Whether it works as far as FRR knows.
    pub up: bool,
    /// How many others carry it; zebra does not say so of layer 3.
    pub remote_vteps: Option<usize>,
}

/// What a VNI carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Kind {
    /// Frames.
    L2,
    /// Packets of one VRF.
    L3,
}

/// The VNIs that bgpd tells others about.
pub(crate) type Announced = BTreeSet<u32>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Printed {
    vni: u32,
    #[serde(rename = "type")]
    kind: Kind,
    tenant_vrf: String,
    /// Of layer 3 alone.
    state: Option<String>,
    /// A number, of layer 2 alone; older FRR gives the VTEPs themselves.
    #[serde(default)]
    num_remote_vteps: Value,
}

impl Printed {
    fn remote_vteps(&self) -> Option<usize> {
        match &self.num_remote_vteps {
            Value::Array(vteps) => Some(vteps.len()),
            number => number.as_u64().and_then(|count| count.try_into().ok()),
        }
    }
}

/// Without any VNI zebra prints nothing, or an object instead of a list.
pub(crate) fn read(text: &str) -> Result<Vec<Printed>, serde_json::Error> {
    if matches!(text, "" | "{}" | "{\n}") {
        return Ok(Vec::new());
    }
    serde_json::from_str(text)
}

/// The VNIs are among settings, each under its number.
pub(crate) fn read_announced(text: &str) -> Result<Announced, serde_json::Error> {
    if text.is_empty() {
        return Ok(Announced::default());
    }
    let printed: BTreeMap<String, Value> = serde_json::from_str(text)?;
    let live = |vni: &Value| vni.get("inKernel").is_some_and(|word| word == "True");
    Ok(printed
        .iter()
        .filter(|(_, value)| live(value))
        .filter_map(|(vni, _)| vni.parse().ok())
        .collect())
}

/// zebra says whether a layer-3 VNI is up. A layer-2 VNI whose device is down stays in its list, and leaves bgpd's.
pub(crate) fn judge(known: Vec<Printed>, announced: &Announced) -> Vec<Vni> {
    known
        .into_iter()
        .map(|printed| Vni {
            vni: printed.vni,
            kind: printed.kind,
            up: match printed.kind {
                Kind::L2 => announced.contains(&printed.vni),
                Kind::L3 => printed.state.as_deref() == Some("Up"),
            },
            remote_vteps: printed.remote_vteps(),
            vrf: (printed.tenant_vrf != "default").then_some(printed.tenant_vrf),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As zebra 10.3 prints it; the second as older ones do.
    const KNOWN: &str = r#"[{"vni":100,"type":"L2","tenantVrf":"default","vxlanInterface":"v100","vxlanIfindex":3,
        "sviInterface":"br100","sviIfindex":4,"vtepIp":"10.0.0.1","mcastGroup":"0.0.0.0","advertiseGatewayMacip":"No",
        "advertiseSviMacip":"No","numMacs":0,"numArpNd":0,"numRemoteVteps":1,
        "remoteVteps":[{"ip":"10.0.0.2","flood":"HER"}]},
        {"vni":101,"type":"L2","tenantVrf":"red","vxlanInterface":"v101","numRemoteVteps":[{"ip":"10.0.0.3"}]},
        {"vni":200,"type":"L3","tenantVrf":"Unknown","localVtepIp":"10.0.0.1","vxlanIntf":"v200","sviIntf":"None",
        "state":"Down","sysMac":"None","routerMac":"None","vniFilter":"none","l2Vnis":[]},
        {"vni":201,"type":"L3","tenantVrf":"red","state":"Up","l2Vnis":[101]}]"#;

    /// As bgpd 10.3 prints it.
    const ANNOUNCED: &str = r#"{"advertiseGatewayMacip":"Disabled","advertiseSviMacIp":"Disabled",
        "advertiseAllVnis":"Enabled","flooding":"Head-end replication","vxlanFlooding":"Enabled","numVnis":1,
        "numL2Vnis":1,"numL3Vnis":0,"100":{"vni":100,"type":"L2","inKernel":"True","rd":"10.0.0.1:2",
        "originatorIp":"10.0.0.1","mcastGroup":"0.0.0.0","importRTs":["65001:100"],"exportRTs":["65001:100"]},
        "101":{"vni":101,"type":"L2","inKernel":"False"}}"#;

    #[test]
    fn vnis_are_read_from_what_zebra_and_bgpd_print() {
        let announced = read_announced(ANNOUNCED).unwrap();
        let vni = |vni, kind, vrf: Option<&str>, up, remote_vteps| Vni {
            vni,
            kind,
            vrf: vrf.map(str::to_owned),
            up,
            remote_vteps,
        };
        let expected = [
            vni(100, Kind::L2, None, true, Some(1)),
            vni(101, Kind::L2, Some("red"), false, Some(1)),
            vni(200, Kind::L3, Some("Unknown"), false, None),
            vni(201, Kind::L3, Some("red"), true, None),
        ];
        assert_eq!(judge(read(KNOWN).unwrap(), &announced), expected);
    }

    #[test]
    fn no_answer_is_no_vni() {
        for nothing in ["", "{}", "{\n}", "[]"] {
            assert!(read(nothing).unwrap().is_empty());
        }
        assert!(read_announced("").unwrap().is_empty());
    }
}
