//! `archive` and `members`: files inside the one that is fetched.

use super::{closed, kind::pattern};
use crate::{
    config::{file::Table, value::Wrong},
    model::{Archive, ArchiveFormat},
};

pub(super) fn archive(table: &mut Table<'_>) -> Option<Archive> {
    let formats = [("zip", ArchiveFormat::Zip), ("tar.gz", ArchiveFormat::TarGz)];
    let format = closed(table, "archive", "a format of archives", &formats);
    let members = table.parse("members", |text| pattern(text, &[]));
    if !table.has("archive") && table.has("members") {
        let why = "has no effect without `archive`";
        table.refuse("members", Wrong::new(why, "write `archive = \"zip\"` or `archive = \"tar.gz\"` too"));
    }
    Some(Archive { format: format?, members })
}
