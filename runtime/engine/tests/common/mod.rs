//! A disk in memory that fails on command, and a small gateway to run on it.
#![allow(dead_code, reason = "every test file uses its part")]

use std::collections::BTreeMap;
use std::io::{self, Error, ErrorKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use licit_bytecode::{encode, text};
use licit_engine::disk::{Disk, DiskFile};
use licit_engine::ledger::Accounts;
use licit_engine::receipt::{Kind, SigningKey};
use licit_engine::{CallId, DerivedSalts, Engine, Options, Request, Verdict, audit};

/// 2023-11-16T18:15Z.
pub const START: u64 = 1_700_158_500_000_000;
pub const SECOND: u64 = 1_000_000;

pub fn monthly() -> Vec<u8> {
    encode(
        &text::assemble(include_str!("../../../ledger/tests/licences/monthly.lasm"))
            .expect("it is well-formed"),
    )
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens.
    Nothing,
    /// Half of it happens.
    Half,
    /// All of it happens, but it is reported to have failed.
    All,
    /// Nothing happens, from now on: the disk is gone.
    Gone,
}

/// A file as a system with a page cache has it.
#[derive(Clone, Default)]
struct Content {
    /// What a reader sees.
    bytes: Vec<u8>,
    /// What survives a crash.
    disk: Vec<u8>,
    /// The bytes from here on are written by the next sync. A sync that fails forgets them: they are still seen, but no
    /// later sync writes them.
    dirty: usize,
}

impl Content {
    fn whole(bytes: Vec<u8>) -> Content {
        Content { disk: bytes.clone(), dirty: bytes.len(), bytes }
    }

    /// So many of the bytes that are to be written reach the disk; what was forgotten before them is zeros there.
    fn write_back(&mut self, count: usize) {
        if count > 0 {
            self.disk.resize(self.dirty, 0);
            self.disk.extend_from_slice(&self.bytes[self.dirty..self.dirty + count]);
        }
        self.dirty = self.bytes.len();
    }

    fn loose(&self) -> usize {
        self.bytes.len() - self.dirty
    }
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<String, Content>,
    locked: bool,
    operations: u64,
    /// Which of them change something.
    changes: Vec<u64>,
    fault: Option<(u64, Fault)>,
}

/// A disk in memory; clones are the same disk.
#[derive(Clone, Default)]
pub struct MemoryDisk(Arc<Mutex<Inner>>, Arc<Gate>);

/// Where syncs wait while the disk is held.
#[derive(Default)]
struct Gate {
    closed: Mutex<(bool, u64)>,
    changed: Condvar,
}

impl MemoryDisk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().expect("no test panics while it holds the disk")
    }

    /// Makes the operation with this number fail; operations count from 0 from now on.
    pub fn fail(&self, fault: Option<(u64, Fault)>) {
        let mut inner = self.inner();
        inner.operations = 0;
        inner.changes.clear();
        inner.fault = fault;
    }

    /// How many operations there were since [`MemoryDisk::fail`].
    pub fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// Which operations since [`MemoryDisk::fail`] change something.
    pub fn changes(&self) -> Vec<u64> {
        self.inner().changes.clone()
    }

    /// From now on every sync waits.
    pub fn hold(&self) {
        self.1.closed.lock().expect("nobody panics with it").0 = true;
    }

    /// How many syncs wait.
    pub fn held(&self) -> u64 {
        self.1.closed.lock().expect("nobody panics with it").1
    }

    /// Lets the syncs go on that wait.
    pub fn go_on(&self) {
        self.1.closed.lock().expect("nobody panics with it").0 = false;
        self.1.changed.notify_all();
    }

    fn pass(&self) {
        let mut closed = self.1.closed.lock().expect("nobody panics with it");
        closed.1 += 1;
        while closed.0 {
            closed = self.1.changed.wait(closed).expect("nobody panics with it");
        }
        closed.1 -= 1;
    }

    /// The process ends; the system goes on and shows what it showed.
    pub fn restart(&self) {
        let mut inner = self.inner();
        inner.fault = None;
        inner.locked = false;
    }

    /// The power goes: of what was not durable, `keep` in 256 parts stay.
    pub fn crash(&self, keep: u8) {
        let mut inner = self.inner();
        inner.fault = None;
        inner.locked = false;
        for content in inner.files.values_mut() {
            content.write_back(content.loose() * usize::from(keep) / 255);
            *content = Content::whole(content.disk.clone());
        }
    }

    /// A copy of this disk, to be damaged.
    pub fn copy(&self) -> MemoryDisk {
        let files = self.inner().files.clone();
        MemoryDisk(Arc::new(Mutex::new(Inner { files, ..Inner::default() })), Arc::default())
    }

    pub fn names(&self) -> Vec<String> {
        self.inner().files.keys().cloned().collect()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.inner().files[name].bytes.clone()
    }

    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        self.inner().files.insert(name.into(), Content::whole(bytes));
    }

    pub fn remove(&self, name: &str) {
        self.inner().files.remove(name);
    }

    /// Counts an operation that changes something and says how it fails, if it does.
    fn change(&self) -> Option<Fault> {
        let mut inner = self.inner();
        let number = inner.operations;
        inner.changes.push(number);
        drop(inner);
        self.operation()
    }

    /// Counts an operation and says how it fails, if it does.
    fn operation(&self) -> Option<Fault> {
        let mut inner = self.inner();
        let number = inner.operations;
        inner.operations += 1;
        let hits = |(at, fault): &(u64, Fault)| *at == number || *fault == Fault::Gone && *at < number;
        inner.fault.filter(hits).map(|(_, fault)| fault)
    }
}

