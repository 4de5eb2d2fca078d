//! A folder of files that a web server hands out while we write it.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use super::{folder_of, named, settle, write_half};

/// What was written last time, one path a line: the only files that may be removed.
const MANIFEST: &str = ".vigie-published";
/// Files of this name are half-written: the next run sweeps them up.
const HALF_PUBLISHED: &str = ".vigie-half-published-";

/// A folder that is to hold the files that are put in it, and none of those that a former run wrote and that are no longer put
/// in. What others put there stays.
///
/// Files that change wait beside their places, on the disk, and take them when the last is there: one that cannot be written
/// changes nothing. Two runs at once take turns. After a crash the next run finishes the work.
pub struct Folder {
    root: PathBuf,
    _turn: Option<File>,
    former: BTreeSet<String>,
    wanted: BTreeSet<String>,
    /// Where a file waits, and its place.
    waiting: Vec<(PathBuf, PathBuf)>,
    swept: BTreeSet<PathBuf>,
}

/// What was done, in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    pub written: usize,
    /// Already there with the same bytes: left alone, so that their date still answers « not modified ».
    pub unchanged: usize,
    /// Written by a former run and no longer wanted.
    pub removed: usize,
}

impl Folder {
    /// Opens a folder, which is made where it is missing, once no other run writes it.
    pub fn open(root: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        let turn = take_turn(root);
        Ok(Self {
            root: root.to_owned(),
            _turn: turn,
            former: read_manifest(root)?,
            wanted: BTreeSet::new(),
            waiting: Vec::new(),
            swept: BTreeSet::new(),
        })
    }

