//! What is said of a story, from notices made by hand.

use jiff::{Timestamp, civil::date, tz::TimeZone};
use url::Url;

use super::*;
use crate::{
    model::{
        Authority, Licence, Nature, Notice, NoticeId, Placed, PublicationDate, Review, SectionId, Severity, SourceId,
        Story, StoryId,
    },
    normalise::deadline::{Bound, Deadline},
};

fn instant() -> Timestamp {
    "2023-08-30T05:30:00Z".parse().unwrap()
}

fn notice(id: i64, title: &str, text: &str) -> Notice {
    Notice {
        id: NoticeId::new(id),
        source: SourceId::parse(&format!("source-{id}")).unwrap(),
        story: StoryId::new(1),
        reference: None,
        guid: None,
        url: Url::parse(&format!("https://source-{id}.example/a")).ok(),
        title: title.into(),
        summary: String::new(),
        content: String::new(),
        text: text.into(),
        language: "fr".into(),
        published: PublicationDate::day(date(2023, 8, 29), &TimeZone::UTC),
        first_seen: instant(),
        revision: 1,
        section: SectionId::parse("tic").unwrap(),
        nature: Nature::Actu,
        severity: Severity::Info,
        also: Vec::new(),
        relevance: 0,
        placed: Placed::Automatic,
        copy_of: None,
    }
}

fn of<'a>(notice: &'a Notice, source: &'a str, authority: Authority) -> Told<'a> {
    Told { notice, source, authority, licence: Licence::Unknown }
}

fn press<'a>(notice: &'a Notice, source: &'a str) -> Told<'a> {
    Told { notice, source, authority: Authority::Press, licence: Licence::Press }
}

