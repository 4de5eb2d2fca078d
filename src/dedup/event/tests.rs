use jiff::{Timestamp, civil::date, tz::TimeZone};

use super::*;
use crate::model::{Draft, Nature, PublicationDate};

/// Documents as they come, each compared with the stories of those before.
#[derive(Default)]
struct Stream {
    counts: Counts,
    told: Vec<Told>,
}

impl Stream {
    /// As after some months: words that every document has weigh nothing, rare ones much.
    fn running() -> Self {
        let mut stream = Self { counts: Counts { documents: 2_000, ..Counts::default() }, told: Vec::new() };
        for word in ["commun", "vill", "mair", "polic", "reseau", "machin", "hier"] {
            stream.counts.of.insert(word_key(word), 400);
        }
        stream
    }

    fn take(&mut self, source: &str, language: &str, day: i8, title: &str, text: &str) -> Tells {
        let source = SourceId::parse(source).unwrap();
        let published = PublicationDate::day(date(2023, 8, day), &TimeZone::UTC);
        let draft = Draft { title: title.to_owned(), text: text.to_owned(), published, ..Draft::default() };
        let (ours, tale) = Likeness::of(&source, language, &draft, Nature::Actu, Timestamp::UNIX_EPOCH);
        let vector = vector(&tale, &Refrain::default(), &self.counts);
        let tells = tells(&ours, &tale, &vector, &self.told, &self.counts);
        let member = Member {
            source,
            day: super::day(ours.at),
            advisory: ours.marks.advisory,
            act: ours.marks.act,
            cves: ours.marks.cves.clone(),
            language: tale.language.clone(),
            title: tale.title.clone(),
            names: tale.names.clone(),
            vector,
        };
        match &tells {
            Tells::Of { story, .. } => {
                for told in self.told.iter_mut().filter(|told| told.story == *story) {
                    *told = Told::new(told.story, [told.members.clone(), vec![member.clone()]].concat());
                }
            }
            _ => {
                let story = StoryId::new(self.told.len() as i64 + 1);
                self.told.push(Told::new(story, vec![member]));
            }
        }
        for key in ours.keys(&tale) {
            *self.counts.of.entry(key).or_default() += 1;
        }
        self.counts.documents += 1;
        tells
    }
}

fn story(tells: &Tells) -> Option<i64> {
    match tells {
        Tells::Of { story, .. } => Some(story.get()),
        _ => None,
    }
}

const QAKBOT: &str = "Le réseau de machines zombies Qakbot a été démantelé par une opération internationale. Environ 700 000 \
     machines étaient infectées, dont 26 000 en France.";

#[test]
fn accounts_of_one_event_make_one_story() {
    let mut stream = Stream::running();
    assert_eq!(story(&stream.take("parquet", "fr", 29, "Démantèlement du réseau Qakbot", QAKBOT)), None);
    let second = stream.take(
        "gazette",
        "fr",
        30,
        "Qakbot démantelé : ce que les mairies doivent vérifier",
        "Le démantèlement de Qakbot, annoncé mardi, concerne aussi les mairies : 26 000 machines infectées en France.",
    );
    assert_eq!(story(&second), Some(1), "{second:?}");
    let Tells::Of { because, .. } = second else { unreachable!() };
    assert!(because.starts_with("Même événement : ") && because.contains(", un jour après"), "{because}");
    assert!(because.contains("qakbot"), "{because}");
    let other =
        stream.take("gazette", "fr", 30, "Rentrée : les cantines passent au bio", "Les cantines changent de menus.");
    assert_eq!(story(&other), None);
}

#[test]
fn a_story_without_news_for_four_days_is_over() {
    for (day, joined) in [(14, Some(1)), (15, None), (6, Some(1)), (5, None)] {
        let mut stream = Stream::running();
        stream.take("parquet", "fr", 10, "Démantèlement du réseau Qakbot", QAKBOT);
        assert_eq!(story(&stream.take("a", "fr", day, "Démantèlement du réseau Qakbot", QAKBOT)), joined, "{day}");
    }
}

#[test]
fn advisories_never_make_a_story_by_their_words() {
    let mut stream = Stream::running();
    let text =
        "Une vulnérabilité a été découverte dans Orme Archivage, que des services emploient pour leurs documents.";
    stream.take("cert-fr", "fr", 10, "Vulnérabilité dans Orme Archivage", text);
    let sibling = stream.take("cert-fr", "fr", 10, "Vulnérabilité dans Orme Archivage", text);
    assert_eq!(sibling, Tells::Nothing);
    // What the press says of one is of its story.
    let press = stream.take("presse", "fr", 11, "Orme Archivage : une faille dans le logiciel des archives", text);
    assert_eq!(press, Tells::Nothing, "a title with « faille » is an advisory's");
    let press = stream.take("presse", "fr", 11, "Orme Archivage, le logiciel des archives, est à corriger", text);
    assert!(story(&press).is_some(), "{press:?}");
}

