//! `[letters]` and `[serve]`: how readers come in and go out.

use std::net::SocketAddr;

use crate::config::{
    Goodbye, Letters, Network, Serve,
    file::Table,
    value::{self, Wrong, quoted},
};

pub(super) fn letters(mut table: Table<'_>) -> Letters {
    let goodbye = match table.flag("goodbye") {
        Some(false) => Goodbye::LeftOut,
        _ => Goodbye::Sent,
    };
    table.finish();
    Letters { goodbye }
}

pub(super) fn serve(mut table: Table<'_>) -> Serve {
    let near = || ["127.0.0.0/8", "::1/128"].into_iter().filter_map(Network::parse).collect();
    let serve = Serve {
        listen: table.parse("listen", listen),
        trusted_proxies: table.list("trusted_proxies", value::network).unwrap_or_else(near),
    };
    table.finish();
    serve
}

fn listen(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| {
        let why = format!("must be an address of this machine and a port, not {}", quoted(text));
        Wrong::new(why, "write both in numbers, such as `127.0.0.1:8080` or `[::1]:8080`")
    })
}
