//! What has come up or gone down since it was told last. No I/O, and no clock of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::{Duration, Instant};

use ferroute_frr::bfd::Status;
use ferroute_frr::session::State;

use crate::node::Instance;
use crate::seen::Seen;

/// The same news of the same session again is told after this time at the earliest, if it is still true.
const PAUSE: Duration = Duration::from_secs(10);

/// Something that is up or down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Of {
    pub(crate) instance: Instance,
    pub(crate) vrf: Option<String>,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A BGP session with a peer.
    Bgp(String),
    /// A BFD session with a peer.
    Bfd(String),
    /// A VNI.
    Vni(u32),
}

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instance,
            vrf,
            what,
        } = self;
        write!(f, "{}: ", instance.as_str())?;
        let vrf = vrf.as_deref().unwrap_or("default");
        match what {
            What::Bgp(peer) => write!(f, "BGP session with {peer} in VRF {vrf}"),
            What::Bfd(peer) => write!(f, "BFD session with {peer} in VRF {vrf}"),
            What::Vni(vni) => write!(f, "VNI {vni}"),
        }
    }
}

/// That something has come up or gone down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) of: Of,
    pub(crate) up: bool,
    /// Why it went down, in FRR's words.
    pub(crate) why: Option<String>,
}

impl News {
    pub(crate) fn reason(&self) -> &'static str {
        match (&self.of.what, self.up) {
            (What::Bgp(_), true) => "SessionUp",
            (What::Bgp(_), false) => "SessionDown",
            (What::Bfd(_), true) => "BFDUp",
            (What::Bfd(_), false) => "BFDDown",
            (What::Vni(_), true) => "VNIUp",
            (What::Vni(_), false) => "VNIDown",
        }
    }

    pub(crate) fn note(&self) -> String {
        let state = if self.up { "up" } else { "down" };
        match &self.why {
            Some(why) => format!("{} is {state}: {why}", self.of),
            None => format!("{} is {state}", self.of),
        }
    }
}

/// How something stands at a look.
struct Standing {
    up: bool,
    /// How often it has gone down; what went down and came up between two looks is news, too.
    drops: u64,
    why: Option<String>,
}

/// How something was told to stand.
#[derive(Debug, Default)]
struct Told {
    up: bool,
    drops: u64,
    up_at: Option<Instant>,
    down_at: Option<Instant>,
}

/// Remembers what was told.
#[derive(Debug, Default)]
pub(crate) struct Newsroom {
    told: BTreeMap<Of, Told>,
    /// The instances of which something is known.
    known: BTreeSet<Instance>,
}

impl Newsroom {
    /// What is to be told after a look; `None` if FRR did not answer, which leaves nothing up. The first answer of an
    /// instance is no news: its sessions may be as they are for days.
    pub(crate) fn news(
        &mut self,
        instance: Instance,
        seen: Option<&Seen>,
        now: Instant,
    ) -> Vec<News> {
        let silent = seen.is_none();
        let standings = seen.map_or_else(BTreeMap::new, |seen| standings(instance, seen));
        if !silent && self.known.insert(instance) {
            self.told
                .extend(standings.into_iter().map(|(of, s)| (of, Told::first(&s))));
            return Vec::new();
        }
        let mut news = self.gone(&standings, instance, silent, now);
        for (of, standing) in standings {
            let told = self.told.entry(of.clone()).or_insert_with(|| Told {
                drops: standing.drops,
                ..Told::default()
            });
            news.extend(told.tell(&of, &standing, now));
        }
        news
    }

    /// What was up and is not there any more.
    fn gone(
        &mut self,
        standings: &BTreeMap<Of, Standing>,
        instance: Instance,
        silent: bool,
        now: Instant,
    ) -> Vec<News> {
        let why = if silent {
            "FRR does not answer"
        } else {
            "not configured any more"
        };
        let mut news = Vec::new();
        self.told.retain(|of, told| {
            if of.instance != instance || standings.contains_key(of) {
                return true;
            }
            let gone = Standing {
                up: false,
                drops: told.drops,
                why: Some(why.to_owned()),
            };
            news.extend(told.tell(of, &gone, now));
            told.up || silent || recent(told.up_at, now) || recent(told.down_at, now)
        });
        news
    }
}

impl Told {
    fn first(standing: &Standing) -> Self {
        Self {
            up: standing.up,
            drops: standing.drops,
            ..Self::default()
        }
    }

    /// What is not told now because it was told a moment ago is still untold at the next look.
    fn tell(&mut self, of: &Of, standing: &Standing, now: Instant) -> Vec<News> {
        let news = |up, why: Option<&String>| News {
            of: of.clone(),
            up,
            why: why.cloned(),
        };
        let mut told = Vec::new();
        let lost = self.up && (!standing.up || standing.drops != self.drops);
        if lost && !recent(self.down_at, now) {
            self.up = false;
            self.drops = standing.drops;
            self.down_at = Some(now);
            told.push(news(false, standing.why.as_ref()));
        }
        if !self.up && standing.up && !recent(self.up_at, now) {
            self.up = true;
            self.drops = standing.drops;
            self.up_at = Some(now);
            told.push(news(true, None));
        }
        told
    }
}

fn recent(at: Option<Instant>, now: Instant) -> bool {
    at.is_some_and(|at| now.duration_since(at) < PAUSE)
}

/// Of two of the same name the first counts.
fn standings(instance: Instance, seen: &Seen) -> BTreeMap<Of, Standing> {
    let Seen {
        sessions,
        bfd,
        vnis,
    } = seen;
    let of = |vrf: &Option<String>, what| Of {
        instance,
        vrf: vrf.clone(),
        what,
    };
    let sessions = sessions.iter().map(|session| {
        let standing = Standing {
            up: session.state == State::Established,
            drops: session.drops,
            why: session.last_reset.clone(),
        };
        (of(&session.vrf, What::Bgp(session.peer.clone())), standing)
    });
    let bfd = bfd.iter().map(|peer| {
        let standing = Standing {
            up: peer.status == Status::Up,
            drops: peer.counters.session_down,
            why: peer.diagnostic.clone(),
        };
        (of(&peer.id.vrf, What::Bfd(peer.id.peer_name())), standing)
    });
    let vnis = vnis.iter().map(|vni| {
        let standing = Standing {
            up: vni.up,
            drops: 0,
            why: None,
        };
        // It is the same one when its VRF comes.
        (of(&None, What::Vni(vni.vni)), standing)
    });
    let mut standings = BTreeMap::new();
    for (of, standing) in sessions.chain(bfd).chain(vnis) {
        standings.entry(of).or_insert(standing);
    }
    standings
}

#[cfg(test)]
mod tests;
