//! A made-up edition that goes through every branch of the templates, to try those that an installation wrote.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    alarm::{Alarm, AlarmKind, Network},
    bulletin::{Also, Edition, Item, Shelf},
    config::Site,
    model::{
        Cadence, EmailAddress, Nature, Preferences, PublicationDate, SectionId, Sections, Severity, SourceId, StoryId,
    },
};

use super::{
    FeedGroup, FeedLink, OperatorLine, OperatorNews, PastEdition, Reader, RenderError, Templates, about_page,
    bulletin_mail, bulletin_page, index_page, operator_mail,
};

/// Renders everything once with all there can be, and once with as little as there can be.
pub(super) fn try_all(templates: &Templates) -> Result<(), RenderError> {
    let url = url::Url::parse("https://veille.exemple.fr/").ok();
    let site = Site {
        name: "Veille".into(),
        url: url.clone(),
        publisher: "Centre de gestion".into(),
        address: "1 place de la Mairie, 00000 Exemple".into(),
        privacy: url,
        zone: TimeZone::UTC,
    };
    let bare = Site { url: None, address: String::new(), privacy: None, ..site.clone() };
    let Some(section) = SectionId::parse("tic") else { return Ok(()) };
    let large: Vec<Item> = (0..300).map(|n| item(&section, n, "Un titre. ".repeat(20))).collect();
    let Some(address) = EmailAddress::parse("c.durand@mairie.exemple.fr").ok() else { return Ok(()) };
    let Some(source) = SourceId::parse("cert-fr") else { return Ok(()) };
    let preferences = Preferences::all(Cadence::Daily);
    let reader = Reader {
        address: &address,
        since: Timestamp::UNIX_EPOCH,
        preferences: &preferences,
        unsubscribe: "mailto:stop@exemple.fr",
        consent: "inscription",
    };
    for (site, items) in
        [(&site, vec![item(&section, 0, "Deux phrases. Deux.".into())]), (&bare, vec![least(&section)]), (&site, large)]
    {
        let Some(edition) = edition(items) else { return Ok(()) };
        bulletin_mail(templates, &edition, site, &Sections::default(), &reader)?;
        bulletin_page(templates, &edition, site)?;
        about_page(templates, site)?;
    }
    for site in [&site, &bare] {
        let line = |ended| OperatorLine {
            id: source.clone(),
            name: "CERT-FR".into(),
            alarm: Alarm { kind: AlarmKind::Gone, since: Timestamp::UNIX_EPOCH, detail: "a cause".into() },
            ended,
            next: ended.is_none().then_some(Timestamp::UNIX_EPOCH),
            every: None,
        };
        let moved = OperatorLine {
            alarm: Alarm { kind: AlarmKind::Moved, since: Timestamp::UNIX_EPOCH, detail: String::new() },
            ..line(None)
        };
        let network = Some(Network::Back { since: Timestamp::UNIX_EPOCH });
        let ended = vec![line(Some(Timestamp::UNIX_EPOCH))];
        let (began, open) = (vec![line(None), moved], [(source.clone(), AlarmKind::Gone)].into());
        let news = OperatorNews { network, began, ended, open, options: String::new() };
        operator_mail(templates, &news, site)?;
        operator_mail(templates, &OperatorNews::default(), site)?;
    }
    let past = PastEdition { cadence: Cadence::Daily, date: Date::constant(2023, 8, 30), number: 1, stories: 1 };
    let feed = FeedLink { path: "veille".into(), title: "Veille".into(), group: FeedGroup::All };
    index_page(templates, &site, &[past], &[feed])?;
    index_page(templates, &bare, &[], &[])?;
    Ok(())
}

fn edition(items: Vec<Item>) -> Option<Edition> {
    let shelf = Shelf { section: SectionId::parse("tic")?, name: "TIC".into(), items };
    Some(Edition { cadence: Cadence::Daily, date: Date::constant(2023, 8, 30), number: 1, shelves: vec![shelf] })
}

fn item(section: &SectionId, n: i64, summary: String) -> Item {
    let also = Also { source: "Relais".into(), title: "Un titre".into(), url: Some("https://relais.exemple/".into()) };
    Item {
        story: StoryId::new(n),
        section: section.clone(),
        also_in: vec![],
        nature: Nature::Alerte,
        severity: if n % 2 == 0 { Severity::Critical } else { Severity::High },
        title: "Un titre".into(),
        summary,
        actions: vec!["Mettre à jour.".into()],
        source: "CERT-FR".into(),
        published: Some(PublicationDate::second(Timestamp::UNIX_EPOCH)),
        url: Some("https://source.exemple/".into()),
        reference: Some("CERTFR-2023-ALE-009".into()),
        language: "en".into(),
        also: vec![also; 7],
    }
}

fn least(section: &SectionId) -> Item {
    Item {
        severity: Severity::Info,
        actions: Vec::new(),
        published: None,
        url: None,
        reference: None,
        language: "fr".into(),
        also: Vec::new(),
        ..item(section, 1, String::new())
    }
}
