//! A made-up edition that goes through every branch of the templates, to try those that an installation wrote.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    alarm::{Alarm, AlarmKind, Network, Tally, Weather},
    bulletin::{Also, Cited, Edition, Guide, Item, Question, Quote, Shelf},
    config::Site,
    model::{
        Cadence, EmailAddress, Letter, Licence, Nature, Preferences, PublicationDate, SectionId, Sections, Selection,
        Severity, SitePath, SiteText, SourceId, StoryId,
    },
    normalise::{
        deadline::{Bound, Deadline},
        terms::Excerpt,
    },
    text::diff::Piece,
};

use super::{
    Answer, AnswerFacts, Calendar, Frame, HomeFacts, LetterFacts, LineKind, ListFacts, Medium, Missing, NoticeFacts,
    OperatorLine, OperatorNews, OperatorStorm, OwnFacts, OwnStep, PastEdition, PreviewFacts, QuestionFacts,
    QuestionFields, Reader, Refusal, RenderError, RevisionFacts, SearchChoice, SearchFacts, SearchHit, SourceFacts,
    Step, StoryFacts, Templates, TraceLine, WishFacts, WishFields, Wrong, access_page, answer_page, bulletin_mail,
    bulletin_page, contact_page, editions_page, help_page, home_page, letter_mail, list_page, missing_page, notice,
    operator_mail, own_page, question_mail, search_page, sources_page, story_page, subscribe_page, text_page,
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
        preferences_at: "https://veille.exemple.fr/preferences/A",
        consent: "inscription",
    };
    for (site, items) in
        [(&site, vec![item(&section, 0, "Deux phrases. Deux.".into())]), (&bare, vec![least(&section)]), (&site, large)]
    {
        let Some(edition) = edition(items) else { return Ok(()) };
        bulletin_mail(templates, &edition, site, &Sections::default(), &reader)?;
        let path = SitePath::Home;
        bulletin_page(templates, Frame { site, path: &path, medium: Medium::Server }, &edition)?;
        try_pages(templates, site, &edition)?;
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
        let news = OperatorNews { network, began, ended, open, storms: storms(), options: String::new() };
        operator_mail(templates, &news, site)?;
        operator_mail(templates, &OperatorNews::default(), site)?;
    }
    for site in [&site, &bare] {
        try_letters(templates, site, &address, &preferences)?;
        try_forms(templates, site, &[least(&section)])?;
    }
    Ok(())
}

