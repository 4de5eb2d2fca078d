//! `vigie demo`

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;

use super::{
    Exit, load,
    output::{Output, count},
};
use crate::{
    daemon,
    demo::{self, Played, Stage},
    web,
    work::App,
};

#[derive(Debug, Args)]
pub struct Demo {
    /// The folder to write into.
    #[arg(long, value_name = "DIR", default_value = "vigie-demo")]
    dir: PathBuf,
    /// Exit after the summary instead of serving the result.
    #[arg(long)]
    once: bool,
}

pub async fn run(args: Demo, out: &Output) -> anyhow::Result<Exit> {
    let stage = Stage::set(&args.dir).await?;
    let loaded = load::load(&stage.settings(), None)?;
    let mut app = App::open(loaded.config, loaded.rules, loaded.templates, stage.clock())?;
    let bar = out.progress(app.config.sources.len() as u64);
    let played = demo::play(&stage, &app, &|source| {
        bar.inc(1);
        bar.set_message(source.name.clone());
    })
    .await?;
    bar.finish_and_clear();
    out.data(&played, || summary(&played))?;
    if !args.once {
        app.clock = app.clock.running();
        serve(Arc::new(app), out).await?;
    }
    Ok(Exit::Done)
}

fn summary(played: &Played) -> String {
    let mut text = String::from("The morning of 30 August 2023, from bundled sources.\n\nSources\n");
    for source in &played.crawl.sources {
        let told = if source.failed() {
            format!("{}: {}", source.state.as_str(), source.detail.lines().next().unwrap_or_default())
        } else {
            let mut told = format!("{}, {} new", count(source.drafts, "entry"), source.new);
            if source.duplicates > 0 {
                told += &format!(", {} known under another address", source.duplicates);
            }
            if source.copies > 0 {
                told += &format!(", {} copied from another", source.copies);
            }
            if source.joined > 0 {
                told += &format!(", {} of a known event", source.joined);
            }
            for problem in &source.problems {
                told +=
                    &format!("\n                     {}", problem.to_string().replace('\n', "\n                     "));
            }
            told
        };
        text += &format!("  {:<18} {told}\n", source.id);
    }
    let sum = |of: fn(&crate::work::crawl::SourceReport) -> u32| played.crawl.sources.iter().map(of).sum::<u32>();
    text += &format!(
        "\nRecognised: {} new, {} known under another address or from another source, {} copied from another, {} of a known event.\n",
        sum(|s| s.new),
        sum(|s| s.duplicates),
        sum(|s| s.copies),
        sum(|s| s.joined)
    );
    for one in &played.composed {
        text += &format!(
            "Bulletin of {}: {}, {}.\n",
            one.date,
            count(one.stories, "story"),
            count(one.deliveries, "delivery")
        );
    }
    text += &format!(
        "Mail: {} delivered to {}.\n\nLook at\n",
        count(played.send.sent, "message"),
        count(played.readers, "reader")
    );
    let files = played.messages.iter().chain(&played.bulletin).chain(&played.feeds);
    files.for_each(|path| text += &format!("  {}\n", path.display()));
    text += &format!("  {}\n", played.public.join("index.html").display());
    text
}

/// Serves the site until interrupted.
async fn serve(app: Arc<App>, out: &Output) -> anyhow::Result<()> {
    let listener = match TcpListener::bind("127.0.0.1:8080").await {
        Ok(listener) => listener,
        // Taken: any port will do.
        Err(_) => TcpListener::bind("127.0.0.1:0").await.context("cannot listen on 127.0.0.1")?,
    };
    out.say(format!("\nServing http://{}/ – Ctrl-C ends it.", listener.local_addr()?));
    let signal = daemon::wait_for_signal(&app)?;
    let (served, ()) = tokio::join!(web::site::serve(listener, Arc::clone(&app), app.stop.clone()), signal);
    served
}
