//! `vigie trace`

use anyhow::bail;
use clap::Args;

use super::{Exit, output::Output};
use crate::{
    model::EmailAddress,
    render::Whom,
    work::{App, trace},
};

#[derive(Debug, Args)]
pub struct Trace {
    /// In whatever case.
    address: String,
    /// How many bulletins and letters to go back.
    #[arg(long, default_value_t = 20)]
    last: u32,
    /// As it can be sent to the reader: without what is for who runs Vigie.
    #[arg(long)]
    reader: bool,
}

pub fn run(args: &Trace, app: &App, out: &Output) -> anyhow::Result<Exit> {
    let address = match EmailAddress::parse(&args.address) {
        Ok(address) => address,
        Err(error) => {
            out.complain(format!("error: {error}\nhint: write an address such as `marie@ville.fr`"));
            return Ok(Exit::Usage);
        }
    };
    let Some(traced) = trace::trace(app, &address, args.last)? else {
        bail!(
            "nothing was ever sent to `{address}`, and it is no subscriber's\nhint: look for another spelling in `vigie subscribers list`; `vigie subscribers add` makes it one"
        );
    };
    let whom = if args.reader { Whom::Reader } else { Whom::Keeper };
    out.data(&traced, || trace::text(app, &traced, whom))?;
    Ok(Exit::Done)
}
