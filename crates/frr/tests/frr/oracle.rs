//! Our client and frr-reload.py lead two FRRs through the same configurations; both must end in the same running
//! configuration. docs/oracle.md says how to run it, and where frr-reload.py is wrong.

mod flaps;
mod generate;
pub(crate) mod live;
mod more;
mod reason;
mod reload;
mod report;
mod running;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ferroute_frr::apply::Engine;
use ferroute_frr::vty::VtyError;

use crate::lab::{Instance, frr_version};

use flaps::flaps;
pub(crate) use flaps::sessions;
use generate::{Pair, Pairs};
use reason::Disagreement;
use reload::{Reloaded, reload, repair};
use report::Report;
use running::{Lines, difference, running, said_of_peers};

/// How many pairs to run.
const PAIRS: &str = "FERROUTE_ORACLE_PAIRS";

/// What they are drawn from.
const SEED: &str = "FERROUTE_ORACLE_SEED";

/// The number of the first pair to run; those before are only generated.
const FIRST: &str = "FERROUTE_ORACLE_FIRST";

/// The record of docs/oracle.md. Without other words a test runs some of its pairs, other ones every day.
const RECORDED_SEED: usize = 20_261_121;
const RECORDED_PAIRS: usize = 2_000;
const PAIRS_OF_A_DAY: usize = 150;

/// A run ends after so many failures.
const MOST_FAILURES: usize = 25;

/// After so many pairs a long run says how it goes.
const SOMETIMES: usize = 250;

/// How long sessions may take to come up.
const COMING_UP: Duration = Duration::from_secs(2);

fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("a number"))
}

/// Where the pairs of today begin in those of the record.
fn first_of_today() -> usize {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let day = usize::try_from(now.as_secs() / 86_400).unwrap();
    day % (RECORDED_PAIRS / PAIRS_OF_A_DAY) * PAIRS_OF_A_DAY + 1
}

#[tokio::test]
async fn our_client_and_frr_reload_end_in_the_same_configuration() {
    let seed = number(SEED).unwrap_or(RECORDED_SEED);
    let (count, first) = match number(PAIRS) {
        Some(count) => (count, 1),
        None => (PAIRS_OF_A_DAY, first_of_today()),
    };
    let first = number(FIRST).unwrap_or(first);
    let version = frr_version();
    println!("FRR {version}, {SEED}={seed}, {count} pairs from number {first}");
    let start = Instant::now();
    let mut bench = Bench::start(seed).await;
    let pairs = Pairs::new(u32::try_from(seed).unwrap(), &version);
    for (index, pair) in pairs.skip(first - 1).take(count).enumerate() {
        if index == 0 && first > 1 {
            bench.begin_at(&pair).await;
        }
        bench.run(&pair).await;
        if bench.report.failures.len() >= MOST_FAILURES {
            break;
        }
        if bench.report.pairs % SOMETIMES == 0 {
            println!("so far, {:.0?}\n{}", start.elapsed(), bench.report);
        }
    }
    let report = &bench.report;
    println!(
        "FRR {version}, seed {seed}, {:.0?}\n{report}",
        start.elapsed()
    );
    assert_eq!(report.failures.len(), 0, "failures");
    let is_blind = report.pairs >= 50 && report.sessions_kept < report.pairs / 2;
    assert!(!is_blind, "hardly a session was ever up");
}

/// An instance for us with a peer, and one for frr-reload.py.
struct Bench {
    seed: usize,
    ours: Instance,
    peer: Instance,
    theirs: Instance,
    engine: Engine,
    report: Report,
}

/// The instance that our client configures, and its peer.
async fn ours() -> (Instance, Instance) {
    let ours = Instance::start("router").await;
    let peer = Instance::start("router").await;
    live::connect(&ours, &peer).await;
    (ours, peer)
}

impl Bench {
    async fn start(seed: usize) -> Self {
        let (ours, peer) = ours().await;
        Self {
            seed,
            engine: ours.engine(),
            ours,
            peer,
            theirs: reload::start().await,
            report: Report::default(),
        }
    }

    /// Goes to where a pair begins that is not the first.
    async fn begin_at(&mut self, pair: &Pair) {
        self.engine.apply(&pair.from).await.unwrap();
        repair(&mut self.theirs, &pair.from).await;
    }