fn try_pages(templates: &Templates, site: &Site, edition: &Edition) -> Result<(), RenderError> {
    let items: Vec<Item> = edition.items().take(3).cloned().collect();
    let Some(item) = items.first() else { return Ok(()) };
    let Some(source) = SourceId::parse("cert-fr") else { return Ok(()) };
    let past = PastEdition { cadence: Cadence::Daily, date: Date::constant(2023, 8, 30), number: 1, stories: 1 };
    let refusal = Refusal { name: "Orange".into(), state: Weather::Refusing, since: Timestamp::UNIX_EPOCH };
    let warning: Vec<_> = notice(&refusal, site).into_iter().collect();
    let sections = Sections::new(vec![crate::model::Section { id: item.section.clone(), name: "TIC".into() }]);
    let contact = EmailAddress::parse("c.durand@mairie.exemple.fr").ok();
    let pieces = vec![Piece::Kept("a".repeat(300)), Piece::Removed("b".into()), Piece::Added("c".into())];
    let document = NoticeFacts {
        source_name: "CERT-FR".into(),
        source_page: Some(SitePath::Sources),
        title: "Un titre".into(),
        url: item.url.clone(),
        published: item.published,
        language: item.language.clone(),
        licence: Licence::Lo,
        revisions: vec![RevisionFacts { at: Timestamp::UNIX_EPOCH, changes: pieces }],
    };
    let watched = |trouble| SourceFacts {
        id: source.clone(),
        name: "CERT-FR".into(),
        url: item.url.clone(),
        licence: Licence::Unknown,
        trouble,
        last_success: Some(Timestamp::UNIX_EPOCH),
        last_new: None,
        page: Some(SitePath::Sources),
    };
    for medium in [Medium::Server, Medium::Folder] {
        let frame = Frame { site, path: &SitePath::Home, medium };
        let calendar = |days| Calendar { path: "echeances.ics", days };
        let full = HomeFacts {
            alerts: &items,
            edition: Some(past),
            heads: &items,
            latest: &items,
            most_read: &items,
            sections: &sections,
            calendar: calendar(3),
            notices: &warning,
        };
        let bare = HomeFacts {
            alerts: &[],
            edition: None,
            heads: &[],
            latest: &[],
            most_read: &[],
            sections: &sections,
            calendar: calendar(0),
            notices: &[],
        };
        home_page(templates, frame, &full)?;
        home_page(templates, frame, &bare)?;
        let list = ListFacts {
            selection: &Selection::All,
            title: "Toute la veille",
            about: &[String::from("Une source.")],
            items: &items,
            is_first: false,
            next: Some(StoryId::new(1)),
        };
        list_page(templates, frame, &list)?;
        list_page(templates, frame, &ListFacts { about: &[], items: &[], is_first: true, next: None, ..list })?;
        let story = StoryFacts {
            item,
            section: "TIC",
            first_seen: Timestamp::UNIX_EPOCH,
            updated: Timestamp::MAX,
            notices: std::slice::from_ref(&document),
            related: &items,
            contact: contact.as_ref(),
        };
        story_page(templates, frame, &story)?;
        story_page(templates, frame, &StoryFacts { notices: &[], related: &[], contact: None, ..story })?;
        editions_page(templates, frame, Some(Cadence::Daily), &[past], Some(crate::model::BulletinId::new(1)))?;
        editions_page(templates, frame, None, &[], None)?;
        let excerpt = Excerpt { text: "Un mot".into(), marks: std::iter::once(3..6).collect() };
        let choice = SearchChoice { value: "tic".into(), name: "TIC".into(), is_chosen: true };
        let choices = || vec![choice.clone()];
        let full = SearchFacts {
            words: "mot",
            reference: "",
            from: Some(Date::constant(2023, 8, 30)),
            until: None,
            is_best: true,
            sections: choices(),
            natures: choices(),
            severities: choices(),
            sources: choices(),
            ignored: &[("rubrique", String::from("x"))],
            is_asked: true,
            is_first: false,
            hits: &[SearchHit { item, excerpt: &excerpt, source: Some("Une source"), language: "en" }],
            next: Some("q=mot&apres=1".into()),
            query: "q=mot",
            wish: "mots=mot",
        };
        search_page(templates, frame, &full)?;
        search_page(templates, frame, &SearchFacts { hits: &[], ignored: &[], ..full.clone() })?;
        search_page(templates, frame, &SearchFacts { is_asked: false, next: None, ..full })?;
        sources_page(templates, frame, &[watched(None), watched(Some(AlarmKind::Gone))])?;
        sources_page(templates, frame, &[])?;
        for text in SiteText::ALL {
            text_page(templates, frame, text, &sections)?;
        }
        for missing in [Missing::Unknown, Missing::Gone, Missing::Failed] {
            missing_page(templates, frame, missing)?;
        }
    }
    Ok(())
}

fn storms() -> Vec<OperatorStorm> {
    let storm = |ended| OperatorStorm {
        id: "orange".into(),
        name: "Orange".into(),
        state: Weather::Refusing,
        since: Timestamp::UNIX_EPOCH,
        ended,
        tally: Tally { taken: 1, refused: 9 },
        reply: "421 Trop de connexions".into(),
        meaning: "trop de connexions".into(),
        advice: "Baissez `connections`.".into(),
    };
    vec![storm(None), storm(Some(Timestamp::UNIX_EPOCH))]
}

fn try_letters(
    templates: &Templates,
    site: &Site,
    address: &EmailAddress,
    preferences: &Preferences,
) -> Result<(), RenderError> {
    let sections = Sections::default();
    for about in [None, Some("https://v.exemple/nouvelles/1.html")] {
        question_mail(
            templates,
            site,
            &QuestionFacts { address: "a@exemple.fr", text: "Une ligne.\n\nUne autre.", about },
        )?;
    }
    for kind in Letter::ALL.into_iter().filter(|kind| *kind != Letter::Question) {
        for (leave, act) in [
            (Some("mailto:stop@exemple.fr?subject=STOP"), None),
            (Some("https://v.exemple/d/a"), Some("https://v.exemple/r/a")),
        ] {
            let facts = LetterFacts {
                kind,
                address,
                preferences,
                agreed: "inscription",
                since: Timestamp::UNIX_EPOCH,
                until: Some(Timestamp::UNIX_EPOCH),
                act,
                leave,
                from: address,
                contact: address,
                rhythm: None,
                preferences_at: act,
                has_left: leave.is_none(),
                trace: &[TraceLine { kind: LineKind::Sending, text: String::from("Une ligne.") }],
            };
            letter_mail(templates, site, &sections, &facts)?;
        }
    }
    for answer in Answer::ALL {
        let all = AnswerFacts {
            address: Some(address),
            preferences: Some(preferences),
            agreed: Some("inscription"),
            until: Some(Timestamp::UNIX_EPOCH),
            contact: Some(address),
        };
        answer_page(templates, site, &sections, "../", answer, &all)?;
        answer_page(templates, site, &sections, "../", answer, &AnswerFacts::default())?;
    }
    Ok(())
}