#[test]
fn official_texts_of_one_day_are_events_of_their_own() {
    let mut stream = Stream::default();
    let text = "Le Premier ministre, vu le code général des collectivités territoriales, décrète ce qui suit.";
    for (number, what) in
        [("2023-9903", "la formation des secrétaires de mairie"), ("2023-9904", "la continuité des services")]
    {
        let title = format!("Décret n° {number} du 28 août 2023 relatif à {what}");
        assert_eq!(story(&stream.take("journal-officiel", "fr", 29, &title, text)), None, "{title}");
    }
    let press = stream.take(
        "gazette",
        "fr",
        30,
        "Secrétaires de mairie : la formation enfin organisée",
        "Un décret organise la formation des secrétaires de mairie, que les collectivités attendaient.",
    );
    assert_eq!(story(&press), Some(1), "{press:?}");
}

#[test]
fn a_column_tells_of_something_else_each_time() {
    let mut stream = Stream::running();
    let take = |stream: &mut Stream, day, text: &str| {
        let title = format!("Journal officiel du {day} août : les textes qui concernent les collectivités");
        story(&stream.take("gazette", "fr", day, &title, text))
    };
    let text =
        "Chaque jour, les textes qui concernent les collectivités. Aujourd’hui : les seuils des marchés publics.";
    assert_eq!(take(&mut stream, 12, text), None);
    assert_eq!(take(&mut stream, 13, text), None);
}

#[test]
fn english_advisories_are_advisories() {
    let mut stream = Stream::running();
    let text =
        "Successful exploitation of this vulnerability could allow a remote attacker to execute code in FactoryTalk.";
    stream.take("cisa", "en", 10, "ICSA-23-229-01 Rockwell Automation FactoryTalk Services Platform", text);
    let other = stream.take("cisa", "en", 10, "ICSA-23-229-02 Rockwell Automation FactoryTalk Arena Platform", text);
    assert_eq!(story(&other), None, "{other:?}");
}

#[test]
fn other_vulnerabilities_are_another_event() {
    let text =
        |cve: &str| format!("Le correctif de Fortinet pour {cve} est à installer sans attendre dans les mairies.");
    for (cve, joined) in [("CVE-2023-99001", Some(1)), ("CVE-2023-99002", None)] {
        let mut stream = Stream::running();
        stream.take("a", "fr", 10, "Fortinet appelle à une mise à jour urgente", &text("CVE-2023-99001"));
        let other = stream.take("b", "fr", 10, "Mise à jour urgente chez Fortinet", &text(cve));
        assert_eq!(story(&other), joined, "{other:?}");
    }
}

#[test]
fn a_title_alone_is_no_event() {
    let mut stream = Stream::running();
    stream.take("ville-a", "fr", 10, "Communiqué", "x");
    assert_eq!(story(&stream.take("ville-b", "fr", 10, "Communiqué", "y")), None);
}

#[test]
fn two_articles_of_one_source_are_one_event_only_under_a_like_title() {
    let mut stream = Stream::running();
    let text = "L’opération Qakbot a libéré 700 000 machines du réseau Qakbot.";
    stream.take("gazette", "fr", 10, "Qakbot : fin de partie", text);
    assert_eq!(
        story(&stream.take("gazette", "fr", 10, "Ce que change pour les mairies la chute du botnet Qakbot", text)),
        None
    );
    assert_eq!(story(&stream.take("gazette", "fr", 10, "Qakbot : la fin de la partie", text)), Some(1));
}

#[test]
fn french_and_english_meet_by_rare_names_and_numbers() {
    let mut stream = Stream::running();
    stream.take("parquet", "fr", 29, "Démantèlement du réseau Qakbot", QAKBOT);
    let english = "Police took down the Qakbot botnet. About 700,000 machines were infected, 26,000 of them in France.";
    let police = stream.take("police", "en", 29, "Qakbot botnet taken down", english);
    assert_eq!(story(&police), Some(1), "{police:?}");
    let Tells::Of { because, .. } = police else { unreachable!() };
    assert!(
        because.ends_with("dans une autre langue : noms et nombres rares en commun : 26000, 700000, qakbot"),
        "{because}"
    );
    // Numbers alone are no event.
    let other = stream.take("police", "en", 29, "Fraud", "They stole 700,000 euros and 26,000 cards.");
    assert_eq!(story(&other), None, "{other:?}");
}

proptest::proptest! {
    /// Whatever comes, in whatever order the stories are given, the decision is the same.
    #[test]
    fn the_order_of_the_candidates_does_not_matter(texts in proptest::collection::vec("[a-e]{3}( [a-e]{3}){3,9}", 2..12)) {
        let mut stream = Stream::default();
        for (n, text) in texts.iter().enumerate() {
            stream.take(&format!("source-{n}"), "fr", 10, text, text);
        }
        let mut turned = Stream { counts: stream.counts.clone(), told: stream.told.iter().rev().cloned().collect() };
        let last = texts.last().map_or("", String::as_str);
        proptest::prop_assert_eq!(stream.take("x", "fr", 10, last, last), turned.take("x", "fr", 10, last, last));
    }
}
