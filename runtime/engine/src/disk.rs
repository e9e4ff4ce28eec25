//! The few file operations a ledger needs, behind a trait: so that a test can make every single one of them fail.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A directory.
pub trait Disk: Send + Sync {
    /// Opens a file for reading and appending; makes it if `create` is set, else an error of kind `NotFound`.
    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn DiskFile>>;

    /// Reads a whole small file; none if there is no such file.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Replaces a file as a whole, or makes it: after a crash it is there in full or as before. Durable on return.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Puts a durable file in the place of another: after a crash either is there in full. Durable on return.
    fn promote(&self, from: &str, to: &str) -> io::Result<()>;

    /// Names of the files in a folder, sorted; empty if there is no such folder.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Takes the directory for one writer; none while another has it. Dropping the guard gives it back.
    fn lock(&self) -> io::Result<Option<Box<dyn Send>>>;
}

/// A file that is read anywhere and written at its end.
pub trait DiskFile: Send {
    /// Its length in bytes.
    fn size(&self) -> io::Result<u64>;

    /// Fills `out` from `offset`; an error of kind `UnexpectedEof` if the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes at the end. On an error any part may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns once everything appended survives a crash. After an error nothing is known of it.
    fn sync(&mut self) -> io::Result<()>;

    /// Writes what stands from `offset` on once more in its place, durably. What a reader sees may be in memory only,
    /// after a sync of an earlier process failed; the bytes are never other than they are now.
    fn renew(&mut self, offset: u64) -> io::Result<()>;

    /// Cuts the file to `len` bytes, durably.
    fn truncate(&mut self, len: u64) -> io::Result<()>;
}

/// A directory of the operating system.
#[derive(Clone, Debug)]
pub struct OsDisk {
    root: PathBuf,
}

impl OsDisk {
    /// Uses `root` and makes it if it is not there.
    pub fn create(root: &Path) -> io::Result<OsDisk> {
        std::fs::create_dir_all(root)?;
        Ok(OsDisk { root: root.to_path_buf() })
    }

    /// Uses `root`, which must be there.
    pub fn existing(root: &Path) -> io::Result<OsDisk> {
        if std::fs::metadata(root)?.is_dir() {
            Ok(OsDisk { root: root.to_path_buf() })
        } else {
            Err(ErrorKind::NotADirectory.into())
        }
    }

    /// The path of a file, which is a regular one if it is there: opening a pipe would wait for ever.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.root.join(name);
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => {
                Err(io::Error::new(ErrorKind::InvalidInput, format!("{name} is not a regular file")))
            }
            _ => Ok(path),
        }
    }

    /// Makes the entries of a folder durable. Systems that cannot open folders have no need to.
    fn sync_folder(folder: &Path) -> io::Result<()> {
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

impl Disk for OsDisk {
    fn open(&self, name: &str, create: bool) -> io::Result<Box<dyn DiskFile>> {
        let path = self.path(name)?;
        // A reader must not need the right to write.
        let file = if create {
            let made = !path.exists();
            let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
            if made {
                Self::sync_folder(&self.root)?;
            }
            file
        } else {
            File::open(&path)?
        };
        Ok(Box::new(OsFile { file, path }))
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(name)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(&self.root);
        if !folder.exists() {
            std::fs::create_dir_all(folder)?;
            Self::sync_folder(&self.root)?;
        }
        let mut temporary = path.clone().into_os_string();
        temporary.push(".new");
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &path)?;
        Self::sync_folder(folder)
    }

    fn promote(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from)?, self.path(to)?)?;
        Self::sync_folder(&self.root)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let entries = match std::fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    fn lock(&self) -> io::Result<Option<Box<dyn Send>>> {
        let path = self.path("lock")?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

struct OsFile {
    file: File,
    path: PathBuf,
}

impl DiskFile for OsFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(out)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn renew(&mut self, offset: u64) -> io::Result<()> {
        // Appending is all that this file's own handle can do.
        let mut file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let mut bytes = vec![0; 1 << 20];
        let mut at = offset;
        loop {
            file.seek(SeekFrom::Start(at))?;
            let count = file.read(&mut bytes)?;
            let Some(read) = bytes.get(..count).filter(|read| !read.is_empty()) else { break };
            file.seek(SeekFrom::Start(at))?;
            file.write_all(read)?;
            at = at.saturating_add(count as u64);
        }
        file.sync_data()
    }

    fn truncate(&mut self, len: u64) -> io::Result<()> {
        self.file.set_len(len)?;
        self.file.sync_all()
    }
}
