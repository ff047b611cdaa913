//! The fabric without the cluster: tenants, isolation, and the leaves' verbs.

use std::time::Duration;

use anyhow::{Result, ensure};
use ferroute_e2e::{Lab, Vrf, eventually};

const LIMIT: Duration = Duration::from_mins(1);

pub(crate) fn hosts_of_a_tenant_reach_each_other_across_the_fabric(lab: &Lab) -> Result<()> {
    eventually("hostA_red reaches hostB_red", LIMIT, || {
        lab.host("hostA_red").ping([192, 169, 20, 2])
    })?;
    eventually("hostA_blue reaches hostB_blue by IPv6", LIMIT, || {
        lab.host("hostA_blue")
            .ping([0x2001, 0xdb8, 0x169, 0x21, 0, 0, 0, 2])
    })
}

pub(crate) fn tenants_are_isolated_from_each_other(lab: &Lab) -> Result<()> {
    for host in ["hostA_red", "hostB_red"] {
        let escaped = lab.host("hostA_blue").ping(match host {
            "hostA_red" => [192, 168, 20, 2],
            _ => [192, 169, 20, 2],
        });
        ensure!(escaped.is_err(), "hostA_blue reaches {host}");
    }
    Ok(())
}

pub(crate) fn a_leaf_announces_and_withdraws_its_hosts(lab: &Lab) -> Result<()> {
    let (leaf, far) = (&lab.fabric.leaf_a, lab.fabric.leaf_b.frr());
    let routes = |prefix: &str| {
        let table = far.json("ip route vrf red")?;
        anyhow::Ok(table.get(prefix).cloned())
    };
    leaf.withdraw_hosts(Vrf::Red)?;
    eventually("leafB loses leafA's hosts", LIMIT, || {
        ensure!(routes("192.168.20.0/24")?.is_none(), "still there");
        Ok(())
    })?;
    leaf.announce_hosts(Vrf::Red)?;
    leaf.announce(Vrf::Red, "10.99.0.0/24")?;
    eventually(
        "leafB learns leafA's hosts and one prefix more",
        LIMIT,
        || {
            for prefix in ["192.168.20.0/24", "10.99.0.0/24"] {
                let route = routes(prefix)?.unwrap_or_default();
                ensure!(
                    route[0]["nexthops"][0]["ip"] == leaf.vtep,
                    "{prefix}: {route}"
                );
            }
            Ok(())
        },
    )?;
    leaf.withdraw(Vrf::Red, "10.99.0.0/24")
}
