//! Waiting for conditions. Machines differ in speed by a factor of three: limits are generous, polls are short.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Polls until `check` succeeds, and returns what it returned. After `limit` the last error is the failure's cause.
pub fn eventually<T>(
    what: &str,
    limit: Duration,
    mut check: impl FnMut() -> Result<T>,
) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(20);
    loop {
        let error = match check() {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if start.elapsed() >= limit {
            return Err(error).with_context(|| format!("not within {limit:?}: {what}"));
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn the_first_success_is_returned() {
        let mut attempts = 0;
        let value = eventually("third time", Duration::from_secs(5), || {
            attempts += 1;
            if attempts < 3 {
                bail!("attempt {attempts}")
            }
            Ok(attempts)
        });
        assert_eq!(value.unwrap(), 3);
    }

    #[test]
    fn the_last_error_is_the_cause() {
        let error = eventually::<()>("never", Duration::ZERO, || bail!("still down")).unwrap_err();
        assert_eq!(format!("{error:#}"), "not within 0ns: never: still down");
    }
}
