//! `vigie doctor`

use std::net::IpAddr;

use clap::Args;
use serde_json::json;

use super::{
    Exit, Global, load,
    output::{Output, count},
};
use crate::{
    clock::Clock,
    config::{self, Config},
    model::EmailAddress,
    work::{
        App,
        doctor::{self, Check, Grade, Wanted},
    },
};

#[derive(Debug, Args)]
pub struct Doctor {
    /// Send a message to this address on the way that bulletins take, and tell the reply.
    #[arg(long, value_name = "ADDRESS")]
    test: Option<String>,
    /// From which address mail reaches others [default: this machine's, or those of the relay]
    #[arg(long, value_name = "IP")]
    address: Vec<IpAddr>,
}

pub async fn run(args: &Doctor, global: &Global, out: &Output) -> anyhow::Result<Exit> {
    let test = args.test.as_deref().map(EmailAddress::parse).transpose()?;
    let mut checks = Vec::new();
    match load::load(&global.config, global.data.as_deref()) {
        Ok(loaded) => {
            let read = format!("{} and the settings can be read", count(loaded.config.sources.len(), "source"));
            checks.push(match config::warnings(&loaded.config).len() {
                0 => Check::new("settings", Grade::Ok, read, None),
                n => Check::new(
                    "settings",
                    Grade::Warn,
                    format!("{read}, with {}", count(n, "warning")),
                    Some("`vigie check` says what to write".into()),
                ),
            });
            let config: Config = loaded.config.clone();
            let app = App::open(loaded.config, loaded.rules, loaded.templates, Clock::System);
            let app = app.as_ref().map_err(|error| anyhow::anyhow!("{error:#}"));
            let wanted = Wanted { addresses: &args.address, test: test.as_ref(), clock: Clock::System };
            checks.extend(doctor::examine(&config, app, &wanted).await);
        }
        Err(error) => {
            let told = error.to_string();
            let fix = Some(String::from("`vigie check` shows each line; then `vigie doctor` looks at the rest"));
            checks.push(Check::new("settings", Grade::Fail, told.lines().next().unwrap_or_default(), fix));
        }
    }
    let failed = checks.iter().filter(|check| check.state == Grade::Fail).count();
    out.data(&json!({ "checks": checks, "failed": failed }), || checks.iter().map(told).collect())?;
    if failed == 0 {
        return Ok(Exit::Done);
    }
    out.complain(format!("{} failed", count(failed, "check")));
    Ok(Exit::Partly)
}

fn told(check: &Check) -> String {
    let fix =
        check.fix.as_ref().map(|fix| format!("      fix: {}\n", fix.replace('\n', "\n      "))).unwrap_or_default();
    format!("{:<4}  {}: {}\n{fix}", check.state.as_str(), check.name, check.found.replace('\n', "; "))
}
