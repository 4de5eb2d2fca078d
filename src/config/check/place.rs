//! `[publish]` and `[store]`: what is handed out to everyone must lie apart from the database.

use std::path::{Component, Path, PathBuf};

use super::{Context, count};
use crate::config::{
    Publish,
    file::Table,
    value::{self, Wrong},
};

/// What is published, and the folder of the database.
pub(super) fn read(mut publish: Table<'_>, mut store: Table<'_>, context: &Context<'_>) -> (Publish, PathBuf) {
    let out = publish.parse("out", value::path);
    let data = store.parse("data", value::path);
    let is_known = (out.is_some() || !publish.has("out")) && (data.is_some() || !store.has("data"));
    let out = context.base.join(out.unwrap_or_else(|| "public".to_owned()));
    let set = context.base.join(data.unwrap_or_else(|| "data".to_owned()));
    let data = context.data.map_or(set, Path::to_owned);
    let (plain_out, plain_data) = (plain(&out, context.here), plain(&data, context.here));
    let verb = match () {
        () if plain_out == plain_data => Some(("be", "be")),
        () if plain_out.starts_with(&plain_data) => Some(("lie in", "hold")),
        () if plain_data.starts_with(&plain_out) => Some(("hold", "lie in")),
        () => None,
    };
    if let Some((of_out, of_data)) = verb.filter(|_| is_known) {
        let hint =
            "a web server hands all of `out` to everyone: give it a folder of its own, beside that of the database";
        if publish.has("out") {
            let why = format!("must not {of_out} the folder of the database, `{}`", data.display());
            publish.refuse("out", Wrong::new(why, hint));
        } else {
            let why = format!("must not {of_data} the folder that is published, `{}`", out.display());
            store.refuse("data", Wrong::new(why, hint));
        }
    }
    let read = Publish {
        out,
        entries: count(&mut publish, "entries", 1_000, 50),
        stories: count(&mut publish, "stories", 100_000, 500),
        hub: publish.parse("hub", value::web_address),
    };
    publish.finish();
    store.finish();
    (read, data)
}

/// A path without `.` and `..`, as far as its words tell: links are not followed.
fn plain(path: &Path, here: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in here.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}
