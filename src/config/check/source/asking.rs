//! How a source is asked, where that is not as all the others are: `post`, `[source.oauth]`, limits of its own.

use super::{
    Asked,
    address::{Where, is_inside, refuse_inside},
};
use crate::{
    config::{
        Network,
        check::{Context, secret},
        file::Table,
        value::{self, Wrong},
    },
    model::{Asking, OAuth, SourceId},
};

pub(super) fn read(
    table: &mut Table<'_>,
    id: Option<&SourceId>,
    address: Option<&Where>,
    asked: Asked,
    allow: &[Network],
    context: &Context<'_>,
) -> Asking {
    let post = table.parse("post", |text| match serde_json::from_str::<serde_json::Value>(text) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => {
            let why = format!("must be JSON: {error}");
            Err(Wrong::new(why, "write it in single quotes, such as `post = '{\"pageSize\": 10}'`"))
        }
    });
    let body_cap = table.parse("body_cap", value::size);
    let total_timeout = table.parse("total_timeout", |text| value::duration(text, "1s", "1h"));
    table.know(&["oauth"]);
    let oauth_of = |table: &mut Table<'_>| {
        let allow_private = address.is_some_and(|address| address.allow_private);
        let mut inner = table.table("oauth");
        let oauth = oauth(&mut inner, id, allow_private, asked, allow, context);
        inner.finish();
        oauth
    };
    let oauth = if table.has("oauth") { oauth_of(table) } else { None };
    Asking { post, oauth, body_cap, total_timeout }
}

fn oauth(
    table: &mut Table<'_>,
    id: Option<&SourceId>,
    allow_private: bool,
    asked: Asked,
    allow: &[Network],
    context: &Context<'_>,
) -> Option<OAuth> {
    if !table.has("token_url") {
        let hint = "write `token_url = \"https://…\"`: where the keeper of the source gives out tokens";
        table.refuse("token_url", Wrong::new("is missing", hint));
    }
    let token_url = table.parse("token_url", value::web_address);
    if let Some(url) = &token_url {
        refuse_inside(table, "token_url", url, allow_private, allow);
        if url.scheme() != "https" && !is_inside(url) {
            let why = "must begin with `https://`: the secret would travel in clear";
            table.refuse("token_url", Wrong::new(why, "write the address with `https://`"));
        }
    }
    // Each source has variables of its own: VIGIE_PISTE_CLIENT_SECRET.
    let variable = |what: &str| {
        let id = id.map(SourceId::as_str).unwrap_or_default().to_ascii_uppercase().replace('-', "_");
        format!("VIGIE_{id}_{what}")
    };
    let mut credential = |key: &'static str, key_file: &'static str, what: &str| {
        if asked == Asked::Never {
            table.text(key);
            table.parse(key_file, value::path);
            return None;
        }
        let variable = variable(what);
        let given = secret::read(table, key, key_file, &variable, context);
        let hint = format!("set `{key_file}`, or `{variable}` in the environment");
        if given.is_none() && !table.has(key) && !table.has(key_file) {
            table.refuse(key, Wrong::new("is missing", hint));
        } else if given.as_deref() == Some("") {
            let key = if table.has(key_file) { key_file } else { key };
            table.refuse(key, Wrong::new("holds nothing", hint));
        }
        given
    };
    let client_id = credential("client_id", "client_id_file", "CLIENT_ID");
    let client_secret = credential("client_secret", "client_secret_file", "CLIENT_SECRET");
    let scope = table.parse("scope", value::name);
    Some(OAuth { token_url: token_url?, client_id: client_id?, client_secret: client_secret?, scope })
}
