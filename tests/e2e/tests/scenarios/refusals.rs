//! Bad input is answered where the user looks: by kubectl, or on the object. Everything else goes on.

use std::time::Duration;

use anyhow::{Result, ensure};
use ferroute_e2e::{CONTROLLERS, Lab, NAMESPACE, chart, eventually};

const LIMIT: Duration = Duration::from_secs(30);

/// What one object shows is refused at once; the words are in the API server's answer.
const AT_APPLY: &[(&str, &str)] = &[
    (
        "kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 300, nosuchfield: 1}",
        "nosuchfield",
    ),
    (
        "kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 16777216}",
        "16777215",
    ),
    ("kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 0}", "vni"),
    (
        "kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 300, asn: 64514, hostasn: 64514, localcidr: {ipv4: 192.169.12.0/24}}",
        "hostasn must differ",
    ),
    (
        "kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 300, asn: 64514, hostasn: 64515, localcidr: {ipv4: 192.169.12.0/240}}",
        "localcidr.ipv4",
    ),
    (
        "kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 300, vrf: \"red\\nrouter bgp 1\"}",
        "vrf",
    ),
    (
        "kind: L3VNI\nmetadata: {name: bad}\nspec: {vni: 300, vrf: \"a b\"}",
        "vrf",
    ),
    (
        "kind: Underlay\nmetadata: {name: bad}\nspec: {asn: 64514, vtepcidr: 100.65.0.0, nics: [eth9], neighbors: [{asn: 64512, address: 192.168.11.2}]}",
        "vtepcidr",
    ),
    (
        "kind: Underlay\nmetadata: {name: bad}\nspec: {asn: 64514, neighbors: [{asn: 64512, address: 192.168.11.2, password: \"a\\nb\"}]}",
        "password",
    ),
];

pub(crate) fn what_one_object_shows_is_refused_at_apply(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    for (manifest, words) in AT_APPLY {
        let refusal = lab.cluster.refusal(&openpe(manifest))?;
        ensure!(
            refusal.contains(words),
            "{manifest}\nwas refused with: {refusal}"
        );
    }
    let peer = metallb(
        "v1beta2",
        "kind: BGPPeer\nmetadata: {name: bad}\nspec: {myASN: 1, peerASN: 2, peerAddress: 10.0.0.1, password: \"a b\"}",
    );
    let refusal = lab.cluster.refusal(&peer)?;
    ensure!(refusal.contains("password"), "{refusal}");
    let pool = metallb(
        "v1beta1",
        "kind: IPAddressPool\nmetadata: {name: bad}\nspec: {addresses: [10.0.0.9-10.0.0.1x]}",
    );
    let refusal = lab.cluster.refusal(&pool)?;
    ensure!(refusal.contains("addresses"), "{refusal}");
    still_works(lab)
}

/// What only several objects together show is said on the newer one.
const ON_THE_OBJECT: &[(&str, &str, &str, &str, &str)] = &[
    (
        "openpe",
        "underlay",
        "kind: Underlay\nmetadata: {name: second}\nspec: {asn: 64514, vtepcidr: 100.66.0.0/24, nics: [eth9], neighbors: [{asn: 64512, address: 192.168.11.2}]}",
        "SecondUnderlay",
        "underlay",
    ),
    (
        "openpe",
        "l3vni",
        "kind: L3VNI\nmetadata: {name: second}\nspec: {vni: 100, vrf: other, asn: 64514, hostasn: 64515, localcidr: {ipv4: 192.169.12.0/24}}",
        "VNIInUse",
        "red",
    ),
    (
        "openpe",
        "l3vni",
        "kind: L3VNI\nmetadata: {name: second}\nspec: {vni: 300, vrf: red, asn: 64514, hostasn: 64515, localcidr: {ipv4: 192.169.12.0/24}}",
        "VRFInUse",
        "red",
    ),
    (
        "openpe",
        "l3vni",
        "kind: L3VNI\nmetadata: {name: second}\nspec: {vni: 300, asn: 64514, hostasn: 64515, localcidr: {ipv4: 192.169.10.0/25}}",
        "Overlap",
        "openperouter-system/red",
    ),
    (
        "metallb",
        "ipaddresspool",
        "kind: IPAddressPool\nmetadata: {name: second}\nspec: {addresses: [172.30.0.12-172.30.0.30]}",
        "Overlap",
        "metallb-system/address-pool-",
    ),
    (
        "openpe",
        "l2vni",
        "kind: L2VNI\nmetadata: {name: second}\nspec: {vni: 300}",
        "NotImplemented",
        "L2VNI",
    ),
    (
        "metallb",
        "l2advertisement",
        "kind: L2Advertisement\nmetadata: {name: second}\nspec: {}",
        "NotImplemented",
        "L2Advertisement",
    ),
];