    /// Puts a file in it, by its path from the root, with `/`.
    ///
    /// # Errors
    /// Of kind `InvalidInput` when the path is absolute, holds `..` or the like; of kind `AlreadyExists` when somebody else's file
    /// has this name. The folder stays as it is.
    pub fn put(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        if !is_inside(path) {
            let text = format!("`{path}` does not stay inside the folder");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let target = self.root.join(path);
        let is_there = has_bytes(&target, bytes);
        if !is_there && !self.former.contains(path) && target.exists() {
            let text = format!("`{}` is there already, and is not one of ours", target.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        let folder = folder_of(&target);
        if self.swept.insert(folder.to_owned()) {
            fs::create_dir_all(folder)?;
            sweep(folder)?;
        }
        if self.wanted.insert(path.to_owned()) && !is_there {
            let half = write_half(folder, HALF_PUBLISHED, bytes).map_err(|error| named(error, &target))?;
            self.waiting.push((half, target));
        }
        Ok(())
    }

    /// Lets all that was put in take its place.
    pub fn finish(mut self) -> io::Result<Written> {
        // Named before they exist: a run that dies half-way leaves nothing that the next one does not know.
        write_manifest(&self.root, self.former.union(&self.wanted))?;
        let mut done = Written { unchanged: self.wanted.len() - self.waiting.len(), ..Written::default() };
        let mut touched = BTreeSet::new();
        for (half, target) in self.waiting.drain(..) {
            fs::rename(&half, &target).map_err(|error| named(error, &target))?;
            touched.insert(folder_of(&target).to_owned());
            done.written += 1;
        }
        for path in self.former.difference(&self.wanted) {
            match fs::remove_file(self.root.join(path)) {
                Ok(()) => done.removed += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(named(error, &self.root.join(path))),
            }
        }
        touched.iter().try_for_each(|folder| settle(folder))?;
        write_manifest(&self.root, self.wanted.iter())?;
        Ok(done)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: the next run sweeps up what stays.
        self.waiting.iter().for_each(|(half, _)| drop(fs::remove_file(half)));
    }
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

fn write_manifest<'a>(root: &Path, paths: impl Iterator<Item = &'a String>) -> io::Result<()> {
    let text: String = paths.flat_map(|path| [path, "\n"]).collect();
    let target = root.join(MANIFEST);
    if has_bytes(&target, text.as_bytes()) {
        return Ok(());
    }
    let half = write_half(root, HALF_PUBLISHED, text.as_bytes()).map_err(|error| named(error, &target))?;
    fs::rename(&half, &target).map_err(|error| named(error, &target))?;
    settle(root)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, files: &[(&str, &str)]) -> io::Result<Written> {
        let mut folder = Folder::open(root)?;
        files.iter().try_for_each(|(path, text)| folder.put(path, text.as_bytes()))?;
        folder.finish()
    }

    #[test]
    fn a_second_run_leaves_alone_what_is_the_same_and_removes_only_what_it_wrote() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        fs::create_dir_all(root.join("sections")).unwrap();
        fs::write(root.join("sections/of-someone-else.html"), "x").unwrap();
        let first = &[("index.html", "a"), ("sections/tic.rss", "b"), ("sections/old.rss", "c")];
        assert_eq!(write(&root, first).unwrap(), Written { written: 3, unchanged: 0, removed: 0 });
        let date = fs::metadata(root.join("index.html")).unwrap().modified().unwrap();

        let second = &[("index.html", "a"), ("sections/tic.rss", "changed")];
        assert_eq!(write(&root, second).unwrap(), Written { written: 1, unchanged: 1, removed: 1 });
        assert_eq!(fs::metadata(root.join("index.html")).unwrap().modified().unwrap(), date);
        assert_eq!(fs::read_to_string(root.join("sections/tic.rss")).unwrap(), "changed");
        assert!(!root.join("sections/old.rss").exists());
        assert!(root.join("sections/of-someone-else.html").exists());
        assert_eq!(write(&root, second).unwrap(), Written { written: 0, unchanged: 2, removed: 0 });
    }

    #[test]
    fn a_path_that_leaves_the_folder_is_refused_before_anything_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("public");
        for path in ["../x", "/etc/x", "a/../../x", "", "a/", "a\\b", "./x", MANIFEST, "a\nb"] {
            let error = write(&root, &[("good", "1"), (path, "2")]).unwrap_err();
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
        write(&root, &[("a", "1")]).unwrap();
        assert!(dir.path().join("precious").exists());
    }

    #[test]
    fn what_a_killed_run_left_is_swept_up() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(format!("{HALF_PUBLISHED}1-1")), "half").unwrap();
        fs::write(dir.path().join("half-a-file-of-mine"), "x").unwrap();
        write(dir.path(), &[("a", "1")]).unwrap();
        let mut names: Vec<String> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, [MANIFEST, "a", "half-a-file-of-mine"]);
    }

    #[test]
    fn two_runs_at_once_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let sets: Vec<_> = (0..4).map(|n| [("same", "x"), (["a", "b", "c", "d"][n], "y")]).collect();
        std::thread::scope(|scope| {
            for set in &sets {
                scope.spawn(|| write(dir.path(), &set[..]).unwrap());
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
        let error = write(dir.path(), &[("index.html", "x"), ("b", "y")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(dir.path().join("index.html")).unwrap(), "mon site");
        assert!(!dir.path().join("b").exists());
    }

    #[test]
    fn what_fails_half_way_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &[("a", "1"), ("b", "1")]).unwrap();
        // A folder where a file is to stand: it cannot be replaced, and is none of ours.
        fs::create_dir(dir.path().join("c")).unwrap();
        assert!(write(dir.path(), &[("a", "2"), ("d", "2"), ("c", "2")]).is_err());
        let mut folder = Folder::open(dir.path()).unwrap();
        folder.put("a", b"3").unwrap();
        drop(folder);
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "1");
        let mut names: Vec<String> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, [MANIFEST, "a", "b", "c"]);
        assert_eq!(write(dir.path(), &[("a", "2")]).unwrap(), Written { written: 1, unchanged: 0, removed: 1 });
    }
}
