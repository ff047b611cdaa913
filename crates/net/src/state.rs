//! The records of moved NICs on disk: one JSON file each, replaced whole, so that a stop never leaves half of one.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{Error, LinkName, NicRecord};

const PREFIX: &str = "nic-";
const SUFFIX: &str = ".json";

/// The directory that holds the records. It must outlive the process and, for a NIC that a reboot gives back, may
/// outlive the node's uptime.
#[derive(Debug, Clone)]
pub(crate) struct StateDir(PathBuf);

/// The records that could be read, and those that could not.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) nics: BTreeMap<LinkName, NicRecord>,
    pub(crate) unreadable: Vec<(LinkName, Error)>,
}

impl StateDir {
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        match fs::create_dir_all(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(Error::StateDir { path, source }),
        }
    }

    pub(crate) fn load(&self) -> Result<Records, Error> {
        let mut records = Records::default();
        for nic in self.names().map_err(|source| self.failed(source))? {
            match self.read(&nic) {
                Ok(record) => drop(records.nics.insert(nic, record)),
                Err(error) => records.unreadable.push((nic, error)),
            }
        }
        Ok(records)
    }

    /// On disk when this returns, the directory entry included.
    pub(crate) fn save(&self, record: &NicRecord) -> Result<(), Error> {
        let path = self.path(&record.name);
        self.write(&path, record).map_err(|source| Error::Record {
            nic: record.name.clone(),
            path,
            source,
        })
    }

    pub(crate) fn forget(&self, nic: &LinkName) -> Result<(), Error> {
        let path = self.path(nic);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::Record {
                nic: nic.clone(),
                path,
                source,
            }),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn names(&self) -> io::Result<Vec<LinkName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let name = entry?.file_name();
            let nic = name
                .to_str()
                .and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
            names.extend(nic.and_then(|nic| LinkName::new(nic).ok()));
        }
        Ok(names)
    }

    fn read(&self, nic: &LinkName) -> Result<NicRecord, Error> {
        let path = self.path(nic);
        let record = fs::read(&path).and_then(|json| Ok(serde_json::from_slice(&json)?));
        record.map_err(|source| Error::Record {
            nic: nic.clone(),
            path,
            source,
        })
    }

    fn write(&self, path: &Path, record: &NicRecord) -> io::Result<()> {
        let part = path.with_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        File::open(&self.0)?.sync_all()
    }

    fn path(&self, nic: &LinkName) -> PathBuf {
        self.0.join(format!("{PREFIX}{nic}{SUFFIX}"))
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::StateDir {
            path: self.0.clone(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mtu;

    fn record(name: &str) -> NicRecord {
        NicRecord {
            name: LinkName::new(name).unwrap(),
            mtu: Mtu(1500),
            up: true,
            group: 0,
            addresses: vec!["192.168.11.3/24".parse().unwrap()],
            routes: Vec::new(),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_saved_until_it_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::open(directory.path().join("nics")).unwrap();
        let record = record("eth1.100");
        state.save(&record).unwrap();
        assert_eq!(
            state.load().unwrap().nics,
            BTreeMap::from([(record.name.clone(), record.clone())])
        );
        state.forget(&record.name).unwrap();
        state.forget(&record.name).unwrap();
        assert_eq!(state.load().unwrap().nics, BTreeMap::new());
    }

    #[test]
    fn a_damaged_record_is_told_and_does_not_hide_the_others() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDir::open(directory.path().to_owned()).unwrap();
        state.save(&record("good")).unwrap();
        fs::write(directory.path().join("nic-bad.json"), "{").unwrap();
        fs::write(directory.path().join("nic-half.part"), "{").unwrap();
        let records = state.load().unwrap();
        assert_eq!(
            records.nics.into_values().collect::<Vec<_>>(),
            [record("good")]
        );
        let unreadable: Vec<_> = records
            .unreadable
            .iter()
            .map(|(nic, _)| nic.as_str())
            .collect();
        assert_eq!(unreadable, ["bad"]);
    }
}
