//! The changes that lead from what is observed to what is wanted. Pure.
//!
//! Order: what goes, ports before their controllers; then the underlay; then what comes, controllers before
//! their ports; then the NICs that go back to the host. Every change is run through [`Observed::apply`] before
//! the next is decided, so its side effects are part of the plan. Only what differs is written: zebra drops its
//! neighbors when an attribute is set again to the value it has.

mod nics;
#[cfg(test)]
mod properties;

use ipnet::IpNet;

use crate::{Attachment, Change, Kind, Link, Observed, Place, Step, Subject, Target, Vni, names};

/// The changes that lead from `observed` to `target`, in the order in which the kernel accepts them.
pub fn diff(target: &Target, observed: &Observed) -> Vec<Step> {
    let mut plan = Plan {
        now: observed.clone(),
        steps: Vec::new(),
    };
    plan.remove_links(target);
    plan.remove_unreachable(target);
    plan.loopback(target);
    plan.take_nics(target);
    for (place, link) in by_rank(target) {
        plan.build(target, place, link);
    }
    plan.return_nics(target);
    plan.steps
}

struct Plan {
    /// What the kernel will hold after the steps so far.
    now: Observed,
    steps: Vec<Step>,
}

impl Plan {
    fn step(&mut self, subject: &Subject, change: Change) {
        self.now.apply(&change);
        self.steps.push(Step {
            subject: subject.clone(),
            change,
        });
    }

    fn remove_links(&mut self, target: &Target) {
        let mut unwanted: Vec<(Place, Vni, u8)> = self
            .now
            .links
            .iter()
            .filter(|(place, link)| !is_kept(target, &self.now, place, link))
            .map(|(place, link)| (place.clone(), link.vni, rank(&link.kind)))
            .collect();
        unwanted.sort_by(|a, b| (b.2, &a.0).cmp(&(a.2, &b.0)));
        for (place, vni, _) in unwanted {
            // One leg of a pair takes the other with it.
            if self.now.links.contains_key(&place) {
                self.step(&Subject::Vni(vni), Change::Delete { place });
            }
        }
    }

    fn remove_unreachable(&mut self, target: &Target) {
        let unwanted: Vec<_> = self
            .now
            .unreachable
            .difference(&target.unreachable)
            .copied()
            .collect();
        for route in unwanted {
            if let Some(vni) = route.table.vni() {
                self.step(&Subject::Vni(vni), Change::RemoveUnreachable(route));
            }
        }
    }

    fn loopback(&mut self, target: &Target) {
        let place = Place::loopback();
        if !self.now.loopback.up {
            self.step(
                &Subject::Underlay,
                Change::SetUp {
                    place: place.clone(),
                },
            );
        }
        let has = self.now.loopback.addresses.clone();
        self.remove_addresses(&Subject::Underlay, &place, has.difference(&target.vteps));
        self.add_addresses(&Subject::Underlay, &place, target.vteps.difference(&has));
    }

    fn build(&mut self, target: &Target, place: &Place, want: &Link) {
        let subject = Subject::Vni(want.vni);
        if !self.now.links.contains_key(place) {
            let Link {
                vni,
                kind,
                mac,
                mtu,
                ..
            } = want.clone();
            let link = Box::new(Link {
                mac,
                mtu,
                ..Link::fresh(vni, kind)
            });
            self.step(
                &subject,
                Change::Create {
                    place: place.clone(),
                    link,
                },
            );
        }
        self.attributes(&subject, place, want);
        // The table ends in nothing before anything is put into its VRF.
        if let Kind::Vrf { table } = want.kind {
            let wanted = target
                .unreachable
                .iter()
                .filter(|route| route.table == table);
            for route in wanted {
                if !self.now.unreachable.contains(route) {
                    self.step(&subject, Change::AddUnreachable(*route));
                }
            }
        }
        self.set_up(&subject, place);
        self.addresses(&subject, place, want);
    }

