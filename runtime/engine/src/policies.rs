//! The modules of a ledger, loaded, and stored beside its log so that an audit needs nothing else.

use std::collections::BTreeMap;

use licit_ledger::receipt::Hash;
use licit_ledger::receipt::hash::sha256;
use licit_ledger::{Licence, Policies};

use crate::disk::Disk;
use crate::error::{Error, module_name};
use crate::store::POLICIES;

/// Modules by id.
#[derive(Debug, Default)]
pub struct PolicySet {
    modules: BTreeMap<Hash, Licence>,
    /// The module of each licence that was loaded last.
    newest: BTreeMap<Hash, Hash>,
}

impl PolicySet {
    /// Loads every module of a directory; what is wrong with one is told to `wrong`, which may go on.
    pub(crate) fn read(
        disk: &dyn Disk,
        wrong: &mut dyn FnMut(Error) -> Result<(), Error>,
    ) -> Result<PolicySet, Error> {
        let mut set = PolicySet::default();
        for name in disk.list(POLICIES).map_err(Error::io(POLICIES))? {
            let file = format!("{POLICIES}/{name}");
            // What a crash left of a file that was being replaced.
            if name.strip_suffix(".new").is_some() {
                continue;
            }
            let bytes = disk.read(&file).map_err(Error::io(&file))?.unwrap_or_default();
            match Licence::load(&bytes) {
                Ok(licence) if module_name(licence.policy().module_id(), &sha256(&bytes)) == name => {
                    set.insert(licence);
                }
                Ok(_) => wrong(Error::PolicyName(file))?,
                Err(error) => wrong(Error::Policy { file: Some(file), error })?,
            }
        }
        Ok(set)
    }

    /// Stores a module in a directory, unless it is there.
    pub(crate) fn store(disk: &dyn Disk, licence: &Licence, bytes: &[u8]) -> Result<(), Error> {
        let file = format!("{POLICIES}/{}", module_name(licence.policy().module_id(), &sha256(bytes)));
        match disk.read(&file).map_err(Error::io(&file))? {
            Some(stored) if stored == bytes => Ok(()),
            _ => disk.replace(&file, bytes).map_err(Error::io(&file)),
        }
    }

    pub(crate) fn insert(&mut self, licence: Licence) -> (Hash, Hash) {
        let (id, module) = (*licence.policy().licence_id(), *licence.policy().module_id());
        self.newest.insert(id, module);
        self.modules.insert(module, licence);
        (id, module)
    }

    /// All modules, by module id.
    pub fn iter(&self) -> impl Iterator<Item = (&Hash, &Licence)> {
        self.modules.iter()
    }
}

impl Policies for PolicySet {
    fn licence(&self, module: &Hash) -> Option<&Licence> {
        self.modules.get(module)
    }

    fn of_licence(&self, licence: &Hash) -> Option<&Licence> {
        self.newest.get(licence).and_then(|module| self.modules.get(module))
    }
}
