use jiff::{Timestamp, civil::date, tz::TimeZone};
use url::Url;

use super::*;
use crate::model::{Draft, Issuer, Nature, PublicationDate, Reference, SourceId};

/// An advisory of one template: only product, versions, CVE and number vary.
struct Advisory {
    product: &'static str,
    version: &'static str,
    cves: &'static [&'static str],
    number: Option<&'static str>,
    day: i8,
}

const ORME: Advisory =
    Advisory { product: "Orme Archivage", version: "3.7.2", cves: &["CVE-2023-99008"], number: None, day: 25 };

impl Advisory {
    fn text(&self) -> String {
        let Self { product, version, cves, .. } = self;
        format!(
            "Risques : exécution de code arbitraire à distance et atteinte à la confidentialité des données. Systèmes \
             affectés : {product} versions antérieures à {version}. Résumé : une vulnérabilité a été découverte dans \
             {product}. Elle permet à un attaquant de provoquer une exécution de code arbitraire à distance et une atteinte à \
             la confidentialité des données. Solution : se référer au bulletin de sécurité de l'éditeur pour l'obtention des \
             correctifs. Documentation : {}",
            cves.join(" ")
        )
    }

    fn likeness(&self) -> Likeness {
        self.published(&self.text())
    }

    fn published(&self, text: &str) -> Likeness {
        let reference = self.number.map(|number| Reference { issuer: Issuer::CertFr, number: number.to_owned() });
        let title = format!("Vulnérabilité dans {}", self.product);
        likeness("cert-fr", self.day, &Draft { reference, ..draft(&title, text) })
    }
}

fn draft(title: &str, text: &str) -> Draft {
    Draft { title: title.to_owned(), text: text.to_owned(), ..Draft::default() }
}

fn likeness(source: &str, day: i8, draft: &Draft) -> Likeness {
    let published = PublicationDate::day(date(2023, 8, day), &TimeZone::UTC);
    let draft = Draft { published, ..draft.clone() };
    Likeness::of(&SourceId::parse(source).unwrap(), "fr", &draft, Nature::Actu, Timestamp::UNIX_EPOCH).0
}

fn group(members: &[&Likeness]) -> Group {
    Group { members: members.iter().zip(1..).map(|(l, id)| (NoticeId::new(id), (*l).clone())).collect() }
}

/// In a large store, where the words of the template are common.
fn against(ours: &Likeness, theirs: &[&Likeness]) -> Repeats {
    repeats(ours, &[group(theirs)], &Counts { documents: 10_000, ..Counts::default() })
}

fn told(repeats: &Repeats) -> &str {
    match repeats {
        Repeats::Copy { because, .. } | Repeats::Perhaps { because, .. } | Repeats::Apart { because, .. } => because,
        Repeats::Nothing => "",
    }
}

#[test]
fn siblings_of_one_template_stay_apart_each_for_its_reason() {
    let numbered = |number, cves| Advisory { number: Some(number), cves, ..ORME };
    for (ours, theirs, why) in [
        (
            numbered("CERTFR-2023-AVI-9002", &["CVE-2023-99008"]),
            numbered("CERTFR-2023-AVI-9003", &["CVE-2023-99008"]),
            "références différentes",
        ),
        (ORME, Advisory { cves: &["CVE-2023-99009"], ..ORME }, "CVE disjointes"),
        (
            Advisory { cves: &["CVE-2023-99008", "CVE-2023-99010"], ..ORME },
            Advisory { cves: &["CVE-2023-99008", "CVE-2023-99009"], ..ORME },
            "listes de CVE différentes",
        ),
        (Advisory { cves: &[], ..ORME }, Advisory { cves: &[], version: "4.0.1", ..ORME }, "versions différentes"),
        (
            Advisory { version: "", ..ORME },
            Advisory { version: "", product: "Halage Fichiers", ..ORME },
            "produits différents",
        ),
    ] {
        let repeats = against(&ours.likeness(), &[&theirs.likeness()]);
        assert!(matches!(repeats, Repeats::Apart { .. }), "{why}: {repeats:?}");
        assert!(told(&repeats).ends_with(why), "{}: {why}", told(&repeats));
    }
}

#[test]
fn a_copy_that_keeps_an_identifier_is_joined_and_says_by_what() {
    let relayed = likeness("centre-cyber", 26, &draft("Alerte : Orme Archivage", &ORME.text()));
    let repeats = against(&relayed, &[&ORME.likeness()]);
    let Repeats::Copy { of, because } = &repeats else { panic!("{repeats:?}") };
    assert_eq!(of.get(), 1);
    assert!(because.starts_with("Copie : ") && because.contains("1/1 CVE communes ; aucun veto"), "{because}");
}