fn try_forms(templates: &Templates, site: &Site, items: &[Item]) -> Result<(), RenderError> {
    let address = EmailAddress::parse("a@exemple.fr").ok();
    let wrong = [Wrong::of("adresse", String::from("Donnez une adresse.")), Wrong::whole(String::from("Trop vite."))];
    for (wrong, items) in [(&wrong[..], None), (&[], Some(items)), (&[], Some(&[][..]))] {
        let preview = items.map(|items| PreviewFacts { items, count: items.len(), is_cut: false });
        let (fields, question) =
            (WishFields::default(), QuestionFields { about: String::from("index.html"), ..QuestionFields::default() });
        let facts = WishFacts {
            fields: &fields,
            wrong,
            sections: &Sections::default(),
            cadences: &Cadence::ALL,
            stamp: "a",
            preview,
        };
        for step in [Step::Ask, Step::Done, Step::TooMany, Step::Closed] {
            subscribe_page(templates, site, &facts, step)?;
            access_page(templates, site, &facts, step)?;
            help_page(templates, site, &facts, step, address.as_ref(), address.is_some())?;
            contact_page(templates, site, &question, wrong, "a", step)?;
        }
        for step in OwnStep::ALL {
            for paused in [None, Some(Date::constant(2023, 9, 10))] {
                let own = OwnFacts {
                    step,
                    address: address.as_ref(),
                    paused,
                    today: Date::constant(2023, 8, 30),
                    may_own: paused.is_some(),
                };
                own_page(templates, site, &facts, &own)?;
            }
        }
    }
    Ok(())
}

fn edition(items: Vec<Item>) -> Option<Edition> {
    let shelf = Shelf { section: SectionId::parse("tic")?, name: "TIC".into(), items };
    Some(Edition { cadence: Cadence::Daily, date: Date::constant(2023, 8, 30), number: 1, shelves: vec![shelf] })
}

fn item(section: &SectionId, n: i64, summary: String) -> Item {
    let also = Also {
        source: "Relais".into(),
        title: "Un titre".into(),
        url: Some("https://relais.exemple/".into()),
        language: "en".into(),
    };
    Item {
        story: StoryId::new(n),
        section: section.clone(),
        also_in: vec![],
        nature: Nature::Alerte,
        severity: if n % 2 == 0 { Severity::Critical } else { Severity::High },
        title: "Un titre".into(),
        summary,
        more: vec![quote("Onze mairies sont concernées.", "Relais")],
        guide: Guide {
            parts: Question::ALL
                .map(|question| (question, vec![quote("Mettre à jour.", "CERT-FR"), quote("Update.", "Relais")]))
                .into(),
        },
        source: "CERT-FR".into(),
        published: Some(PublicationDate::second(Timestamp::UNIX_EPOCH)),
        url: Some("https://source.exemple/".into()),
        reference: Some("CERTFR-2023-ALE-009".into()),
        language: "en".into(),
        also: vec![also; 7],
        cves: (1..8).map(|n| format!("CVE-2023-000{n}")).collect(),
        cited: vec![Cited { number: "CERTFR-2023-AVI-0001".into(), url: Some("https://source.exemple/".into()) }; 7],
        deadlines: vec![Deadline { day: Date::constant(2023, 9, 4), bound: Bound::Until }],
        again: false,
        importance: 1,
        history: Vec::new(),
        alert: None,
        alerted: Some(Timestamp::UNIX_EPOCH),
    }
}

fn quote(text: &str, source: &str) -> Quote {
    let address = Some(String::from("https://source.exemple/"));
    Quote { text: text.into(), source: source.into(), url: address.clone(), link: address, language: Some("en".into()) }
}

fn least(section: &SectionId) -> Item {
    Item {
        severity: Severity::Info,
        more: Vec::new(),
        guide: Guide::default(),
        cves: Vec::new(),
        cited: Vec::new(),
        deadlines: Vec::new(),
        published: None,
        url: None,
        reference: None,
        language: "fr".into(),
        also: Vec::new(),
        ..item(section, 1, String::new())
    }
}