    async fn run(&mut self, pair: &Pair) {
        self.report.pairs += 1;
        *self.report.by_kind.entry(pair.kind).or_default() += 1;
        let before = sessions(&self.ours).await;
        self.apply(pair).await;
        let reloaded = reload(&self.theirs, &pair.to);
        self.report.theirs.push(reloaded.took);
        self.compare(pair, &reloaded).await;
        let after = sessions(&self.ours).await;
        let flaps = flaps(
            &before,
            &after,
            &said_of_peers(&pair.from),
            &said_of_peers(&pair.to),
        );
        self.report.sessions_kept += flaps.looked_at;
        if !flaps.reset.is_empty() {
            let failure = format!("sessions were reset: {:?}", flaps.reset);
            self.fail(pair, &failure);
        }
        if pair.kind == "unrelated" {
            self.let_sessions_come_up(pair).await;
        }
    }

    /// Waits for the peers that can be reached, or for a while: else hardly a session would be there to be kept.
    async fn let_sessions_come_up(&self, pair: &Pair) {
        let start = Instant::now();
        let able = live::able(&pair.to);
        while start.elapsed() < COMING_UP {
            let up = sessions(&self.ours).await;
            if able.iter().all(|peer| up.contains_key(peer)) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A daemon that crashes is a failure, too, and the walk goes on with new ones.
    async fn apply(&mut self, pair: &Pair) {
        if let Err(error) = self.apply_twice(pair).await {
            let log = self.ours.last_words();
            let failure = format!("a daemon of ours ended: {error:?}\n{log}");
            self.fail(pair, &failure);
            (self.ours, self.peer) = ours().await;
            self.engine = self.ours.engine();
            self.engine.apply(&pair.to).await.unwrap();
        }
    }

    /// Has our client make the first instance say what is desired, and once more.
    async fn apply_twice(&mut self, pair: &Pair) -> Result<(), VtyError> {
        let start = Instant::now();
        let applied = self.engine.apply(&pair.to).await?;
        self.report.ours.push(start.elapsed());
        self.report.commands += applied.commands_sent;
        let drift = self.engine.drift(&pair.to).await?;
        let again = self.engine.apply(&pair.to).await?.commands_sent;
        if !applied.refused.is_empty() || !drift.is_empty() || again != 0 {
            let drift: Vec<_> = drift.iter().map(ToString::to_string).collect();
            let refused = applied.refused;
            let failure = format!(
                "ours is not the model: refused {refused:#?}, drift {drift:#?}, again {again}"
            );
            self.fail(pair, &failure);
            self.engine = self.ours.engine();
        }
        Ok(())
    }

    /// Compares the two; the second instance follows the first where frr-reload.py did not.
    async fn compare(&mut self, pair: &Pair, reloaded: &Reloaded) {
        let [ours, theirs] = [&self.ours, &self.theirs].map(running);
        let (ours, theirs) = (ours.await, theirs.await);
        let lines = difference(&ours, &theirs);
        if lines.is_empty() {
            self.report.agreed += 1;
            return;
        }
        match Disagreement::new(pair, &lines, &reloaded.said).reasons() {
            Some(names) => self.report.count(&names),
            None => self.fail(pair, &unknown(&lines, reloaded, &ours, &theirs)),
        }
        repair(&mut self.theirs, &pair.to).await;
    }

    /// A failure, with how to run it again and the two configurations of its pair.
    fn fail(&mut self, pair: &Pair, failure: &str) {
        let Pair {
            number,
            kind,
            from,
            to,
        } = pair;
        let seed = self.seed;
        let again = format!("{SEED}={seed} {FIRST}={number} {PAIRS}=1");
        self.report.fail(format!("{again} ({kind}): {failure}"));
        println!("from\n{from}\nto\n{to}");
    }
}

/// All that there is to know of a disagreement.
fn unknown(lines: &[String], reloaded: &Reloaded, ours: &Lines, theirs: &Lines) -> String {
    let Reloaded {
        succeeded, said, ..
    } = reloaded;
    let all = |lines: &Lines| lines.iter().cloned().collect::<Vec<_>>().join("\n");
    format!(
        "an unknown disagreement (-ours, +frr-reload.py, success: {succeeded}): {lines:#?}\n{said}\nours runs\n{}\n\n\
         that of frr-reload.py runs\n{}\n",
        all(ours),
        all(theirs)
    )
}
