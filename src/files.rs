//! Files that others read while we write: each one appears whole or not at all. And what waits on the disk ([`Waiting`]), mail
//! among it ([`maildir`], [`Mails`]).

pub mod maildir;
mod mbox;
mod waiting;

pub use mbox::Mails;
pub use waiting::Waiting;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// What [`write_folder`] wrote last time, one path a line: the only files that it may remove.
const MANIFEST: &str = ".vigie-published";
/// Files of this name are half-written: the next run of [`write_folder`] sweeps them up.
const HALF_PUBLISHED: &str = ".vigie-half-published-";
/// The same of a single file.
const HALF_WRITTEN: &str = ".vigie-half-written-";

/// What a run of [`write_folder`] did, in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub written: usize,
    /// Already there with the same bytes: left alone, so that their date still answers « not modified ».
    pub unchanged: usize,
    /// Written by a former run and no longer wanted.
    pub removed: usize,
}

/// Makes a folder hold these files (relative path with `/`, bytes), and removes those that a former run wrote and
/// that are no longer wanted. What others put there stays.
///
/// Two runs at once take turns. After a crash the next run finishes the work.
///
/// # Errors
/// Before anything is written: of kind `InvalidInput` when a path is absolute, holds `..` or the like; of kind
/// `AlreadyExists` when somebody else's file has the name of one of ours.
pub fn write_folder(root: &Path, files: &[(String, Vec<u8>)]) -> io::Result<Written> {
    let wanted: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    if let Some(path) = wanted.iter().find(|path| !is_inside(path)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` does not stay inside the folder")));
    }
    fs::create_dir_all(root)?;
    let _turn = take_turn(root);
    let former = read_manifest(root)?;
    for (path, bytes) in files.iter().filter(|(path, _)| !former.contains(path)) {
        let target = root.join(path);
        if target.exists() && !has_bytes(&target, bytes) {
            let text = format!("`{}` is there already, and is not one of ours", target.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
    }
    // Named before they exist: a run that dies half-way leaves nothing that the next one does not know.
    let known: BTreeSet<&str> = former.iter().map(String::as_str).chain(wanted.iter().copied()).collect();
    write_manifest(root, &known)?;
    let mut done = Written::default();
    let mut swept = BTreeSet::new();
    for (path, bytes) in files {
        let target = root.join(path);
        let folder = target.parent().unwrap_or(root);
        fs::create_dir_all(folder)?;
        if swept.insert(folder.to_owned()) {
            sweep(folder)?;
        }
        if has_bytes(&target, bytes) {
            done.unchanged += 1;
        } else {
            replace(&target, bytes, HALF_PUBLISHED)?;
            done.written += 1;
        }
    }
    for path in former.iter().filter(|path| !wanted.contains(path.as_str())) {
        match fs::remove_file(root.join(path)) {
            Ok(()) => done.removed += 1,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(named(error, &root.join(path))),
        }
    }
    write_manifest(root, &wanted)?;
    Ok(done)
}

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
    replace(&target, bytes, HALF_WRITTEN)?;
    permissions.map_or(Ok(()), |permissions| fs::set_permissions(&target, permissions))
}

/// Waits for other runs on the same folder. The folder itself is what is locked: no file of ours is left in it. Where
/// the system cannot lock a folder, runs at once still write whole files, and the last one decides.
fn take_turn(root: &Path) -> Option<File> {
    let folder = File::open(root).ok()?;
    folder.lock().ok()?;
    Some(folder)
}

fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && path != MANIFEST
        && !path.contains(['\\', '\0', '\n', '\r'])
        && !path.ends_with('/')
        && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}

fn read_manifest(root: &Path) -> io::Result<BTreeSet<String>> {
    match fs::read_to_string(root.join(MANIFEST)) {
        Ok(text) => Ok(text.lines().filter(|path| is_inside(path)).map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(named(error, &root.join(MANIFEST))),
    }
}

fn write_manifest(root: &Path, paths: &BTreeSet<&str>) -> io::Result<()> {
    let text: String = paths.iter().flat_map(|path| [path, "\n"]).collect();
    let target = root.join(MANIFEST);
    if has_bytes(&target, text.as_bytes()) {
        return Ok(());
    }
    replace(&target, text.as_bytes(), HALF_PUBLISHED)
}

fn has_bytes(path: &Path, bytes: &[u8]) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64)
        && fs::read(path).is_ok_and(|found| found == bytes)
}

/// Removes what a run that was killed left half-written. Only called in turn.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(HALF_PUBLISHED) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn replace(target: &Path, bytes: &[u8], prefix: &str) -> io::Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let folder = target.parent().filter(|folder| *folder != OsStr::new("")).unwrap_or(Path::new("."));
    let half: PathBuf =
        folder.join(format!("{prefix}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let written = (|| {
        let mut file = File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&half, target)
    })();
    if let Err(error) = written {
        // Best effort: the error to report is the first one.
        let _ = fs::remove_file(&half);
        return Err(named(error, target));
    }
    // The rename itself survives a loss of power only once the folder is on disk; some systems cannot open a folder.
    match File::open(folder) {
        Ok(folder) => folder.sync_all(),
        Err(_) => Ok(()),
    }
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_second_run_leaves_alone_what_is_the_same_and_removes_only_what_it_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        fs::create_dir_all(root.join("sections")).unwrap();
        fs::write(root.join("sections/of-someone-else.html"), "x").unwrap();
        let first = files(&[("index.html", "a"), ("sections/tic.rss", "b"), ("sections/old.rss", "c")]);
        assert_eq!(write_folder(&root, &first).unwrap(), Written { written: 3, unchanged: 0, removed: 0 });
        let date = fs::metadata(root.join("index.html")).unwrap().modified().unwrap();

        let second = files(&[("index.html", "a"), ("sections/tic.rss", "changed")]);
        assert_eq!(write_folder(&root, &second).unwrap(), Written { written: 1, unchanged: 1, removed: 1 });
        assert_eq!(fs::metadata(root.join("index.html")).unwrap().modified().unwrap(), date);
        assert_eq!(fs::read_to_string(root.join("sections/tic.rss")).unwrap(), "changed");
        assert!(!root.join("sections/old.rss").exists());
        assert!(root.join("sections/of-someone-else.html").exists());
        assert_eq!(write_folder(&root, &second).unwrap(), Written { written: 0, unchanged: 2, removed: 0 });
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        for path in ["../x", "/etc/x", "a/../../x", "", "a/", "a\\b", "./x", MANIFEST, "a\nb"] {
            let error = write_folder(&root, &files(&[("good", "1"), (path, "2")])).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
            assert!(!root.join("good").exists(), "{path}");
        }
    }

    #[test]
    fn a_manifest_that_was_tampered_with_removes_nothing_outside() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        fs::create_dir_all(&root).unwrap();
        fs::write(dir.path().join("precious"), "x").unwrap();
        fs::write(root.join(MANIFEST), "../precious\n").unwrap();
        write_folder(&root, &files(&[("a", "1")])).unwrap();
        assert!(dir.path().join("precious").exists());
    }

    #[test]
    fn what_a_killed_run_left_is_swept_up() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(format!("{HALF_PUBLISHED}1-1")), "half").unwrap();
        fs::write(dir.path().join("half-a-file-of-mine"), "x").unwrap();
        write_folder(dir.path(), &files(&[("a", "1")])).unwrap();
        let mut names: Vec<String> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, [MANIFEST, "a", "half-a-file-of-mine"]);
    }

    #[test]
    fn two_runs_at_once_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let sets: Vec<_> = (0..4).map(|n| files(&[("same", "x"), (["a", "b", "c", "d"][n], "y")])).collect();
        std::thread::scope(|scope| {
            for set in &sets {
                scope.spawn(|| write_folder(dir.path(), set).unwrap());
            }
        });
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 3, "the manifest, the common file, and that of the last run");
        assert_eq!(fs::read_to_string(dir.path().join("same")).unwrap(), "x");
    }

    #[test]
    fn what_somebody_else_wrote_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("index.html"), "mon site").unwrap();
        let error = write_folder(dir.path(), &files(&[("index.html", "x"), ("b", "y")])).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(dir.path().join("index.html")).unwrap(), "mon site");
        assert!(!dir.path().join("b").exists());
    }

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
