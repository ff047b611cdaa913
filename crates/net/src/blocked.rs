//! What a failed change stops: its own dependants and nothing else. Pure.

use std::collections::BTreeSet;

use crate::{Attachment, Change, LinkName, Place, Subject};

/// What is stopped so far, while a plan is carried out.
#[derive(Debug, Default)]
pub(crate) struct Blocked {
    subjects: BTreeSet<Subject>,
    places: BTreeSet<Place>,
    /// NICs with something that could not be given to them: their record must not be dropped.
    incomplete: BTreeSet<LinkName>,
}

impl Blocked {
    /// Whether the change must not be tried. What stands on a skipped change is skipped too.
    pub(crate) fn skips(&mut self, subject: &Subject, change: &Change) -> bool {
        let skips = self.subjects.contains(subject)
            || stands_on(change)
                .iter()
                .any(|place| self.places.contains(place))
            || self.would_lose_a_record(change);
        if skips {
            self.fail(subject, change);
        }
        skips
    }

    pub(crate) fn fail(&mut self, subject: &Subject, change: &Change) {
        match change {
            // Above all, an isolated VRF: a leg outside of it would leak its routes.
            Change::Create { place, .. }
            | Change::Delete { place }
            | Change::Attach { place, .. } => {
                self.places.insert(place.clone());
                self.subjects.insert(subject.clone());
            }
            Change::AddUnreachable(_) | Change::SaveNic(_) | Change::MoveNic { .. } => {
                self.subjects.insert(subject.clone());
            }
            Change::SetMac { .. }
            | Change::SetMtu { .. }
            | Change::DisableLinkLocal { .. }
            | Change::SetEvpnPort { .. }
            | Change::SetUp { .. }
            | Change::AddAddress { .. }
            | Change::RemoveAddress { .. }
            | Change::RemoveUnreachable(_)
            | Change::SetNicGroup { .. }
            | Change::RestoreRoute { .. }
            | Change::ForgetNic { .. } => {
                if let Subject::Nic(nic) = subject {
                    self.incomplete.insert(nic.clone());
                }
            }
        }
    }

    fn would_lose_a_record(&self, change: &Change) -> bool {
        match change {
            Change::SetNicGroup { nic, .. } | Change::ForgetNic { nic } => {
                self.incomplete.contains(nic)
            }
            _ => false,
        }
    }
}

/// The links that a change needs besides its subject: those of another VNI, such as a shared VRF.
fn stands_on(change: &Change) -> Vec<Place> {
    match change {
        Change::Attach {
            place,
            to: Attachment::To(controller),
        } => {
            vec![
                place.clone(),
                Place {
                    space: place.space,
                    name: controller.clone(),
                },
            ]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Link, TableId, Vni, names};

    fn vni(number: u32) -> Vni {
        Vni::new(number).unwrap()
    }

    fn vrf() -> Place {
        Place::router(LinkName::new("red").unwrap())
    }

    fn create_vrf() -> Change {
        let link = Link::fresh(
            vni(1),
            Kind::Vrf {
                table: TableId::of(vni(1)),
            },
        );
        Change::Create {
            place: vrf(),
            link: Box::new(link),
        }
    }

    #[test]
    fn a_vrf_that_failed_stops_its_overlay_and_whoever_would_join_it_and_no_other() {
        let mut blocked = Blocked::default();
        blocked.fail(&Subject::Vni(vni(1)), &create_vrf());

        let up = |number| Change::SetUp {
            place: Place::router(names::router_leg(vni(number))),
        };
        assert!(blocked.skips(&Subject::Vni(vni(1)), &up(1)));

        let join = |number| Change::Attach {
            place: Place::router(names::router_bridge(vni(number))),
            to: Attachment::To(vrf().name),
        };
        assert!(!blocked.skips(&Subject::Vni(vni(2)), &up(2)));
        assert!(blocked.skips(&Subject::Vni(vni(2)), &join(2)));
        // A bridge that is not in its VRF must not come up.
        assert!(blocked.skips(&Subject::Vni(vni(2)), &up(2)));
        assert!(!blocked.skips(&Subject::Vni(vni(3)), &up(3)));
    }

    #[test]
    fn a_nic_with_something_missing_keeps_its_record() {
        let mut blocked = Blocked::default();
        let nic = LinkName::new("toswitch").unwrap();
        let subject = Subject::Nic(nic.clone());
        let place = Place::host(nic.clone());
        let add = |address: &str| Change::AddAddress {
            place: place.clone(),
            address: address.parse().unwrap(),
        };
        blocked.fail(&subject, &add("fd00::1/64"));
        assert!(!blocked.skips(&subject, &add("10.0.0.1/24")));
        assert!(blocked.skips(
            &subject,
            &Change::SetNicGroup {
                nic: nic.clone(),
                group: 0
            }
        ));
        assert!(blocked.skips(&subject, &Change::ForgetNic { nic }));
    }
}
