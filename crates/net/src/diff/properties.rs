//! Properties of the plan, for desired and observed states that overlap.

use std::net::IpAddr;

use crate::{
    Attachment, Change, Desired, HostBridge, Kind, L2Overlay, L3Overlay, Link, LinkName, Mac, Mtu,
    Nic, Observed, Place, Route, Space, Target, Underlay, Unreachable, Veth, Vni, diff, names,
};
use ipnet::IpNet;
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::{Index, select, subsequence},
};

fn name(name: &str) -> LinkName {
    LinkName::new(name).unwrap()
}

fn address() -> impl Strategy<Value = IpNet> {
    let addresses = [
        "10.0.0.1/24",
        "10.0.0.2/24",
        "10.1.0.1/24",
        "fd00::1/64",
        "fd00::2/64",
    ];
    select(addresses.map(|address| address.parse().unwrap()).to_vec())
}

fn vtep() -> impl Strategy<Value = IpAddr> {
    let vteps: [&str; 3] = ["100.65.0.1", "100.65.0.2", "fd00:65::1"];
    select(vteps.map(|vtep| vtep.parse().unwrap()).to_vec())
}

fn vrf() -> impl Strategy<Value = LinkName> {
    select(vec![name("red"), name("blue")])
}

fn l3(vni: u32) -> impl Strategy<Value = L3Overlay> {
    let legs = (vec(address(), 0..3), vec(address(), 0..3));
    let veth = proptest::option::of(legs.prop_map(|(host, router)| Veth { host, router }));
    (vrf(), select(vec![4789u16, 4790]), vtep(), veth).prop_map(
        move |(vrf, vxlan_port, vtep, veth)| L3Overlay {
            vni: Vni::new(vni).unwrap(),
            vrf,
            vxlan_port,
            vtep,
            veth,
        },
    )
}

fn l2(vni: u32) -> impl Strategy<Value = L2Overlay> {
    let bridges = vec![
        None,
        Some(HostBridge::Managed),
        Some(HostBridge::Existing(name("br0"))),
    ];
    (
        proptest::option::of(vrf()),
        vtep(),
        vec(address(), 0..3),
        select(bridges),
    )
        .prop_map(move |(vrf, vtep, gateway, host_bridge)| {
            let vni = Vni::new(vni).unwrap();
            L2Overlay {
                vni,
                vxlan_port: 4789,
                vtep,
                vrf,
                gateway,
                host_bridge,
            }
        })
}

/// Few VNIs, VRFs and addresses, so that two draws share most of them.
fn desired() -> impl Strategy<Value = Desired> {
    let nics = subsequence(vec![name("eth1"), name("eth2")], 0..=2);
    let underlay = (nics, vec(vtep(), 0..2)).prop_map(|(nics, vteps)| Underlay { nics, vteps });
    let overlays = (l3(1), l3(2), subsequence(vec![0usize, 1], 0..=2));
    let l2 = (l2(2), l2(3), subsequence(vec![0usize, 1], 0..=2));
    (proptest::option::of(underlay), overlays, l2).prop_map(|(underlay, overlays, l2)| {
        let (one, two, kept) = overlays;
        let overlays = kept.into_iter().map(|i| [&one, &two][i].clone()).collect();
        let (two, three, kept) = l2;
        let l2 = kept
            .into_iter()
            .map(|i| [&two, &three][i].clone())
            .collect();
        Desired {
            underlay,
            overlays,
            l2,
        }
    })
}

/// What something else may do to our links.
#[derive(Debug, Clone)]
enum Damage {
    Delete,
    Down,
    Detach,
    Mtu,
    Mac,
    Kind,
    Unpair,
    Addresses,
    Port,
    Routes,
    Loopback,
}

fn damage() -> impl Strategy<Value = (Damage, Index)> {
    use Damage::{Addresses, Delete, Detach, Down, Kind, Loopback, Mac, Mtu, Port, Routes, Unpair};
    let all = vec![
        Delete, Down, Detach, Mtu, Mac, Kind, Unpair, Addresses, Port, Routes, Loopback,
    ];
    (select(all), any::<Index>())
}

