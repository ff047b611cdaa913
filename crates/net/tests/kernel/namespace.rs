//! The router's namespace on a real kernel.

use crate::node::{failures, on_a_node};
use ferroute_net::{Desired, Error, Prepared, prepare};

#[test]
fn a_namespace_is_prepared_once_and_only_what_is_wrong_is_written_again() {
    on_a_node(async |node| {
        let first = prepare(&node.netns()).unwrap();
        assert!(first.created && first.loopback_raised, "{first:?}");
        let nothing = Prepared {
            created: false,
            loopback_raised: false,
            sysctls: Vec::new(),
        };
        assert_eq!(prepare(&node.netns()).unwrap(), nothing);

        node.sysctl_in_router("ipv4/conf/all/rp_filter", "1");
        let repaired = prepare(&node.netns()).unwrap();
        let written: Vec<_> = repaired
            .sysctls
            .iter()
            .map(|one| (one.name, one.before.as_str()))
            .collect();
        assert_eq!(written, [("ipv4/conf/all/rp_filter", "1")]);
        assert_eq!(
            node.read_in_router("/proc/sys/net/ipv4/conf/all/rp_filter"),
            "0"
        );
    });
}

#[test]
fn the_namespace_forwards_both_families_and_the_host_is_left_as_it_was() {
    on_a_node(async |node| {
        let forwarding = "/proc/sys/net/ipv4/ip_forward";
        let host = || node.read_in_host(forwarding);
        let before = host();
        prepare(&node.netns()).unwrap();
        assert_eq!(node.read_in_router(forwarding), "1");
        assert_eq!(
            node.read_in_router("/proc/sys/net/ipv6/conf/all/forwarding"),
            "1"
        );
        assert_eq!(host(), before);
    });
}

#[test]
fn the_file_of_a_namespace_that_was_never_mounted_is_used() {
    on_a_node(async |node| {
        std::fs::create_dir_all(node.netns().parent().unwrap()).unwrap();
        std::fs::write(node.netns(), "").unwrap();
        assert!(prepare(&node.netns()).unwrap().created);
        node.router("link show lo");
    });
}

#[test]
fn opening_a_kernel_leaves_the_threads_of_the_runtime_where_they_are() {
    on_a_node(async |node| {
        let own = || std::fs::read_link("/proc/thread-self/ns/net").unwrap();
        let before = own();
        let kernel = node.kernel().await;
        assert_eq!(own(), before);
        drop(kernel);
    });
}

#[test]
fn a_namespace_that_was_replaced_is_told_and_not_written_to() {
    on_a_node(async |node| {
        let kernel = node.kernel().await;
        nix::mount::umount2(&node.netns(), nix::mount::MntFlags::MNT_DETACH).unwrap();
        prepare(&node.netns()).unwrap();
        let error = kernel.reconcile(&Desired::default()).await.unwrap_err();
        assert!(matches!(error, Error::NamespaceReplaced { .. }), "{error}");
        let outcome = node
            .kernel()
            .await
            .reconcile(&Desired::default())
            .await
            .unwrap();
        assert_eq!(failures(&outcome), Vec::<String>::new());
    });
}

#[test]
fn a_process_with_many_threads_does_not_enter_a_namespace() {
    on_a_node(async |node| {
        prepare(&node.netns()).unwrap();
        let error = ferroute_net::enter(&node.netns()).unwrap_err();
        assert!(matches!(error, Error::Threads { .. }), "{error}");
    });
}
