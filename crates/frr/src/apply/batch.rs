//! Sends commands, those together that FRR takes better together.

use std::ops::Range;
use std::sync::Arc;

use super::session::Sessions;
use super::{Applied, Refused};
use crate::diff::{Command, definition};
use crate::vty::{Daemon, VtyError};

/// The lines with which vtysh brackets a file. bgpd starts peers that are new within them only after the second, with every
/// family that they have by then; and it takes the lines of prefix-lists within them together, where else it needs a time
/// for each that grows with the length of the list.
const HOLD: &str = "XFRR_start_configuration";
const RELEASE: &str = "XFRR_end_configuration";

/// A route-map that nobody uses, for the moment in which new peers are released. bgpd then waits for what is left of the time
/// after which it looks at changed route-maps, in whole seconds: of the one second that we configure, nothing. If none has
/// changed it waits for a second.
const CHANGED_POLICY: &str = "route-map ferroute-new-peers";

/// Fewer lines of prefix-lists than this are not worth the brackets.
const BATCH: usize = 8;

/// Sends commands in order.
pub(super) async fn send(
    sessions: &mut Sessions,
    commands: &[Command],
) -> Result<Applied, VtyError> {
    let mut applied = Applied {
        commands_sent: commands.len(),
        ..Applied::default()
    };
    let new_peers = lines_of_new_peers(commands);
    let (before, after) = (&commands[..new_peers.start], &commands[new_peers.end..]);
    send_lists(sessions, before, &mut applied.refused).await?;
    send_new_peers(sessions, &commands[new_peers], &mut applied.refused).await?;
    send_lists(sessions, after, &mut applied.refused).await?;
    Ok(applied)
}

async fn send_new_peers(
    sessions: &mut Sessions,
    commands: &[Command],
    refused: &mut Vec<Refused>,
) -> Result<(), VtyError> {
    if commands.is_empty() {
        return Ok(());
    }
    sessions.at_root(Daemon::Bgpd, HOLD).await?;
    send_each(sessions, commands, refused).await?;
    let [make, remove] = [
        format!("{CHANGED_POLICY} permit 1"),
        format!("no {CHANGED_POLICY}"),
    ]
    .map(at_root);
    refused.extend(sessions.send(&make).await?);
    release(sessions).await?;
    refused.extend(sessions.send(&remove).await?);
    Ok(())
}

/// Starts the peers that somebody held who ended before releasing them. bgpd itself would, after ten minutes.
pub(super) async fn release(sessions: &mut Sessions) -> Result<(), VtyError> {
    sessions.at_root(Daemon::Bgpd, RELEASE).await
}

/// From the definition of the first new peer to the last line of a BGP instance. Without new peers it is empty.
///
/// Policies come before. Where free configuration has some in between, the brackets end there: FRR would say that it refuses
/// such a line only after the next.
fn lines_of_new_peers(commands: &[Command]) -> Range<usize> {
    let in_instance = |command: &Command| {
        let root = command.context.first();
        root.is_some_and(|root| root.starts_with("router bgp "))
    };
    let defines = |command| in_instance(command) && is_new_peer(&command.line);
    let Some(first) = commands.iter().position(defines) else {
        return 0..0;
    };
    let is_policy = |command: &Command| is_route_map(command) || is_list_rule(command);
    let held = commands[first..].split(is_policy).next();
    let last = held.and_then(|held| held.iter().rposition(in_instance));
    first..first + last.map_or(0, |last| last + 1)
}

/// Sends the runs of lines of prefix-lists in brackets.
async fn send_lists(
    sessions: &mut Sessions,
    commands: &[Command],
    refused: &mut Vec<Refused>,
) -> Result<(), VtyError> {
    for run in commands.chunk_by(|a, b| is_list_rule(a) == is_list_rule(b)) {
        if run.len() >= BATCH && is_list_rule(&run[0]) {
            sessions.at_root(Daemon::Bgpd, HOLD).await?;
            send_each(sessions, run, refused).await?;
            release(sessions).await?;
        } else {
            send_each(sessions, run, refused).await?;
        }
    }
    Ok(())
}

async fn send_each(
    sessions: &mut Sessions,
    commands: &[Command],
    refused: &mut Vec<Refused>,
) -> Result<(), VtyError> {
    for command in commands {
        refused.extend(sessions.send(command).await?);
    }
    Ok(())
}

fn at_root(line: String) -> Command {
    let context = Arc::from([]);
    Command { context, line }
}

/// Whether a line of an instance makes a peer: one of its own, or one of a group that has an AS.
fn is_new_peer(line: &str) -> bool {
    match line.split_once(" peer-group") {
        Some((peer, group)) => peer.starts_with("neighbor ") && !group.is_empty(),
        None => definition(line).is_some(),
    }
}

fn is_route_map(command: &Command) -> bool {
    let root = command.context.first().unwrap_or(&command.line);
    root.starts_with("route-map ")
}

fn is_list_rule(command: &Command) -> bool {
    let line = command.line.strip_prefix("no ").unwrap_or(&command.line);
    line.starts_with("ip prefix-list ") || line.starts_with("ipv6 prefix-list ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_peers_are_held_until_the_last_line_of_an_instance() {
        let instance = &["router bgp 1"];
        let family = &["router bgp 1", "address-family ipv4 unicast"];
        let commands = [
            command(&[], "route-map a permit 1"),
            command(instance, "bgp router-id 10.0.0.1"),
            command(instance, "neighbor 10.0.0.2 remote-as 2"),
            command(family, "neighbor 10.0.0.2 route-map a out"),
            command(&[], "no route-map b"),
        ];
        assert_eq!(lines_of_new_peers(&commands), 2..4);
        let freely = [
            command(instance, "neighbor 10.0.0.2 remote-as 2"),
            command(&["route-map c permit 1"], "set metric 1"),
            command(instance, "neighbor 10.0.0.3 remote-as 2"),
        ];
        assert_eq!(lines_of_new_peers(&freely), 0..1);
    }

    #[test]
    fn a_member_of_a_group_is_a_new_peer_and_the_group_is_not() {
        assert!(is_new_peer("neighbor 10.0.0.2 peer-group leaves"));
        assert!(is_new_peer("neighbor eth0 interface remote-as external"));
        assert!(!is_new_peer("neighbor leaves peer-group"));
        assert!(!is_new_peer("no neighbor 10.0.0.2"));
        assert!(!is_new_peer("no neighbor 10.0.0.2 peer-group leaves"));
    }

    #[test]
    fn nothing_is_held_for_peers_that_are_there() {
        let commands = [
            command(&["router bgp 1"], "neighbor 10.0.0.2 timers 3 9"),
            command(&["router bgp 1"], "no neighbor 10.0.0.3"),
        ];
        assert!(lines_of_new_peers(&commands).is_empty());
        assert!(lines_of_new_peers(&[]).is_empty());
    }

    fn command(context: &[&str], line: &str) -> Command {
        Command {
            context: context.iter().map(|line| (*line).to_owned()).collect(),
            line: line.to_owned(),
        }
    }
}
