//! What programs read besides feeds: robots.txt (RFC 9309), sitemap.xml (sitemaps.org), security.txt (RFC 9116).

use jiff::ToSpan;

use super::{App, selections};
use crate::{
    model::{Selection, SitePath, SiteText},
    render::Medium,
    store::{bulletins, stories},
};

/// A sitemap holds 50,000 addresses at most; the latest stories are what is looked for.
const STORIES: u32 = 20_000;

/// Everything may be read; what is made for one person, or for each question, need not be.
pub(super) fn robots(app: &App) -> Vec<u8> {
    let mut lines = String::from("User-agent: *\n");
    for path in ["recherche", "abonnement", "preferences", "desabonnement", "confirmation", "renouvellement", "api"] {
        lines += &format!("Disallow: /{path}\n");
    }
    if let Some(home) = home(app) {
        lines += &format!("\nSitemap: {home}{}\n", SitePath::Sitemap);
    }
    lines.into_bytes()
}

/// None without an address of the site: a sitemap holds whole ones.
pub(super) fn sitemap(app: &App) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(home) = home(app) else { return Ok(None) };
    let mut paths: Vec<(SitePath, Option<jiff::Timestamp>)> =
        [SitePath::Home, SitePath::Editions(None), SitePath::Sources].map(|path| (path, None)).into();
    paths.extend(SiteText::ALL.map(|text| (SitePath::Text(text), None)));
    paths.extend(selections(app, Medium::Server).into_iter().map(|selection| (SitePath::Selection(selection), None)));
    app.store.read(|db| {
        for one in bulletins::latest_of(db, bulletins::Sort::Bulletins, super::edition::KEPT)? {
            let path = SitePath::Edition { date: one.date, cadence: one.cadence, number: one.number };
            paths.push((path, Some(one.frozen)));
        }
        for story in stories::shown(db, &Selection::All, None, STORIES)? {
            paths.push((SitePath::Story(story.id), Some(story.updated)));
        }
        Ok(())
    })?;
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n",
    );
    for (path, moved) in paths {
        let moved = moved.map(|at| format!("<lastmod>{at:.0}</lastmod>")).unwrap_or_default();
        xml += &format!("<url><loc>{}</loc>{moved}</url>\n", escaped(&format!("{home}{path}")));
    }
    xml += "</urlset>\n";
    Ok(Some(xml.into_bytes()))
}

/// Whom to tell of a hole; none where the settings name nobody.
pub(super) fn security(app: &App) -> anyhow::Result<Option<Vec<u8>>> {
    let mail = &app.config.mail;
    let from = mail.from.as_ref().map(|from| &from.address);
    let Some(contact) = mail.operator.as_ref().or(mail.reply_to.as_ref()).or(from) else { return Ok(None) };
    // RFC 9116 2.5.5: less than a year. It moves with the month, so that the file is the same for a while.
    let today = app.config.site.zone.to_datetime(app.clock.now()).date();
    let until = today.first_of_month().saturating_add(6.months());
    let mut text = format!("Contact: mailto:{contact}\nExpires: {until}T00:00:00Z\nPreferred-Languages: fr, en\n");
    if let Some(home) = home(app) {
        text += &format!("Canonical: {home}{}\n", SitePath::SecurityTxt);
    }
    Ok(Some(text.into_bytes()))
}

fn home(app: &App) -> Option<String> {
    let url = app.config.site.url.as_ref()?.as_str();
    Some(format!("{}/", url.trim_end_matches('/')))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
