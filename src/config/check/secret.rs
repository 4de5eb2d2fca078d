//! What must not be known: in the environment, in a file of its own, or in the settings.

use super::Context;
use crate::config::{
    file::Table,
    value::{self, Wrong},
};

/// The environment wins over the file, so that a secret can be replaced without an edit. `None` when none of the three
/// says anything, or what they say is wrong.
pub(super) fn read(
    table: &mut Table<'_>,
    key: &'static str,
    key_file: &'static str,
    variable: &str,
    context: &Context<'_>,
) -> Option<String> {
    let written = table.text(key).map(str::to_owned);
    let file = table.parse(key_file, value::path);
    if written.is_some() && file.is_some() {
        let hint = format!("keep `{key_file}`, and take the {} out of this file", key.replace('_', " "));
        table.refuse(key, Wrong::new(format!("and `{key_file}` are both set"), hint));
    }
    let from_file = || {
        let read = (context.read_secret)(&context.base.join(file.as_ref()?));
        let read = read.map_err(|error| {
            let hint = "create the file, or let the user that runs Vigie read it";
            table.refuse(key_file, Wrong::new(format!("cannot be read: {error}"), hint));
        });
        Some(read.ok()?.trim_end_matches(['\r', '\n']).to_owned())
    };
    (context.env)(variable).filter(|secret| !secret.is_empty()).or(written).or_else(from_file)
}
