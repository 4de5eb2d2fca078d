//! What readers get of a story that many sources tell: the takedown of the demonstration, read by the same extractors.

use std::path::Path;

use jiff::tz::TimeZone;
use url::Url;
use vigie::{
    bulletin::{self, Importance, Item, Moment, Question, Told},
    classify::{Rules, classify},
    config::{self, Config, Context, Input},
    demo::content,
    extract::extract,
    model::{Cadence, Notice, NoticeId, Page, Placed, Review, Story, StoryId},
};

use crate::app::{TestApp, item};

fn config(rules: &Rules) -> Config {
    let sources = content::sources_toml("http://127.0.0.1:4711");
    let context = Context {
        base: Path::new("."),
        here: Path::new("."),
        data: None,
        sections: rules.sections(),
        env: &|_| None,
        read_secret: &|_| Err(String::new()),
        selector: &|_| Ok(()),
        named: &|_, _| Ok(()),
    };
    config::load(None, Some(Input { name: "sources.toml", text: &sources }), &context).expect("the sources")
}

/// The notices of the demonstration that fit, as they would be stored.
fn notices(config: &Config, rules: &Rules, fits: impl Fn(&str) -> bool) -> Vec<Notice> {
    let mut out = Vec::new();
    for bundled in content::sources().into_iter().filter(|bundled| !bundled.body.is_empty()) {
        let source = config.sources.iter().find(|source| source.id.as_str() == bundled.id).expect("a source");
        let url = Url::parse(&format!("http://127.0.0.1:4711{}", bundled.path)).expect("an address");
        let page =
            Page { url, content_type: Some(bundled.content_type.to_owned()), body: bundled.body, reserved: false };
        for draft in extract(&page, source, content::morning()).drafts {
            if !fits(&format!("{} {}", draft.title, draft.text)) {
                continue;
            }
            let shelved = classify(rules, source, &draft);
            out.push(Notice {
                id: NoticeId::new(out.len() as i64 + 1),
                source: source.id.clone(),
                story: StoryId::new(1),
                reference: draft.reference.map(|reference| reference.number),
                guid: draft.guid,
                url: draft.url,
                title: draft.title,
                summary: draft.summary,
                content: draft.content,
                text: draft.text,
                language: draft.language.unwrap_or_else(|| source.language.clone()),
                published: draft.published,
                first_seen: content::morning(),
                revision: 1,
                section: shelved.section,
                nature: shelved.nature,
                severity: shelved.severity,
                also: shelved.also,
                relevance: shelved.relevance.points,
                placed: Placed::Automatic,
                copy_of: None,
            });
        }
    }
    out
}

fn told(config: &Config, notices: &[Notice], lead: &str) -> (Item, Importance) {
    let told: Vec<Told> = notices
        .iter()
        .map(|notice| {
            let source = config.sources.iter().find(|source| source.id == notice.source).expect("a source");
            Told { notice, source: &source.name, authority: source.authority, licence: source.licence }
        })
        .collect();
    let lead = notices.iter().find(|notice| notice.source.as_str() == lead).expect("the lead");
    let story = Story {
        id: StoryId::new(1),
        lead: lead.id,
        section: lead.section.clone(),
        nature: lead.nature,
        severity: lead.severity,
        review: Review::Approved,
        first_seen: content::morning(),
        updated: content::morning(),
        title: None,
        also: Vec::new(),
        relevance: 0,
        edited: Default::default(),
        merged_into: None,
        version: 0,
    };
    let zone = TimeZone::get("Europe/Paris").expect("a zone");
    bulletin::tell(&story, &told, Moment { now: content::morning(), zone: &zone }).expect("a story")
}