fn story(told: &[Told<'_>]) -> (Item, Importance) {
    let lead = told[0].notice;
    let story = Story {
        id: StoryId::new(1),
        lead: lead.id,
        section: lead.section.clone(),
        nature: lead.nature,
        severity: lead.severity,
        review: Review::Approved,
        first_seen: instant(),
        updated: instant(),
        title: None,
        also: Vec::new(),
        relevance: 0,
        edited: Default::default(),
        merged_into: None,
        version: 0,
    };
    tell(&story, told, Moment { now: instant(), zone: &TimeZone::UTC }).unwrap()
}

fn lines(guide: &Guide, question: Question) -> Vec<String> {
    guide.lines(question).iter().map(|line| format!("{}: {}", line.source, line.text)).collect()
}

#[test]
fn the_issuer_comes_first_and_nothing_is_said_twice() {
    let relay = notice(1, "Relais", "Que faire ?\nChangez vos mots de passe.\nPrévenez le centre.");
    let issuer = notice(2, "Auteur", "Que faire ?\nIsolez le poste.\nChangez vos MOTS de passe !");
    let guide = guide(&[of(&relay, "Relais", Authority::Relay), of(&issuer, "Auteur", Authority::Issuer)]);
    assert_eq!(
        lines(&guide, Question::Todo),
        ["Auteur: Isolez le poste.", "Auteur: Changez vos MOTS de passe !", "Relais: Prévenez le centre.",]
    );
    assert!(guide.lines(Question::Report).is_empty() && guide.lines(Question::Figures).is_empty());
}

#[test]
fn a_list_under_a_heading_stays_a_list_and_links_are_kept() {
    let mut one = notice(1, "Un", "x");
    one.content = "<h2>Que faire ?</h2><ul><li>Lisez <a href=\"https://exemple.fr/fiche\">la fiche</a>. Gardez-la.</li>\
                   <li>Appelez le <a href=\"https://17cyber.gouv.fr/\">17Cyber</a>.</li></ul><h2>Contacts</h2><p>Contactez la \
                   presse.</p>"
        .into();
    let guide = guide(&[of(&one, "Un", Authority::Issuer)]);
    assert_eq!(lines(&guide, Question::Todo), ["Un: Lisez la fiche. Gardez-la."]);
    assert_eq!(guide.lines(Question::Todo)[0].link.as_deref(), Some("https://exemple.fr/fiche"));
    assert_eq!(lines(&guide, Question::Report), ["Un: Appelez le 17Cyber."]);
}

#[test]
fn the_press_is_quoted_from_its_summary_and_little() {
    let mut article = notice(1, "Article", "Isolez le réseau. Déposez plainte. Il y a 500 000 victimes. Changez tout.");
    article.summary =
        "Changez vos mots de passe. Prévenez vos agents. Coupez la messagerie. 12 000 comptes sont volés.".into();
    let guide = guide(&[press(&article, "Gazette")]);
    assert_eq!(guide.all_lines().count(), 2, "{guide:?}");
    assert!(guide.all_lines().all(|line| article.summary.contains(&line.text)), "{guide:?}");
    let (item, _) = story(&[press(&article, "Gazette")]);
    assert!(!item.summary.contains("Isolez"), "{}", item.summary);
}

#[test]
fn foreign_words_answer_only_where_no_french_ones_do() {
    let mut english = notice(
        1,
        "News",
        "Change the password of that mailbox.\nCheck whether your address is on https://www.politie.nl/checkyourhack.",
    );
    english.language = "en".into();
    let french = notice(2, "Fiche", "Que faire ?\nChangez le mot de passe.");
    let guide = guide(&[of(&english, "Police", Authority::Foreign), of(&french, "Fiche", Authority::Relay)]);
    assert_eq!(lines(&guide, Question::Todo), ["Fiche: Changez le mot de passe."]);
    let concerned = guide.lines(Question::Concerned);
    assert_eq!(concerned.iter().map(|line| line.language.as_deref()).collect::<Vec<_>>(), [Some("en")]);
}

#[test]
fn a_long_line_is_cut_at_a_word_and_a_part_is_short() {
    let many =
        (0..9).map(|n| format!("Vérifiez le poste {n}{}.", " et encore".repeat(40))).collect::<Vec<_>>().join("\n");
    let one = notice(1, "Un", &format!("Que faire ?\n{many}"));
    let guide = guide(&[of(&one, "Un", Authority::Issuer)]);
    let todo = guide.lines(Question::Todo);
    assert_eq!(todo.len(), 4);
    assert!(todo.iter().all(|line| line.text.chars().count() <= 240 && line.text.ends_with("encore…")));
}

#[test]
fn nothing_is_invented_where_the_sources_say_nothing() {
    let one = notice(1, "Vie locale", "La fête du village a réuni les habitants. Le maire a remercié les bénévoles.");
    let (item, _) = story(&[of(&one, "Un", Authority::Relay)]);
    assert!(item.guide.is_empty() && item.more.is_empty() && item.deadlines.is_empty(), "{item:?}");
    assert_eq!(item.summary, "La fête du village a réuni les habitants. Le maire a remercié les bénévoles.");
}

#[test]
fn a_summary_is_taken_by_the_sort_of_document() {
    let advisory = "Risques\nDéni de service à distance\nÉlévation de privilèges\nSystèmes affectés\nBastide 6.4.x antérieures à \
                    6.4.9\nRésumé\nUne vulnérabilité a été découverte dans Bastide. Elle permet un déni de service à \
                    distance.\nSolutions\nSe référer au bulletin de l'éditeur.";
    let communique = "Paris, le 29 août 2023 – Le parquet a ouvert une enquête. Deux personnes sont entendues.";
    let dated = "Communiqué\nParis, le 29 août 2023\nLe parquet a ouvert une enquête. Deux personnes sont entendues.";
    let decree = "Le ministre de l'intérieur,\nVu le code général des collectivités territoriales ;\nArrête :\nArticle 1\nLe \
                  seuil est relevé.\nArticle 2\nLe préfet exécute.";
    let answer = "Question\nM. Durand interroge le ministre sur les chemins ruraux.\nRéponse\nLe maire peut demander une \
                  contribution. Le tribunal fixe la somme.";
    for (nature, text, expected) in [
        (
            Nature::Avis,
            advisory,
            "Une vulnérabilité a été découverte dans Bastide. Elle permet un déni de service à distance. Risques : Élévation de \
             privilèges.",
        ),
        (Nature::Actu, communique, "Le parquet a ouvert une enquête. Deux personnes sont entendues."),
        (Nature::Actu, dated, "Le parquet a ouvert une enquête. Deux personnes sont entendues."),
        (Nature::Jorf, decree, "Le seuil est relevé."),
        (Nature::Rm, answer, "Le maire peut demander une contribution. Le tribunal fixe la somme."),
    ] {
        let one = Notice { nature, ..notice(1, "Titre", text) };
        assert_eq!(summarise(&of(&one, "Un", Authority::Issuer)), expected);
    }
    let one = Notice { nature: Nature::Avis, ..notice(1, "Titre", advisory) };
    let guide = guide(&[of(&one, "Un", Authority::Issuer)]);
    assert_eq!(lines(&guide, Question::Concerned), ["Un: Bastide 6.4.x antérieures à 6.4.9"]);
    assert_eq!(lines(&guide, Question::Todo), ["Un: Se référer au bulletin de l'éditeur."]);
}

#[test]
fn a_summary_is_whole_sentences_from_the_fuller_text() {
    let text = "Titre\nContexte\nLe réseau a été démantelé samedi. Il comptait 700 000 machines. La justice a saisi 8,6 \
                millions de dollars. Une quatrième phrase n'est pas utile ici.";
    let of_text = |title: &str, summary: &str, text: &str| {
        let one = Notice { summary: summary.into(), ..notice(1, title, text) };
        summarise(&of(&one, "Un", Authority::Issuer))
    };
    assert_eq!(
        of_text("Titre", "", text),
        "Le réseau a été démantelé samedi. Il comptait 700 000 machines. La justice a saisi 8,6 millions de dollars."
    );
    let full = "De multiples vulnérabilités ont été découvertes dans GitLab. Elles permettent une injection de code.";
    assert_eq!(of_text("GitLab", "De multiples vulnérabilités ont été…", full), full);
    let what_to_do = "Une vulnérabilité a été découverte.\nSolutions\nMettre à jour.";
    assert_eq!(of_text("Titre", "", what_to_do), "Une vulnérabilité a été découverte.");
    let endless = of_text("Titre", &"mot ".repeat(500), "");
    assert!(endless.chars().count() <= 420 && endless.ends_with("mot…"), "{endless}");
}

#[test]
fn other_sources_add_what_is_missing_and_copies_count_once() {
    let text = "La commune de Valbrune a été attaquée dans la nuit. Les services sont arrêtés depuis lundi matin.";
    let lead = notice(1, "Valbrune", text);
    let copy = Notice { copy_of: Some(lead.id), ..notice(2, "Valbrune", text) };
    let other = notice(
        3,
        "Valbrune attaquée",
        "Les services de Valbrune sont arrêtés. Onze écoles et deux crèches sont fermées. L'attaquant demande 50 000 euros à la commune.",
    );
    let told =
        [of(&lead, "Parquet", Authority::Issuer), of(&copy, "Relais", Authority::Relay), press(&other, "Gazette")];
    let (item, importance) = story(&told);
    let more: Vec<String> = item.more.iter().map(|quote| format!("{}: {}", quote.source, quote.text)).collect();
    assert_eq!(more, ["Gazette: Onze écoles et deux crèches sont fermées."]);
    assert_eq!(lines(&item.guide, Question::Figures), ["Gazette: L'attaquant demande 50 000 euros à la commune."]);
    assert_eq!(item.also.iter().map(|also| also.source.as_str()).collect::<Vec<_>>(), ["Relais", "Gazette"]);
    assert!(importance.because.iter().any(|reason| reason.text == "sources indépendantes : 2"), "{importance:?}");
}

#[test]
fn the_order_in_which_notices_were_stored_does_not_matter() {
    let a = notice(1, "A", "Que faire ?\nIsolez le poste 1.\nPrévenez.");
    let b = notice(2, "B", "Que faire ?\nIsolez le poste 2. Il y a 700 000 victimes.");
    let c = notice(3, "C", "Il y a 26 000 postes en France. Déposez plainte.");
    let told = [of(&a, "A", Authority::Relay), of(&b, "B", Authority::Issuer), of(&c, "C", Authority::Issuer)];
    let one = story(&told);
    assert_eq!(one, story(&[told[0], told[2], told[1]]));
}

#[test]
fn a_deadline_is_told_from_the_day_of_its_notice() {
    let one = notice(
        1,
        "Inscriptions",
        "Les dossiers sont reçus jusqu'au 4 septembre. Le texte s'applique à compter du 4 septembre.",
    );
    let (item, importance) = story(&[of(&one, "Un", Authority::Relay)]);
    assert_eq!(item.deadlines, [Deadline { day: date(2023, 9, 4), bound: Bound::Until }]);
    assert!(importance.because.iter().any(|r| r.text == "échéance : 2023-09-04" && r.points == 10), "{importance:?}");
}

#[test]
fn a_bulletin_frozen_by_an_older_program_is_still_read() {
    let old = r#"{"story":7,"section":"tic","nature":"avis","severity":"notable","title":"T","summary":"S.",
        "actions":["Mettre à jour."],"source":"CERT-FR","published":null,"url":null,"reference":null,"language":"fr",
        "also":[]}"#;
    let item: Item = serde_json::from_str(old).unwrap();
    assert_eq!(item.guide.lines(Question::Todo)[0].text, "Mettre à jour.");
    let older = old.replace("\"actions\":[\"Mettre à jour.\"],", "\"actions\":[],");
    assert!(serde_json::from_str::<Item>(&older).unwrap().guide.is_empty());
    // And one of today says the same when it is read again.
    let one =
        notice(1, "Un", "Que faire ?\nIsolez le poste avant le 4 septembre, dit CVE-2023-99020.\nDéposez plainte.");
    let (item, _) = story(&[of(&one, "Un", Authority::Relay)]);
    let again: Item = serde_json::from_str(&serde_json::to_string(&item).unwrap()).unwrap();
    assert_eq!(again, item);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]
    #[test]
    fn any_notice_is_told_in_its_own_words(
        texts in proptest::collection::vec("(\\PC|\n|Que faire \\?\n|Déposez plainte\\. |Changez 700 000 mots\\. |<p>|jusqu'au 4 mai ){0,30}", 1..4),
    ) {
        let notices: Vec<Notice> = texts.iter().enumerate().map(|(n, text)| notice(n as i64 + 1, "Titre", text)).collect();
        let told: Vec<Told<'_>> = notices.iter().map(|notice| of(notice, "Un", Authority::Relay)).collect();
        let (item, _) = story(&told);
        for quote in item.guide.all_lines().chain(&item.more) {
            let is_quoted = texts.iter().any(|text| crate::text::collapse(text).contains(quote.text.trim_end_matches('…')));
            proptest::prop_assert!(is_quoted, "{}", quote.text);
        }
    }
}
