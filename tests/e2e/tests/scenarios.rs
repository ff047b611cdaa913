//! Everything that is shown on the lab, in this order. `cargo test -p ferroute-e2e --test scenarios -- red` runs a part.

#[path = "scenarios/change.rs"]
mod change;
#[path = "scenarios/chart.rs"]
mod chart;
#[path = "scenarios/deletion.rs"]
mod deletion;
#[path = "scenarios/fabric.rs"]
mod fabric;
#[path = "scenarios/kubernetes.rs"]
mod kubernetes;
#[path = "scenarios/plain.rs"]
mod plain;
#[path = "scenarios/refusals.rs"]
mod refusals;
#[path = "scenarios/resilience.rs"]
mod resilience;
#[path = "scenarios/routes.rs"]
mod routes;
#[path = "scenarios/sessions.rs"]
mod sessions;
#[path = "scenarios/traffic.rs"]
mod traffic;

use std::process::ExitCode;

use ferroute_e2e::{Scenario, Script, scenarios};

static SCENARIOS: &[Scenario] = &scenarios![
    shown:
    fabric::hosts_of_a_tenant_reach_each_other_across_the_fabric,
    fabric::tenants_are_isolated_from_each_other,
    fabric::a_leaf_announces_and_withdraws_its_hosts,
    kubernetes::pods_run_on_both_nodes_and_answer_through_their_service,
    sessions::both_nodes_are_established_with_their_switch,
    sessions::the_host_sessions_of_both_overlays_are_established,
    sessions::the_api_tells_of_a_session_within_two_seconds,
    traffic::hosts_reach_the_service_of_their_tenant_and_no_other,
    traffic::requests_reach_the_pods_of_both_nodes,
    traffic::replies_find_their_way_by_learned_routes,
    routes::routes_of_the_leaves_come_and_go_on_both_nodes,
    deletion::a_deleted_service_is_withdrawn_and_comes_back,
    deletion::a_service_without_endpoints_is_withdrawn_and_comes_back,
    deletion::a_deleted_peer_is_withdrawn_and_comes_back,
    deletion::a_deleted_l3vni_leaves_nothing_and_comes_back,
    deletion::a_deleted_underlay_gives_the_nic_back_and_comes_back,
    change::a_third_overlay_comes_and_goes_without_a_lost_packet_or_session,
    change::what_somebody_changes_in_frr_by_hand_is_put_right,
    resilience::traffic_comes_back_after_bgpd_is_killed,
    resilience::traffic_comes_back_after_the_node_pod_is_replaced,
    resilience::no_packet_is_lost_when_the_controller_is_replaced,
    resilience::no_packet_is_lost_when_the_agent_is_killed,
    resilience::no_packet_is_lost_when_the_node_routers_are_deleted,
    resilience::no_packet_is_lost_while_the_api_is_away,
    refusals::what_one_object_shows_is_refused_at_apply,
    refusals::what_several_objects_show_is_said_on_the_newer_one,
    refusals::an_unknown_peer_is_said_on_the_advertisement,
    refusals::a_service_without_an_address_is_told_why,
    refusals::a_missing_nic_is_said_on_the_underlay,
    refusals::an_object_that_cannot_be_read_stops_no_other,
    chart::an_uninstalled_chart_leaves_the_nodes_as_they_were,
    chart::an_installed_chart_finds_the_users_objects_again,
    chart::an_upgrade_with_other_values_keeps_the_addresses,
    plain::plain_processes_serve_a_cluster_without_an_underlay,
    ;
    // What is open, and why: docs/open.md. `-- --include-ignored` runs these, too.
    open:
];

fn main() -> ExitCode {
    ferroute_e2e::main(Script::Scenarios(SCENARIOS))
}