fn inflict(observed: &mut Observed, damage: &Damage, at: Index) {
    let links: Vec<_> = observed.links.keys().cloned().collect();
    match damage {
        Damage::Routes => observed.unreachable.clear(),
        Damage::Loopback => observed.loopback = crate::Loopback::default(),
        _ if links.is_empty() => {}
        Damage::Delete => observed.apply(&Change::Delete {
            place: at.get(&links).clone(),
        }),
        _ => hurt(observed.links.get_mut(at.get(&links)).unwrap(), damage),
    }
}

fn hurt(link: &mut Link, damage: &Damage) {
    match damage {
        Damage::Down => link.up = false,
        Damage::Detach => {
            link.attachment = Attachment::Detached;
            link.evpn_port = false;
        }
        Damage::Mtu => link.mtu = Some(Mtu(1300)),
        Damage::Mac => link.mac = Some(Mac([2; 6])),
        Damage::Kind => {
            if let Kind::Vxlan { learning, .. } = &mut link.kind {
                *learning = true;
            }
        }
        Damage::Unpair => {
            if let Kind::Veth { paired } = &mut link.kind {
                *paired = false;
            }
        }
        Damage::Addresses => {
            link.addresses.clear();
            link.addresses.insert("10.9.9.9/32".parse().unwrap());
        }
        Damage::Port => link.evpn_port = false,
        Damage::Delete | Damage::Routes | Damage::Loopback => unreachable!("not of one link"),
    }
}

fn nic() -> impl Strategy<Value = Nic> {
    let route = Route {
        gateway: Some("10.0.0.254".parse().unwrap()),
        destination: "0.0.0.0/0".parse().unwrap(),
        source: None,
        metric: None,
        protocol: 3,
        scope: 0,
        onlink: false,
    };
    (
        btree_set(address(), 0..3),
        any::<bool>(),
        select(vec![1500u32, 9000]),
    )
        .prop_map(move |(addresses, up, mtu)| Nic {
            space: Space::Host,
            group: 5,
            mtu: Mtu(mtu),
            up,
            controller: None,
            addresses,
            routes: vec![route.clone()],
            record: None,
        })
}

fn target(desired: &Desired) -> Target {
    Target::new(desired, Some(Mtu(1500)))
}

fn carry_out(target: &Target, observed: &mut Observed) -> Vec<Change> {
    let changes: Vec<_> = diff(target, observed)
        .into_iter()
        .map(|step| step.change)
        .collect();
    for change in &changes {
        strictly(observed, change);
        observed.apply(change);
    }
    changes
}

/// What the kernel would refuse, whatever the plan thinks of it.
fn strictly(observed: &Observed, change: &Change) {
    let exists = |place: &Place| {
        observed.links.contains_key(place)
            || place.name.as_str() == "lo"
            || observed
                .nics
                .get(&place.name)
                .is_some_and(|nic| nic.space == place.space)
    };
    match change {
        Change::Create { place, .. } => assert!(!exists(place), "{change}: it exists"),
        Change::Attach { place, to } => {
            assert!(exists(place), "{change}: it does not exist");
            if let Attachment::To(name) = to
                && name.as_str() != "br0"
            {
                let controller = Place {
                    space: place.space,
                    name: name.clone(),
                };
                assert!(exists(&controller), "{change}: there is no controller");
            }
        }
        Change::SetEvpnPort { place } => {
            assert_ne!(
                observed.links[place].attachment,
                Attachment::Detached,
                "{change}"
            );
        }
        Change::Delete { place }
        | Change::SetMac { place, .. }
        | Change::SetMtu { place, .. }
        | Change::DisableLinkLocal { place }
        | Change::SetUp { place }
        | Change::AddAddress { place, .. }
        | Change::RemoveAddress { place, .. } => {
            assert!(exists(place), "{change}: it does not exist");
        }
        Change::MoveNic { nic, .. } => {
            assert!(
                observed.nics[nic].record.is_some(),
                "{change}: nothing is recorded"
            );
        }
        Change::RestoreRoute { nic, .. } | Change::SetNicGroup { nic, .. } => {
            assert!(observed.nics.contains_key(nic), "{change}");
        }
        Change::AddUnreachable(_)
        | Change::RemoveUnreachable(_)
        | Change::SaveNic(_)
        | Change::ForgetNic { .. } => {}
    }
}

