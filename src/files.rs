//! Files that others read while we write: each one appears whole or not at all. And what waits on the disk ([`Waiting`]), mail
//! among it ([`maildir`], [`Mails`]).

mod folder;
pub mod maildir;
mod mbox;
mod waiting;

pub use folder::{Folder, Written};
pub use mbox::Mails;
pub use waiting::Waiting;

use std::{
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Files of this name are half-written.
const HALF_WRITTEN: &str = ".vigie-half-written-";

/// Writes a new file that only its owner may read, such as a key.
///
/// # Errors
/// Of kind `AlreadyExists` when there is one of that name: it is never touched.
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    // Half a key helps nobody, and would be in the way of the next.
    written.inspect_err(|_| drop(fs::remove_file(path)))
}

/// Whether every user of this machine may read it, or find something in it.
pub fn is_open_to_all(path: &Path) -> io::Result<bool> {
    let found = fs::metadata(path)?;
    #[cfg(unix)]
    let is_open = |found: fs::Metadata| std::os::unix::fs::MetadataExt::mode(&found) & 0o007 != 0;
    // Elsewhere, permissions are no such bits.
    #[cfg(not(unix))]
    let is_open = |_| false;
    Ok(is_open(found))
}

/// How many octets the disk of a folder has left for this user.
pub fn room(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Makes a folder that only its owner may enter: it holds the addresses of readers. One that is there stays as it is.
pub fn create_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// The right to do something that only one process may do at a time. It ends with the value, or with the process.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl RunLock {
    /// Takes the lock `name` in a folder, which is made when it is missing. `None`: another process holds it.
    pub fn take(dir: &Path, name: &str) -> io::Result<Option<Self>> {
        fs::create_dir_all(dir).map_err(|error| named(error, dir))?;
        let path = dir.join(format!("{name}.lock"));
        // The file stays: removing it would let a third process lock a new file while a second waits on the old one.
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| named(error, &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(named(error, &path)),
        }
    }
}

/// Writes a file that a reader, or a loss of power, never finds half written. What it replaces lends its permissions.
///
/// # Errors
/// Whatever the system has against it; the former file is then untouched.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let permissions = fs::metadata(&target).ok().map(|metadata| metadata.permissions());
    replace(&target, bytes)?;
    permissions.map_or(Ok(()), |permissions| fs::set_permissions(&target, permissions))
}

fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(target);
    let half = write_half(folder, HALF_WRITTEN, bytes).map_err(|error| named(error, target))?;
    fs::rename(&half, target).map_err(|error| {
        // Best effort: the error to report is the first one.
        let _ = fs::remove_file(&half);
        named(error, target)
    })?;
    settle(folder)
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| *folder != OsStr::new("")).unwrap_or(Path::new("."))
}

/// Writes what is to become a file of that folder, under a name that begins so. It is on the disk then, or not there.
fn write_half(folder: &Path, prefix: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let half = folder.join(format!("{prefix}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let written = File::create(&half).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    match written {
        Ok(()) => Ok(half),
        Err(error) => {
            let _ = fs::remove_file(&half);
            Err(error)
        }
    }
}

/// What was renamed in a folder survives a loss of power only once the folder is on disk; some systems cannot open one.
fn settle(folder: &Path) -> io::Result<()> {
    File::open(folder).map_or(Ok(()), |folder| folder.sync_all())
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_until_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let held = RunLock::take(&data, "send").unwrap();
        assert!(held.is_some());
        assert!(RunLock::take(&data, "send").unwrap().is_none());
        assert!(RunLock::take(&data, "crawl").unwrap().is_some());
        drop(held);
        assert!(RunLock::take(&data, "send").unwrap().is_some());
    }
}