    fn attributes(&mut self, subject: &Subject, place: &Place, want: &Link) {
        // The kind is right, or the link would have been removed; `up` and `addresses` come last.
        let Link {
            vni: _,
            kind: _,
            mac,
            mtu,
            up: _,
            attachment,
            link_local,
            evpn_port,
            addresses: _,
        } = want;
        let place = || place.clone();
        let Some(have) = self.now.links.get(&place()).cloned() else {
            return;
        };
        if let Some(mac) = mac.filter(|mac| have.mac != Some(*mac)) {
            self.step(
                subject,
                Change::SetMac {
                    place: place(),
                    mac,
                },
            );
        }
        if let Some(mtu) = mtu.filter(|mtu| have.mtu != Some(*mtu)) {
            self.step(
                subject,
                Change::SetMtu {
                    place: place(),
                    mtu,
                },
            );
        }
        if !link_local && have.link_local {
            self.step(subject, Change::DisableLinkLocal { place: place() });
        }
        if *attachment != Attachment::Unmanaged && *attachment != have.attachment {
            self.step(
                subject,
                Change::Attach {
                    place: place(),
                    to: attachment.clone(),
                },
            );
        }
        if *evpn_port
            && !self
                .now
                .links
                .get(&place())
                .is_some_and(|link| link.evpn_port)
        {
            self.step(subject, Change::SetEvpnPort { place: place() });
        }
    }

    fn set_up(&mut self, subject: &Subject, place: &Place) {
        if self.now.links.get(place).is_some_and(|link| !link.up) {
            self.step(
                subject,
                Change::SetUp {
                    place: place.clone(),
                },
            );
        }
    }

    fn addresses(&mut self, subject: &Subject, place: &Place, want: &Link) {
        let Some(has) = self.now.links.get(place).map(|link| link.addresses.clone()) else {
            return;
        };
        self.remove_addresses(subject, place, has.difference(&want.addresses));
        self.add_addresses(subject, place, want.addresses.difference(&has));
    }

    fn remove_addresses<'a>(
        &mut self,
        subject: &Subject,
        place: &Place,
        addresses: impl Iterator<Item = &'a IpNet>,
    ) {
        for &address in addresses {
            self.step(
                subject,
                Change::RemoveAddress {
                    place: place.clone(),
                    address,
                },
            );
        }
    }

    fn add_addresses<'a>(
        &mut self,
        subject: &Subject,
        place: &Place,
        addresses: impl Iterator<Item = &'a IpNet>,
    ) {
        for &address in addresses {
            self.step(
                subject,
                Change::AddAddress {
                    place: place.clone(),
                    address,
                },
            );
        }
    }
}

/// A link stays if it is wanted as the kind that it is, and, as one leg of a pair, if the other one stays.
fn is_kept(target: &Target, now: &Observed, place: &Place, link: &Link) -> bool {
    let is_wanted = |place: &Place, link: &Link| {
        target
            .links
            .get(place)
            .is_some_and(|want| want.kind == link.kind && want.vni == link.vni)
    };
    match link.kind {
        Kind::Veth { .. } => {
            let other = names::other_leg(place, link.vni);
            let other_stays = now
                .links
                .get(&other)
                .is_some_and(|link| is_wanted(&other, link));
            is_wanted(place, link) && other_stays
        }
        Kind::Vrf { .. } | Kind::Bridge | Kind::Vxlan { .. } => is_wanted(place, link),
    }
}

/// What must exist before what: controllers have a lower rank than their ports.
const fn rank(kind: &Kind) -> u8 {
    match kind {
        Kind::Vrf { .. } => 0,
        Kind::Bridge => 1,
        Kind::Vxlan { .. } => 2,
        Kind::Veth { .. } => 3,
    }
}

fn by_rank(target: &Target) -> Vec<(&Place, &Link)> {
    let mut links: Vec<_> = target.links.iter().collect();
    links.sort_by_key(|(place, link)| (rank(&link.kind), *place));
    links
}