/// The lines of one part, each with the beginning of its source's name.
fn lines(item: &Item, question: Question) -> String {
    let line =
        |quote: &bulletin::Quote| format!("[{}] {}", quote.source.split(" (").next().unwrap_or_default(), quote.text);
    item.guide.lines(question).iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_takedown_of_qakbot_is_told_with_all_four_parts_of_its_guide() {
    let rules = Rules::embedded();
    let config = config(&rules);
    let mut notices = notices(&config, &rules, |text| text.contains("Qakbot"));
    assert_eq!(notices.len(), 7);
    let issuer = notices.iter().find(|notice| notice.source.as_str() == "parquet").map(|notice| notice.id);
    for notice in notices.iter_mut().filter(|notice| notice.source.as_str() == "info-communes") {
        notice.copy_of = issuer;
    }
    let (item, importance) = told(&config, &notices, "parquet");
    let more: Vec<_> = item.more.iter().map(|q| format!("[{}] {}", q.source, q.text)).collect();
    insta::assert_snapshot!(format!("{}\n{}", item.summary, more.join("\n")), @r#"
    Le réseau de machines zombies Qakbot a été démantelé le 26 août 2023 par une opération internationale que les États-Unis, l'Allemagne, les Pays-Bas et la France ont menée ensemble. L'enquête se poursuit afin d'identifier les administrateurs du réseau.
    [Centre cyber des Hauts-de-Lisse (démonstration)] Onze mairies, deux syndicats d'eau et un collège sont concernés à ce jour.
    "#);
    insta::assert_snapshot!(lines(&item, Question::Concerned), @r#"
    [Cybermalveillance] Les enquêteurs ont retrouvé des adresses de messagerie et des mots de passe volés par Qakbot.
    [Cybermalveillance] Saisissez les adresses de vos services sur la page de la police néerlandaise : https://www.politie.nl/checkyourhack.
    [Cybermalveillance] Si l'adresse y figure, vous recevez un message ; ne rien recevoir veut dire qu'elle n'y figure pas.
    [Cybermalveillance] Le programme a été retiré à distance : une analyse qui ne trouve rien ne prouve pas que le poste n'a pas été touché.
    "#);
    insta::assert_snapshot!(lines(&item, Question::Todo), @r#"
    [Cybermalveillance] Changez d'abord le mot de passe de la messagerie, depuis un autre poste, puis ceux des comptes qui l'utilisent.
    [Cybermalveillance] Faites analyser le poste par un antivirus à jour ; au moindre doute, faites-le réinstaller par votre prestataire.
    [Cybermalveillance] Prévenez les personnes avec qui vous échangez : des courriels piégés ont pu partir en votre nom.
    [Cybermalveillance] Conservez les preuves : courriels reçus, journaux, copies d'écran, note de rançon.
    "#);
    insta::assert_snapshot!(lines(&item, Question::Report), @r#"
    [Cybermalveillance] Déposez plainte. Les victimes de Qakbot peuvent le faire sans se déplacer, par une plainte par lettre-formulaire adressée au parquet ; le modèle se trouve depuis https://www.service-public.fr.
    [Cybermalveillance] Pour être aidé par un prestataire de confiance, faites établir un diagnostic sur https://www.cybermalveillance.gouv.fr.
    [Parquet] Les personnes qui pensent avoir été touchées peuvent le vérifier sur https://www.politie.nl/checkyourhack, trouver une assistance sur https://www.cybermalveillance.gouv.fr et déposer une plainte par lettre-formulaire.
    [Centre cyber des Hauts-de-Lisse] Préparez une plainte par lettre-formulaire et demandez de l'aide sur cybermalveillance.gouv.fr.
    "#);
    insta::assert_snapshot!(lines(&item, Question::Figures), @r#"
    [Parquet] Environ 700 000 machines étaient infectées dans le monde, dont 26 000 en France.
    [Parquet] Sur les 170 serveurs qui les commandaient, 6 se trouvaient en France ; tous ont été mis hors d'usage, et 8,6 millions de dollars de cryptoactifs ont été saisis.
    [Parquet] Qakbot ouvrait la porte à des rançongiciels : le montant des rançons payées par les victimes est évalué à 58 millions de dollars.
    "#);
    let reasons: Vec<String> = importance.because.iter().map(|r| format!("{} {:+}", r.text, r.points)).collect();
    assert_eq!(
        reasons[..3],
        ["gravité : à surveiller +15", "source : auteur de l’acte +20", "sources indépendantes : 6 +18"]
    );
    assert_eq!(item.importance, importance.points);
}

#[test]
fn every_line_of_every_guide_is_in_its_source_word_for_word() {
    let rules = Rules::embedded();
    let config = config(&rules);
    let all = notices(&config, &rules, |_| true);
    let mut quoted = 0;
    let together = notices(&config, &rules, |text| text.contains("Qakbot"));
    let alone = all.iter().map(std::slice::from_ref);
    for story in alone.chain([together.as_slice()]) {
        let (item, _) = told(&config, story, story[0].source.as_str());
        for quote in item.guide.all_lines().chain(&item.more) {
            let name = |notice: &&Notice| notice.url.as_ref().map(|url| url.as_str()) == quote.url.as_deref();
            let notice = story.iter().find(name).expect("the notice that is quoted");
            let source = config.sources.iter().find(|source| source.id == notice.source).expect("a source");
            assert_eq!(source.name, quote.source);
            let of_press = source.licence == vigie::model::Licence::Press;
            let whole = vigie::text::collapse(if of_press { &notice.summary } else { &notice.text });
            assert!(whole.contains(quote.text.trim_end_matches('…')), "{} in {whole}", quote.text);
            assert!(quote.text.chars().count() <= 280, "{}", quote.text);
            quoted += 1;
        }
        assert!(item.summary.is_empty() || !item.summary.ends_with(char::is_alphanumeric), "{}", item.summary);
    }
    assert!(quoted > 40, "{quoted} lines");
}

#[test]
fn deadlines_and_references_of_the_demonstration_are_found() {
    let rules = Rules::embedded();
    let config = config(&rules);
    let shown = |words: &str| {
        let notices = notices(&config, &rules, |text| text.contains(words));
        let (item, _) = told(&config, &notices[..1], notices[0].source.as_str());
        let days: Vec<String> = item.deadlines.iter().map(|d| format!("{} {}", d.bound.name(), d.day)).collect();
        let cited: Vec<&str> = item.cited.iter().map(|cited| cited.number.as_str()).collect();
        format!("{} | {} | {}", days.join(", "), item.cves.join(", "), cited.join(", "))
    };
    assert_eq!(shown("les grands électeurs ont jusqu'au 4 septembre"), "Échéance 2023-09-04 |  | ");
    assert_eq!(shown("adoptent avant le 1er juillet 2024"), "Avant le 2024-07-01 |  | ");
    assert_eq!(shown("engagées à compter du 1er octobre 2023"), "À compter du 2023-10-01 |  | ");
    assert_eq!(shown("est exploitée activement"), " | CVE-2023-99020 | CERTFR-2023-AVI-9005");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_folder_holds_the_days_to_come_and_every_feed_the_guide() {
    let mut t = TestApp::watching(&["/a"]).await;
    let text = "Les communes répondent avant le 4 septembre. &lt;h2&gt;Que faire ?&lt;/h2&gt; \
                &lt;ul&gt;&lt;li&gt;Remplissez le formulaire.&lt;/li&gt;&lt;/ul&gt;";
    t.serve("/a", &[item(1, "Enquête", text), item(2, "Passé", "C'était avant le 4 mai 2023.")]);
    t.crawl().await;
    let read = |t: &TestApp, name: &str| {
        let written = vigie::work::publish::publish(&t.app, None).expect("a folder");
        (written.written, std::fs::read_to_string(t.app.config.publish.out.join(name)).unwrap_or_default())
    };
    let (_, calendar) = read(&t, "echeances.ics");
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 1, "{calendar}");
    assert!(calendar.contains("DTSTART;VALUE=DATE:20230904\r\nSUMMARY:Avant ce jour\u{a0}: Enquête\r\n"), "{calendar}");
    assert!(read(&t, "index.html").1.contains("href=\"echeances.ics\""));
    let (written, feed) = read(&t, "veille.json");
    assert_eq!(written, 0, "the same state gives the same files");
    assert!(feed.contains("<h3>Que faire\u{202f}?</h3>") && feed.contains("Remplissez le formulaire."), "{feed}");
    let composed = t.compose(Cadence::Daily).expect("an edition");
    let importance = vigie::work::compose::importance(&t.app, t.notices()[0].story).expect("a read").expect("a story");
    assert!(!importance.because.is_empty() && composed.stories == 2);
    // Once the day is past, nothing is left to follow.
    t.at("2023-09-05T08:00:00Z");
    assert_eq!(read(&t, "echeances.ics").1, "");
    assert!(!read(&t, "index.html").1.contains("echeances.ics"));
}