/// Whether the kernel holds what is wanted, compared without the planner.
fn assert_satisfied(target: &Target, observed: &Observed) {
    assert_eq!(
        target.links.keys().collect::<Vec<_>>(),
        observed.links.keys().collect::<Vec<_>>()
    );
    for (place, want) in &target.links {
        let have = &observed.links[place];
        let wanted = Link {
            mac: want.mac.or(have.mac),
            mtu: want.mtu.or(have.mtu),
            attachment: match &want.attachment {
                Attachment::Unmanaged => have.attachment.clone(),
                attachment => attachment.clone(),
            },
            link_local: want.link_local && have.link_local,
            evpn_port: want.evpn_port || have.evpn_port,
            ..want.clone()
        };
        assert_eq!(&wanted, have, "{place}");
    }
    assert_eq!(target.vteps, observed.loopback.addresses);
    assert!(observed.loopback.up);
    assert_eq!(target.unreachable, observed.unreachable);
    for nic in target.nics.iter().filter_map(|nic| observed.nics.get(nic)) {
        assert_eq!(
            (nic.space, nic.group, nic.up),
            (Space::Router, names::NIC_GROUP, true)
        );
        let recorded = &nic.record.as_ref().unwrap().addresses;
        assert!(
            recorded
                .iter()
                .all(|address| nic.addresses.contains(address))
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_plan_reaches_what_is_desired_and_then_there_is_none(
        before in desired(),
        after in desired(),
        nics in (nic(), nic()),
        damages in vec(damage(), 0..5),
    ) {
        let nics = [(name("eth1"), nics.0), (name("eth2"), nics.1)].into();
        let mut observed = Observed { nics, ..Observed::default() };
        carry_out(&target(&before), &mut observed);
        for (damage, at) in damages {
            inflict(&mut observed, &damage, at);
        }
        let target = target(&after);
        carry_out(&target, &mut observed);
        assert_satisfied(&target, &observed);
        prop_assert_eq!(diff(&target, &observed), []);
    }

    #[test]
    fn a_plan_that_stops_anywhere_is_taken_up_and_gives_every_nic_back_as_it_was(
        desired in desired(),
        original in nic(),
        stops in vec(any::<Index>(), 0..6),
    ) {
        let mut observed = Observed::default();
        observed.nics.insert(name("eth1"), original.clone());
        for (turn, stop) in stops.into_iter().enumerate() {
            let target = if turn % 2 == 0 { target(&desired) } else { Target::default() };
            let changes = diff(&target, &observed);
            for step in changes.iter().take(stop.index(changes.len() + 1)) {
                strictly(&observed, &step.change);
                observed.apply(&step.change);
            }
        }
        carry_out(&Target::default(), &mut observed);
        prop_assert_eq!(&observed.nics[&name("eth1")], &original);
        prop_assert_eq!(diff(&Target::default(), &observed), []);
    }

    #[test]
    fn ports_are_removed_before_their_controllers(before in desired()) {
        let mut observed = Observed::default();
        carry_out(&target(&before), &mut observed);
        for step in diff(&Target::default(), &observed) {
            if let Change::Delete { place } = &step.change {
                let attached = Attachment::To(place.name.clone());
                let mut ports = observed.links.iter();
                let port = ports.find(|(port, link)| {
                    port.space == place.space && link.attachment == attached
                });
                prop_assert_eq!(port, None);
            }
            observed.apply(&step.change);
        }
    }

    #[test]
    fn a_vrf_holds_nothing_before_its_table_ends_in_nothing(after in desired()) {
        let target = target(&after);
        let mut closed: Vec<Unreachable> = Vec::new();
        for step in diff(&target, &Observed::default()) {
            match step.change {
                Change::AddUnreachable(route) => closed.push(route),
                Change::Attach { to: Attachment::To(vrf), .. } => {
                    if let Some(Link { kind: Kind::Vrf { table }, .. }) =
                        target.links.get(&Place::router(vrf))
                    {
                        let routes = closed.iter().filter(|route| route.table == *table);
                        prop_assert_eq!(routes.count(), 2);
                    }
                }
                _ => {}
            }
        }
    }
}