fn failed() -> Error {
    Error::other("the disk fails")
}

impl Disk for MemoryDisk {
    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn DiskFile>> {
        if self.operation().is_some() {
            return Err(failed());
        }
        let mut inner = self.inner();
        if create {
            inner.files.entry(name.into()).or_default();
        } else if !inner.files.contains_key(name) {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(Box::new(MemoryFile { disk: self.clone(), name: name.into() }))
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match self.operation() {
            Some(_) => Err(failed()),
            None => Ok(self.inner().files.get(name).map(|content| content.bytes.clone())),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let fault = self.change();
        if matches!(fault, None | Some(Fault::All)) {
            self.put(name, bytes.to_vec());
        }
        if fault.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn promote(&self, from: &str, to: &str) -> io::Result<()> {
        let fault = self.change();
        if matches!(fault, None | Some(Fault::All)) {
            let mut inner = self.inner();
            let content = inner.files.remove(from).ok_or(ErrorKind::NotFound)?;
            inner.files.insert(to.into(), content);
        }
        if fault.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        if self.operation().is_some() {
            return Err(failed());
        }
        let prefix = format!("{folder}/");
        Ok(self.names().iter().filter_map(|name| name.strip_prefix(&prefix).map(Into::into)).collect())
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send>>> {
        if self.operation().is_some() {
            return Err(failed());
        }
        let taken = std::mem::replace(&mut self.inner().locked, true);
        Ok(if taken { None } else { Some(Box::new(Unlock(self.clone()))) })
    }
}

struct Unlock(MemoryDisk);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.inner().locked = false;
    }
}

struct MemoryFile {
    disk: MemoryDisk,
    name: String,
}

impl MemoryFile {
    fn with<T>(&self, change: impl FnOnce(&mut Content) -> T) -> T {
        change(self.disk.inner().files.get_mut(&self.name).expect("it was opened"))
    }
}

impl DiskFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        match self.disk.operation() {
            Some(_) => Err(failed()),
            None => Ok(self.with(|content| content.bytes.len() as u64)),
        }
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.disk.operation().is_some() {
            return Err(failed());
        }
        self.with(|content| {
            let end = offset as usize + out.len();
            let bytes = content.bytes.get(offset as usize..end).ok_or(ErrorKind::UnexpectedEof)?;
            out.copy_from_slice(bytes);
            Ok(())
        })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fault = self.disk.change();
        let written = match fault {
            None | Some(Fault::All) => bytes,
            Some(Fault::Half) => &bytes[..bytes.len() / 2],
            Some(Fault::Nothing | Fault::Gone) => &[],
        };
        self.with(|content| content.bytes.extend_from_slice(written));
        if fault.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.pass();
        let fault = self.disk.change();
        self.with(|content| {
            content.write_back(match fault {
                None | Some(Fault::All) => content.loose(),
                Some(Fault::Half) => content.loose() / 2,
                Some(Fault::Nothing | Fault::Gone) => 0,
            });
        });
        if fault.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn renew(&mut self, offset: u64) -> io::Result<()> {
        let fault = self.disk.change();
        self.with(|content| {
            content.dirty = content.dirty.min(offset as usize);
            // What is there already stays.
            let before = content.disk.split_off(content.disk.len().min(offset as usize));
            content.write_back(match fault {
                None | Some(Fault::All) => content.loose(),
                Some(Fault::Half) => content.loose() / 2,
                Some(Fault::Nothing | Fault::Gone) => 0,
            });
            let written = content.disk.len() - offset as usize;
            content.disk.extend(before.into_iter().skip(written));
        });
        if fault.is_some() { Err(failed()) } else { Ok(()) }
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        let fault = self.disk.change();
        if matches!(fault, None | Some(Fault::All)) {
            self.with(|content| {
                content.bytes.truncate(len as usize);
                content.disk.truncate(len as usize);
                content.dirty = content.dirty.min(content.bytes.len());
            });
        }
        if fault.is_some() { Err(failed()) } else { Ok(()) }
    }
}

pub fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32])
}

