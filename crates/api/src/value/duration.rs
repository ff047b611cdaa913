//! Durations as Kubernetes writes them: `30s`, `1m30s`, `1.5h`.

use std::time::Duration;

use crate::violation::Problem;

/// What a duration of a BGP timer may take at most; keeps every sum far from overflow.
const MAX_SECONDS: f64 = 1e9;

/// Units with their seconds; `ms` before `m` and `s`, or they would match first.
const UNITS: [(&str, f64); 7] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
];

/// A duration that is not negative.
pub fn parse_duration(value: &str) -> Result<Duration, Problem> {
    seconds(value)
        .filter(|total| *total <= MAX_SECONDS)
        .and_then(|total| Duration::try_from_secs_f64(total).ok())
        .ok_or_else(|| Problem::malformed("a duration such as 90s or 1m30s", value))
}

fn seconds(value: &str) -> Option<f64> {
    if value == "0" {
        return Some(0.0);
    }
    let (mut total, mut rest) = part(value)?;
    while !rest.is_empty() {
        let (more, after) = part(rest)?;
        total += more;
        rest = after;
    }
    Some(total)
}

/// One number with its unit, and what follows.
fn part(text: &str) -> Option<(f64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    UNITS.iter().find_map(|(unit, size)| {
        let rest = rest.strip_prefix(unit)?;
        Some((number * size, rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let table = [
            ("0", 0),
            ("0s", 0),
            ("90s", 90_000),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("2h3m4s5ms", 7_384_005),
        ];
        for (text, milliseconds) in table {
            let expected = Ok(Duration::from_millis(milliseconds));
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "s",
            "90",
            "-1s",
            "1s ",
            "1d",
            "1.2.3s",
            "inf",
            "1e9s",
            "99999999999999h",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