#[test]
fn an_advisory_without_evidence_is_joined_only_where_all_of_it_is_there() {
    let original = ORME.likeness();
    // What is left of the text without its end, where the CVE stand; the version is a common one.
    let cut = |share: usize| {
        let text = ORME.text();
        text[..text.floor_char_boundary(text.len() * share / 100)].to_owned()
    };
    let common = Counts { documents: 10_000, of: std::collections::BTreeMap::from([(version_key("3.7.2"), 50)]) };
    let against = |text: &str, day| {
        let ours = Advisory { day, ..ORME }.published(text);
        repeats(&ours, &[group(&[&original])], &common)
    };
    assert!(matches!(against(&cut(75), 26), Repeats::Copy { .. }), "{:?}", against(&cut(75), 26));
    // A title with its summary stands for any advisory of the product.
    assert!(matches!(against(&cut(30), 26), Repeats::Perhaps { .. }), "{:?}", against(&cut(30), 26));
    assert!(told(&against(&cut(30), 26)).ends_with("aucune preuve (avis)"));
    assert!(matches!(against(&cut(75), 30), Repeats::Perhaps { .. }));
    assert!(!matches!(against(&cut(75), 2), Repeats::Copy { .. }));
}

const NEWS: &str = "Le conseil municipal de Valbrune a voté lundi la rénovation de son école, dont le toit avait cédé sous la \
     neige en février. Les travaux commenceront à l'automne et dureront huit mois, pendant lesquels les classes seront \
     accueillies dans la salle des fêtes.";

#[test]
fn press_is_a_copy_within_a_week_and_not_on_one_site_under_another_title() {
    let at = |url: &str, title: &str, day| {
        let source = url.split('/').nth(2).unwrap().replace('.', "-");
        likeness(&source, day, &Draft { url: Url::parse(url).ok(), ..draft(title, NEWS) })
    };
    let original = at("https://a.example/1", "L’école de Valbrune rénovée", 10);
    assert!(matches!(against(&at("https://b.example/7", "Une école refaite", 12), &[&original]), Repeats::Copy { .. }));
    assert!(matches!(
        against(&at("https://b.example/7", "Une école refaite", 20), &[&original]),
        Repeats::Apart { .. }
    ));
    let sibling = against(&at("https://a.example/2", "Tout autre chose", 12), &[&original]);
    assert!(told(&sibling).ends_with("même site, titres différents"), "{sibling:?}");
    let other = likeness("b", 12, &draft("Un autre sujet", "Rien de commun avec ce qui précède, pas même une phrase."));
    assert_eq!(against(&other, &[&original]), Repeats::Nothing);
}

#[test]
fn a_few_words_prove_nothing() {
    let short = draft("Communiqué", "Le communiqué est à lire sur le site de la préfecture.");
    let repeats = against(&likeness("a", 3, &short), &[&likeness("b", 3, &short)]);
    assert!(matches!(repeats, Repeats::Perhaps { .. }), "{repeats:?}");
    assert!(told(&repeats).ends_with("texte trop court"));
}

#[test]
fn between_two_groups_that_are_as_near_nobody_chooses() {
    let (a, b) = (likeness("a", 10, &draft("École de Valbrune", NEWS)), likeness("b", 10, &draft("Valbrune", NEWS)));
    let groups = [group(&[&a]), Group { members: vec![(NoticeId::new(9), b)] }];
    let ours = likeness("c", 11, &draft("L’école", NEWS));
    let repeats = repeats(&ours, &groups, &Counts { documents: 100, ..Counts::default() });
    assert!(told(&repeats).ends_with("abstention"), "{repeats:?}");
}

proptest::proptest! {
    /// Two advisories with different references, or of disjoint CVE, never become one, whatever they have in common.
    #[test]
    fn identifiers_veto(same in "[a-z]{3,8}( [a-z]{3,8}){40,80}", a in 1_000..5_000_u32, b in 5_000..9_000_u32) {
        let with = |n: u32| {
            let reference = Reference { issuer: Issuer::CertFr, number: format!("CERTFR-2023-AVI-{n}") };
            let numbered = Draft { reference: Some(reference), ..draft("Vulnérabilité dans SPIP", &same) };
            let listed = draft("Vulnérabilité dans SPIP", &format!("{same} CVE-2023-{n}"));
            (likeness("a", 5, &numbered), likeness("b", 5, &listed))
        };
        let ((numbered, listed), (other_number, other_list)) = (with(a), with(b));
        let is_copy = |repeats| matches!(repeats, Repeats::Copy { .. });
        proptest::prop_assert!(!is_copy(against(&numbered, &[&other_number])));
        proptest::prop_assert!(!is_copy(against(&listed, &[&other_list])));
    }
}