/// An engine whose clock moves a second with every look.
pub fn open(disk: Option<&MemoryDisk>, options: Options) -> Result<Engine, licit_engine::Error> {
    let mut now = START;
    let clock = move || {
        now += SECOND;
        now
    };
    let disk = disk.map(|disk| Box::new(disk.clone()) as Box<dyn Disk>);
    Engine::open(disk, key(), Box::new(clock), Box::new(DerivedSalts::new([3; 32])), options)
}

pub fn id(call: u64) -> CallId {
    u128::from(call).to_be_bytes()
}

pub fn chat(tokens: u128) -> Request {
    Request {
        user: Some("ana".into()),
        organisation: Some("acme".into()),
        action: Some("chat".into()),
        quantities: vec![("token".into(), tokens)],
        ..Request::default()
    }
}

/// Leaves that somebody was told are durable, with their payloads.
pub type Told = BTreeMap<u64, Vec<u8>>;

/// Nothing that was told is gone or changed, no call was committed twice, and the audit decides everything again.
/// Returns how many calls were committed, and the accounts.
pub fn check_log(disk: &MemoryDisk, told: &Told) -> (usize, Accounts) {
    let engine = open(Some(disk), Options::default()).expect("the ledger opens");
    for (leaf, payload) in told {
        assert_eq!(&engine.entry(*leaf).expect("it is there").payload, payload, "leaf {leaf}");
    }
    let mut committed: BTreeMap<CallId, u32> = BTreeMap::new();
    for leaf in 0..engine.durable() {
        let receipt = engine.entry(leaf).expect("it reads").receipt;
        if let (Kind::Commit, Some(call)) = (receipt.kind, receipt.call) {
            *committed.entry(call).or_insert(0) += 1;
        }
    }
    assert!(committed.values().all(|times| *times == 1), "each call exactly once: {committed:?}");
    let accounts = engine.accounts();
    assert!(accounts.balances(), "{:?}", accounts.faults);
    engine.close().expect("it closes");
    let report = audit(disk, None, &mut |leaf, verdict| {
        assert_eq!(*verdict, Verdict::Reexecuted, "leaf {leaf}");
    });
    assert!(report.expect("it can be audited").passes());
    (committed.len(), accounts)
}

/// Numbers that look random and come again with the same seed, which is not 0 (xorshift64).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