pub(crate) fn what_several_objects_show_is_said_on_the_newer_one(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    for (group, kind, manifest, reason, words) in ON_THE_OBJECT {
        let (namespace, manifest) = match *group {
            "openpe" => ("openperouter-system", openpe(manifest)),
            _ => ("metallb-system", metallb("v1beta1", manifest)),
        };
        lab.cluster.apply(&manifest)?;
        let said = eventually(&format!("{kind} second is told {reason}"), LIMIT, || {
            let accepted = lab
                .cluster
                .condition(kind, namespace, "second", "Accepted")?;
            ensure!(
                accepted["status"] == "False" && accepted["reason"] == *reason,
                "{accepted}"
            );
            let events = lab
                .cluster
                .kubectl(&["get", "events", "--namespace", namespace])?;
            ensure!(events.contains(reason), "no event {reason}");
            Ok(accepted["message"].to_string())
        });
        lab.cluster.delete(&manifest)?;
        let said = said?;
        ensure!(said.contains(words), "{said}");
    }
    still_works(lab)
}

pub(crate) fn an_unknown_peer_is_said_on_the_advertisement(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let manifest = metallb(
        "v1beta1",
        "kind: BGPAdvertisement\nmetadata: {name: second}\nspec: {peers: [nobody], ipAddressPools: [nothing]}",
    );
    lab.cluster.apply(&manifest)?;
    let said = eventually("the advertisement is told", LIMIT, || {
        lab.cluster
            .condition("bgpadvertisement", "metallb-system", "second", "Degraded")
    });
    lab.cluster.delete(&manifest)?;
    let message = said?["message"].to_string();
    ensure!(
        message.contains("nobody") && message.contains("nothing"),
        "{message}"
    );
    still_works(lab)
}

pub(crate) fn a_service_without_an_address_is_told_why(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: elsewhere, namespace: red, annotations: {metallb.io/loadBalancerIPs: 10.99.0.1}}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n";
    lab.cluster.apply(manifest)?;
    let told = eventually("the service is told", LIMIT, || {
        let service = ["service", "--namespace", "red", "elsewhere"];
        let described = lab
            .cluster
            .kubectl(&[&["describe"][..], &service].concat())?;
        let told = described.contains("AllocationFailed") && described.contains("10.99.0.1 ");
        ensure!(told, "{described}");
        Ok(())
    });
    lab.cluster.delete(manifest)?;
    told?;
    still_works(lab)
}

