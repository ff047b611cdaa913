//! Everything that is shown on the lab, in this order. `cargo test -p ferroute-e2e --test scenarios -- red` runs a part.

#[path = "scenarios/fabric.rs"]
mod fabric;
#[path = "scenarios/kubernetes.rs"]
mod kubernetes;

use std::process::ExitCode;

use ferroute_e2e::{Scenario, Script, scenarios};

static SCENARIOS: &[Scenario] = &scenarios![
    fabric::hosts_of_a_tenant_reach_each_other_across_the_fabric,
    fabric::tenants_are_isolated_from_each_other,
    fabric::a_leaf_announces_and_withdraws_its_hosts,
    kubernetes::pods_run_on_both_nodes_and_answer_through_their_service,
];

fn main() -> ExitCode {
    ferroute_e2e::main(Script::Scenarios(SCENARIOS))
}
