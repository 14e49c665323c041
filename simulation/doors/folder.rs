//! The folder in which a running simulation leaves its addresses: ours alone, held by one process, private to its user.
use super::endpoints::Endpoints;
use super::error::Error;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Marks the folder as ours, and is locked as long as somebody uses it. Its content is the process's id.
const LOCK: &str = "simulated-azure.lock";
/// What a former run may have left.
const STALE: [&str; 8] = [ENDPOINTS, AUTHORITY, CERTIFICATE, KEY, KUBECONFIGS, "functions.log", "app", "azure"];

const ENDPOINTS: &str = "endpoints.json";
pub(super) const AUTHORITY: &str = "ca.pem";
pub(super) const CERTIFICATE: &str = "localhost.pem";
pub(super) const KEY: &str = "localhost-key.pem";
/// A folder with one kubeconfig for each cluster.
pub(super) const KUBECONFIGS: &str = "kubeconfig";

/// An open data folder.
pub(super) struct Folder {
    path: PathBuf,
    /// Whether `endpoints.json` may be written: no more once it was taken away.
    may_tell: Mutex<bool>,
    /// Unlocked by the system when the process ends, however it ends.
    _lock: File,
}

impl Folder {
    /// Makes the folder, or takes over one of ours that nobody uses, and removes what a former run left.
    ///
    /// # Errors
    /// When it holds other people's files, another process uses it, or it cannot be written.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |why| Error::Folder { path: path.into(), why };
        match std::fs::read_dir(path) {
            Ok(entries) => {
                let names = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<Vec<_>, _>>();
                let names = names.map_err(failed)?;
                if !names.is_empty() && !names.iter().any(|name| name == LOCK) {
                    let found = names.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                    return Err(Error::ForeignFolder { path: path.into(), found });
                }
            }
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
                match own_folder().create(path) {
                    // Two that start at once make it once; the lock decides.
                    Err(why) if why.kind() != std::io::ErrorKind::AlreadyExists => return Err(failed(why)),
                    _ => {}
                }
            }
            Err(why) => return Err(failed(why)),
        }
        let path = path.canonicalize().map_err(failed)?;
        let lock = locked(&path)?;
        let folder = Self { path, may_tell: Mutex::new(true), _lock: lock };
        for name in STALE {
            folder.remove(name)?;
        }
        Ok(folder)
    }

    /// Where a file of the folder is.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file that only its owner can read: the whole of it, or nothing.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        let path = self.path_of(name);
        let half = path.with_extension("new");
        let write = || {
            if let Some(parent) = path.parent().filter(|parent| *parent != self.path) {
                own_folder().recursive(true).create(parent)?;
            }
            let mut file = own_file().write(true).create(true).truncate(true).open(&half)?;
            file.write_all(content)?;
            std::fs::rename(&half, &path)
        };
        write().map_err(|why| Error::Folder { path: path.clone(), why })
    }

    /// Writes `endpoints.json`, unless it was taken away.
    pub fn tell(&self, endpoints: &Endpoints) -> Result<(), Error> {
        let may_tell = self.may_tell.lock().unwrap_or_else(PoisonError::into_inner);
        if !*may_tell {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(endpoints).map_err(|why| Error::Endpoints(why.to_string()))?;
        self.write(ENDPOINTS, text.as_bytes())
    }

    /// Takes `endpoints.json` away for good.
    pub fn take_back(&self) -> Result<(), Error> {
        let mut may_tell = self.may_tell.lock().unwrap_or_else(PoisonError::into_inner);
        *may_tell = false;
        self.remove(ENDPOINTS)
    }

    /// Removes a file, or a folder with everything in it. That there is none is well, too.
    pub fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path_of(name);
        let removed = match std::fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&path),
            Ok(_) => std::fs::remove_file(&path),
            Err(why) => Err(why),
        };
        match removed {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(Error::Folder { path, why }),
            _ => Ok(()),
        }
    }
}

/// How a folder is made that only its owner can read. Elsewhere a user's folder for temporary files is that user's alone.
fn own_folder() -> DirBuilder {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// How a file is opened that only its owner can read.
fn own_file() -> OpenOptions {
    #[allow(unused_mut, reason = "only Unix has modes")]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn locked(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let failed = |why| Error::Folder { path: path.clone(), why };
    let options = own_file().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = options.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            // Only for the message.
            let _ = file.read_to_string(&mut process);
            return Err(Error::FolderInUse { path: folder.into(), process: process.trim().into() });
        }
        Err(TryLockError::Error(why)) => return Err(failed(why)),
    }
    file.set_len(0).map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}