/// The Underlay names a NIC that no node has: it is told so, and has its old NIC back afterwards.
pub(crate) fn a_missing_nic_is_said_on_the_underlay(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let nics = |names: &str| {
        let patch = format!("{{\"spec\":{{\"nics\":{names}}}}}");
        lab.cluster.kubectl(&[
            "patch",
            "underlay",
            "--namespace",
            "openperouter-system",
            "underlay",
            "--type=merge",
            "--patch",
            &patch,
        ])
    };
    nics(r#"["toswitch","nosuchnic"]"#)?;
    let said = eventually("the underlay is told", LIMIT, || {
        let ready =
            lab.cluster
                .condition("underlay", "openperouter-system", "underlay", "Ready")?;
        ensure!(
            ready["status"] == "False" && ready["reason"] == "NodeFailed",
            "{ready}"
        );
        Ok(ready["message"].to_string())
    });
    nics(r#"["toswitch"]"#)?;
    let said = said?;
    ensure!(said.contains("nosuchnic"), "{said}");
    lab.cluster.wait_for_node_routers()?;
    still_works(lab)
}

/// The CRD of an older OpenPERouter lets pass what ferroute cannot read; new controllers find such an object there.
pub(crate) fn an_object_that_cannot_be_read_stops_no_other(lab: &Lab) -> Result<()> {
    lab.cluster.with_example()?;
    let crd = "l3vnis.openpe.openperouter.github.io";
    let any = r#"{"type": "object", "x-kubernetes-preserve-unknown-fields": true}"#;
    let schema = "/spec/versions/0/schema/openAPIV3Schema";
    let patch = format!(r#"[{{"op": "replace", "path": "{schema}", "value": {any}}}]"#);
    lab.cluster
        .kubectl(&["patch", "crd", crd, "--type=json", "--patch", &patch])?;
    let manifest = openpe("kind: L3VNI\nmetadata: {name: unreadable}\nspec: {vrf: other}");
    let served = serve_beside(lab, &manifest).and_then(|()| go_on_serving(lab));
    lab.cluster.delete(&manifest)?;
    let crds = format!("{}/crds/openpe.openperouter.github.io_l3vnis.yaml", chart());
    lab.cluster
        .kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &crds])?;
    served?;
    still_works(lab)
}

/// Nothing is planned without an object that was read before: new controllers wait for it.
fn go_on_serving(lab: &Lab) -> Result<()> {
    let red = ["l3vni", "--namespace", "openperouter-system", "red"];
    let patch = |patch: &str| {
        let how = ["--type=json", "--patch", patch];
        lab.cluster
            .kubectl(&[&["patch"][..], &red, &how].concat())
            .map(drop)
    };
    patch(r#"[{"op": "remove", "path": "/spec/vni"}]"#)?;
    let controllers = ["--namespace", NAMESPACE, "--selector", CONTROLLERS];
    lab.cluster
        .kubectl(&[&["delete", "pods"][..], &controllers].concat())?;
    let told = eventually("red is told that nothing is planned", LIMIT, || {
        let described = lab.cluster.kubectl(&[&["describe"][..], &red].concat())?;
        ensure!(described.contains("nothing is planned"), "{described}");
        lab.host("hostA_red").curl("172.30.0.10")
    });
    patch(r#"[{"op": "add", "path": "/spec/vni", "value": 100}]"#)?;
    lab.cluster.ready_pods(NAMESPACE, CONTROLLERS, 2)?;
    told.map(drop)
}

fn serve_beside(lab: &Lab, unreadable: &str) -> Result<()> {
    eventually("the API takes what the schema allows now", LIMIT, || {
        lab.cluster.apply(unreadable)
    })?;
    lab.cluster.replace_controllers()?;
    eventually("the object is told", LIMIT, || {
        let events = lab.cluster.kubectl(&[
            "describe",
            "l3vni",
            "--namespace",
            "openperouter-system",
            "unreadable",
        ])?;
        ensure!(
            events.contains("Missing field vni") && events.contains("goes on"),
            "{events}"
        );
        Ok(())
    })?;
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: beside, namespace: red}\nspec: {type: LoadBalancer, ports: [{port: 80}]}\n";
    lab.cluster.apply(service)?;
    let address = eventually("a new service has an address", LIMIT, || {
        lab.cluster.service_address("red", "beside")
    });
    lab.cluster.delete(service)?;
    address.map(drop)
}

fn still_works(lab: &Lab) -> Result<()> {
    lab.cluster.wait_for_sessions(4)?;
    eventually("hostA_red gets the page", LIMIT, || {
        lab.host("hostA_red").curl("172.30.0.10")
    })
    .map(drop)
}

fn openpe(manifest: &str) -> String {
    let manifest = manifest.replacen(
        "metadata: {",
        "metadata: {namespace: openperouter-system, ",
        1,
    );
    format!("apiVersion: openpe.openperouter.github.io/v1alpha1\n{manifest}\n")
}

fn metallb(version: &str, manifest: &str) -> String {
    let manifest = manifest.replacen("metadata: {", "metadata: {namespace: metallb-system, ", 1);
    format!("apiVersion: metallb.io/{version}\n{manifest}\n")
}
