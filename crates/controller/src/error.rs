//! Why the controller ends, and why a write failed.

/// A failure that ends the process or makes a write be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The HTTP server.
    #[error(transparent)]
    Serve(#[from] ferroute_service::health::ServeError),
    /// The lease cannot be managed.
    #[error("leader lease")]
    Lease(#[source] Box<kube_lease_manager::LeaseManagerError>),
    /// A write to the API failed.
    #[error("write {what}")]
    Write {
        /// Kind and name of the object.
        what: String,
        /// The API's answer.
        source: Box<kube::Error>,
    },
    /// The lease has ended since the plan was made.
    #[error("write {what}: another replica may lead now")]
    NotLeading {
        /// Kind and name of the object.
        what: String,
    },
    /// The process was told to end.
    #[error("write {what}: ending")]
    Ending {
        /// Kind and name of the object.
        what: String,
    },
    /// A read from the API failed.
    #[error("read {what}")]
    Read {
        /// Kind and name of the object.
        what: String,
        /// The API's answer.
        source: Box<kube::Error>,
    },
    /// Something that was waited for did not happen.
    #[error("{what} after {seconds} s")]
    TimedOut {
        /// What did not happen.
        what: String,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl Error {
    pub(crate) fn write(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        |source| Self::Write {
            what: what.into(),
            source: Box::new(source),
        }
    }

    pub(crate) fn read(what: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        |source| Self::Read {
            what: what.into(),
            source: Box::new(source),
        }
    }
}
