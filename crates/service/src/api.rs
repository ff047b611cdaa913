//! Requests to the API of the cluster.

use std::future::Future;
use std::io;
use std::time::Duration;

use kube::Error;

/// How long an answer is waited for. The client itself would wait for ever for an API server that stands still behind an
/// open connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// The answer to a request, or an error if none comes in time. Not for a watch: that may be silent for long.
pub fn answered<T>(
    request: impl Future<Output = Result<T, Error>>,
) -> impl Future<Output = Result<T, Error>> {
    // Requests are large, and those who wait for them would be.
    within(PATIENCE, Box::pin(request))
}

async fn within<T>(
    patience: Duration,
    request: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let answer = tokio::time::timeout(patience, request).await;
    answer.unwrap_or_else(|_| {
        let why = format!("no answer within {patience:?}");
        let late = io::Error::new(io::ErrorKind::TimedOut, why);
        Err(Error::Service(Box::new(late)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_an_error() {
        let silence = std::future::pending::<Result<(), Error>>();
        let error = within(Duration::from_millis(1), silence).await.unwrap_err();
        assert_eq!(error.to_string(), "ServiceError: no answer within 1ms");
        let answer = std::future::ready(Ok(7));
        assert_eq!(within(PATIENCE, answer).await.unwrap(), 7);
    }
}
