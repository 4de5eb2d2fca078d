//! What can go wrong with the database, by what there is to do about it.

use std::path::PathBuf;

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "database `{path}` has schema {found}, and this program knows schema {known} at most\n\
         hint: it was written by a newer vigie; install that version, or restore an older database", path = path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "database `{path}` is locked by another program\n\
         hint: another command of vigie, a backup or a database browser holds it; wait for it, or close it", path = path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "no room left to write `{path}`\n\
         hint: free some disk space and run the command again; nothing that was stored is lost", path = path.display()
    )]
    Full { path: PathBuf },
    #[error(
        "`{path}` is not a database of vigie, or it is damaged\n\
         hint: restore the last backup, or name another folder with `--data`", path = path.display()
    )]
    NotADatabase { path: PathBuf },
    #[error(
        "cannot open database `{path}`: {cause}\n\
         hint: the folder must exist and be writable for this user; another one is named with `--data`", path = path.display()
    )]
    Open { path: PathBuf, cause: String },
    #[error("database `{path}`: {cause}", path = path.display())]
    Failed { path: PathBuf, cause: String },
    /// A stored value that this program cannot have written.
    #[error("the database holds `{value}` where {what} is expected")]
    Value { what: &'static str, value: String },
}
