//! Passwords from Secrets, read one by one: the agent may not list Secrets.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ferroute_api::ferroute::{NodeNeighbor, NodeRouterSpec, SecretKey, SessionPassword};
use futures::future::join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client};

use crate::desired::Secrets;

const TYPE: &str = "kubernetes.io/basic-auth";

/// How old a password may be before it is read again: nobody tells of a Secret that has changed.
const REFRESH: Duration = Duration::from_secs(30);

/// How long a Secret is waited for. What comes later is read the next time.
const PATIENCE: Duration = Duration::from_secs(2);

/// The passwords that were read, kept so that neither an API that is away nor a new agent costs a session.
#[derive(Debug, Default)]
pub(crate) struct Passwords {
    known: Secrets,
    read: Option<Instant>,
}

/// Why there is no password.
enum ReadError {
    /// It has to be asked for again.
    Unanswered(String),
    /// The Secret is not there or not one with a password.
    Unusable(String),
}

impl Passwords {
    /// Those of an agent that was here before.
    pub(crate) fn kept(passwords: Vec<(SecretKey, String)>) -> Self {
        let known = passwords.into_iter().map(|(key, text)| (key, Ok(text)));
        Self {
            known: known.collect(),
            read: None,
        }
    }

    /// What an agent after this one starts with.
    pub(crate) fn to_keep(&self) -> Vec<(SecretKey, String)> {
        let good = |(key, password): (&SecretKey, &Result<String, String>)| {
            Some((key.clone(), password.as_ref().ok()?.clone()))
        };
        self.known.iter().filter_map(good).collect()
    }

    /// What is known by now.
    pub(crate) fn known(&self) -> &Secrets {
        &self.known
    }

    /// When they have to be read again; never without any.
    pub(crate) fn due(&self) -> Option<Instant> {
        let read = self.read.filter(|_| !self.known.is_empty())?;
        Some(read + REFRESH)
    }

    /// Reads what a spec needs and what is not known, and everything when it is due.
    pub(crate) async fn refresh(&mut self, client: &Client, spec: &NodeRouterSpec) {
        let wanted = wanted(spec);
        self.known.retain(|key, _| wanted.contains(key));
        let all = self.read.is_none_or(|read| read.elapsed() >= REFRESH);
        let missing = wanted
            .into_iter()
            .filter(|key| all || !matches!(self.known.get(key), Some(Ok(_))));
        let answers = join_all(missing.map(|key| async {
            let answer = read(client, &key).await;
            (key, answer)
        }));
        for (key, answer) in answers.await {
            self.take(key, answer);
        }
        if all {
            self.read = Some(Instant::now());
        }
    }

    /// No answer does not make a password wrong that was right before.
    fn take(&mut self, key: SecretKey, answer: Result<String, ReadError>) {
        let password = match answer {
            Ok(text) => Ok(text),
            Err(ReadError::Unanswered(_)) if matches!(self.known.get(&key), Some(Ok(_))) => return,
            Err(ReadError::Unanswered(reason) | ReadError::Unusable(reason)) => Err(reason),
        };
        self.known.insert(key, password);
    }
}

fn wanted(spec: &NodeRouterSpec) -> BTreeSet<SecretKey> {
    let fabric = spec
        .underlay
        .iter()
        .flat_map(|underlay| &underlay.neighbors);
    let speaker = spec
        .speaker
        .routers
        .iter()
        .flat_map(|router| &router.neighbors);
    fabric
        .chain(speaker)
        .filter_map(secret_of)
        .cloned()
        .collect()
}

fn secret_of(neighbor: &NodeNeighbor) -> Option<&SecretKey> {
    match &neighbor.password {
        Some(SessionPassword::Secret(key)) => Some(key),
        Some(SessionPassword::Value(_)) | None => None,
    }
}

async fn read(client: &Client, key: &SecretKey) -> Result<String, ReadError> {
    let api: Api<Secret> = Api::namespaced(client.clone(), &key.namespace);
    match tokio::time::timeout(PATIENCE, api.get_opt(&key.name)).await {
        Ok(Ok(Some(secret))) => password(secret).map_err(ReadError::Unusable),
        Ok(Ok(None)) => Err(ReadError::Unusable("it does not exist".to_owned())),
        Ok(Err(error)) => Err(ReadError::Unanswered(crate::failures::chain(&error))),
        Err(_) => Err(ReadError::Unanswered(format!(
            "no answer within {} s",
            PATIENCE.as_secs()
        ))),
    }
}

fn password(secret: Secret) -> Result<String, String> {
    if secret.type_.as_deref() != Some(TYPE) {
        return Err(format!("its type is not {TYPE}"));
    }
    let password = secret.data.and_then(|mut data| data.remove("password"));
    let bytes = password.ok_or("it has no key password")?.0;
    String::from_utf8(bytes).map_err(|_| "its password is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SecretKey {
        SecretKey {
            namespace: "metallb-system".to_owned(),
            name: "tor".to_owned(),
        }
    }

    #[test]
    fn a_password_outlives_an_api_that_does_not_answer_but_not_its_secret() {
        let mut passwords = Passwords::kept(vec![(key(), "old".to_owned())]);
        passwords.take(key(), Err(ReadError::Unanswered("away".to_owned())));
        assert_eq!(passwords.to_keep(), [(key(), "old".to_owned())]);
        passwords.take(key(), Ok("new".to_owned()));
        assert_eq!(passwords.to_keep(), [(key(), "new".to_owned())]);
        passwords.take(key(), Err(ReadError::Unusable("gone".to_owned())));
        assert_eq!(passwords.known()[&key()], Err("gone".to_owned()));
        assert_eq!(passwords.to_keep(), []);
        passwords.take(key(), Err(ReadError::Unanswered("away".to_owned())));
        assert_eq!(passwords.known()[&key()], Err("away".to_owned()));
    }
}
