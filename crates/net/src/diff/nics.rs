//! The part of the plan that moves underlay NICs between host and router.
//!
//! A NIC is recorded on disk before it moves, marked in the request that moves it, and unmarked and forgotten only
//! when everything that the record holds is back. So a stop at any point leaves enough to go on from:
//!
//! | NIC is in | marked | record | it was |
//! |---|---|---|---|
//! | host | no | no | never ours |
//! | host | no | yes | about to move; or it came back (the node was restarted), and the host sets it up anew |
//! | host | yes | yes | on its way back; or its namespace was deleted under it, and it fell back bare |
//! | router | yes | yes | ours |
//! | router | any | no | put there by others, or our state directory was lost: what it is now is what we know |

use crate::{Change, LinkName, Observed, Place, Space, Subject, Target, observed::Nic};

use super::Plan;

impl Plan {
    pub(super) fn take_nics(&mut self, target: &Target) {
        for name in &target.nics {
            let Some(nic) = self.now.nics.get(name).cloned() else {
                continue;
            };
            match nic.space {
                Space::Host if nic.controller_in_host().is_some() => continue,
                Space::Host => self.move_to_router(name, &nic),
                Space::Router => self.adopt(name, &nic),
            }
            self.give_addresses(name, Space::Router);
        }
    }

    pub(super) fn return_nics(&mut self, target: &Target) {
        for (name, nic) in unwanted(target, &self.now) {
            if nic.space == Space::Router {
                self.move_to_host(&name, &nic);
            }
            self.restore(&name);
        }
    }

    fn move_to_router(&mut self, name: &LinkName, nic: &Nic) {
        let subject = Subject::Nic(name.clone());
        if !nic.has_fuller_record() {
            self.step(&subject, Change::SaveNic(Box::new(nic.to_record(name))));
        }
        self.step(
            &subject,
            Change::MoveNic {
                nic: name.clone(),
                to: Space::Router,
            },
        );
    }

    fn adopt(&mut self, name: &LinkName, nic: &Nic) {
        let subject = Subject::Nic(name.clone());
        if nic.record.is_none() {
            self.step(&subject, Change::SaveNic(Box::new(nic.to_record(name))));
        }
        if !nic.is_marked() {
            let group = crate::names::NIC_GROUP;
            self.step(
                &subject,
                Change::SetNicGroup {
                    nic: name.clone(),
                    group,
                },
            );
        }
    }

    fn move_to_host(&mut self, name: &LinkName, nic: &Nic) {
        let subject = Subject::Nic(name.clone());
        if nic.record.is_none() {
            self.step(&subject, Change::SaveNic(Box::new(nic.to_record(name))));
        }
        self.step(
            &subject,
            Change::MoveNic {
                nic: name.clone(),
                to: Space::Host,
            },
        );
    }

    /// Addresses that others add to the NIC are left alone.
    fn give_addresses(&mut self, name: &LinkName, space: Space) {
        let Some(nic) = self.now.nics.get(name).cloned() else {
            return;
        };
        let subject = Subject::Nic(name.clone());
        let place = Place {
            space,
            name: name.clone(),
        };
        let wants_up = space == Space::Router || nic.record.as_ref().is_none_or(|record| record.up);
        if wants_up && !nic.up {
            self.step(
                &subject,
                Change::SetUp {
                    place: place.clone(),
                },
            );
        }
        let recorded = nic.record.iter().flat_map(|record| &record.addresses);
        let missing: Vec<_> = recorded
            .filter(|address| !nic.addresses.contains(address))
            .collect();
        self.add_addresses(&subject, &place, missing.into_iter());
    }

    fn restore(&mut self, name: &LinkName) {
        let Some(nic) = self.now.nics.get(name).cloned() else {
            return;
        };
        let subject = Subject::Nic(name.clone());
        if let Some(record) = nic.record.as_ref().filter(|_| nic.is_marked()) {
            let place = Place {
                space: Space::Host,
                name: name.clone(),
            };
            if record.mtu != nic.mtu {
                self.step(
                    &subject,
                    Change::SetMtu {
                        place,
                        mtu: record.mtu,
                    },
                );
            }
            self.give_addresses(name, Space::Host);
            for route in &record.routes {
                let route = Box::new(route.clone());
                self.step(
                    &subject,
                    Change::RestoreRoute {
                        nic: name.clone(),
                        route,
                    },
                );
            }
            let group = record.group;
            self.step(
                &subject,
                Change::SetNicGroup {
                    nic: name.clone(),
                    group,
                },
            );
        }
        if nic.record.is_some() {
            self.step(&subject, Change::ForgetNic { nic: name.clone() });
        }
    }
}

/// The NICs that were moved at some time and are no longer wanted. A NIC in the host with neither mark nor record
/// was never ours.
fn unwanted(target: &Target, now: &Observed) -> Vec<(LinkName, Nic)> {
    now.nics
        .iter()
        .filter(|(name, _)| !target.nics.contains(*name))
        .filter(|(_, nic)| nic.record.is_some() || nic.is_marked())
        .map(|(name, nic)| (name.clone(), nic.clone()))
        .collect()
}
