//! Mail that lies in a folder: a maildir (https://cr.yp.to/proto/maildir.html), or files beside each other (`….eml`, numbers). What was read is put
//! away by one renaming: it is never deleted, and of two programs that read at once one finds it gone.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::named;

/// How a mail that was read is put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    Read,
    /// It could not be understood: somebody is to look at it.
    Puzzling,
}

/// Mails of a folder that were not put away, in the order of their names. A folder that is not there is an error.
pub fn waiting(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = match is_maildir(folder) {
        true => {
            let mut found = files(&folder.join("new"))?;
            found.extend(files(&folder.join("cur"))?.into_iter().filter(|path| !flags(path).contains('S')));
            found
        }
        false => {
            let mut found = files(folder)?;
            // Whoever names the wrong folder finds it as it was.
            found.retain(|path| is_mail(path));
            found
        }
    };
    found.sort();
    Ok(found)
}

/// The beginning of a mail. `None`: another program put it away in the meantime.
pub fn read(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|error| named(error, path))?,
    };
    let mut octets = Vec::new();
    file.take(most as u64).read_to_end(&mut octets).map_err(|error| named(error, path))?;
    Ok(Some(octets))
}

/// Puts a mail away: in a maildir with the flag for « seen » (and « flagged » where somebody is to look at it), else into a folder
/// `done` or `unread` beside it.
pub fn put_away(folder: &Path, path: &Path, how: Away) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    let target = if is_maildir(folder) {
        folder.join("cur").join(flagged(name, how))
    } else {
        let into = folder.join(match how {
            Away::Read => "done",
            Away::Puzzling => "unread",
        });
        fs::create_dir_all(&into).map_err(|error| named(error, &into))?;
        into.join(name)
    };
    match fs::rename(path, &target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|error| named(error, path)),
    }
}

fn is_maildir(folder: &Path) -> bool {
    folder.join("new").is_dir() && folder.join("cur").is_dir()
}

/// Whether a file is called as mails are: `….eml`, or by a number.
fn is_mail(path: &Path) -> bool {
    let is_numbered = |name: &OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_digit);
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"))
        || path.file_name().is_some_and(is_numbered)
}

/// The files of a folder; what begins with a dot is still being written.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| named(error, folder))? {
        let entry = entry.map_err(|error| named(error, folder))?;
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// What stands after `:2,` in the name of a mail.
fn flags(path: &Path) -> String {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    name.rsplit_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default()
}

/// The name with the flags for what became of the mail, in the order of the alphabet.
fn flagged(name: &OsStr, how: Away) -> OsString {
    let new = match how {
        Away::Read => "S",
        Away::Puzzling => "FS",
    };
    let mut flags: Vec<char> = flags(Path::new(name)).chars().chain(new.chars()).collect();
    flags.sort_unstable();
    flags.dedup();
    let bytes = name.as_encoded_bytes();
    let end = bytes.windows(3).rposition(|three| three == b":2,").unwrap_or(bytes.len());
    // A name is cut before a colon, and keeps its encoding.
    let mut out = match name.to_str() {
        Some(text) => OsString::from(&text[..end]),
        None => name.to_owned(),
    };
    out.push(format!(":2,{}", flags.into_iter().collect::<String>()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: io::Result<Vec<PathBuf>>) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
        found.expect("a folder").into_iter().map(name).collect()
    }

    #[test]
    fn what_was_read_of_a_maildir_is_seen_and_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir(dir.path().join(folder)).expect("a folder");
        }
        for name in ["new/1.a", "new/.half", "cur/0.b:2,R", "cur/0.c:2,RS"] {
            fs::write(dir.path().join(name), name).expect("a file");
        }
        assert_eq!(names(waiting(dir.path())), ["0.b:2,R", "1.a"]);
        for (path, how) in waiting(dir.path()).expect("two").iter().zip([Away::Read, Away::Puzzling]) {
            put_away(dir.path(), path, how).expect("a move");
            put_away(dir.path(), path, how).expect("nothing left to move");
            assert_eq!(read(path, 10).expect("no error"), None);
        }
        assert_eq!(names(waiting(dir.path())), [""; 0]);
        for (name, said) in [("cur/0.b:2,RS", "cur/0.b:2,R"), ("cur/1.a:2,FS", "new/1.a")] {
            assert_eq!(read(&dir.path().join(name), 100).expect("a file").expect("there"), said.as_bytes(), "{name}");
        }
    }

    #[test]
    fn files_beside_each_other_go_into_a_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["a.eml", "notes.odt"] {
            fs::write(dir.path().join(name), "x").expect("a file");
        }
        put_away(dir.path(), &waiting(dir.path()).expect("one")[0], Away::Read).expect("a move");
        assert_eq!(names(waiting(dir.path())), [""; 0]);
        assert!(dir.path().join("done/a.eml").exists() && dir.path().join("notes.odt").exists());
        assert!(waiting(&dir.path().join("nowhere")).is_err());
    }
}
