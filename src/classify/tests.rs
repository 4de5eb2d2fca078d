/// What the rules that ship make of titles.
mod shipped;

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::model::{Authority, Issuer, Reference, SourceId};

fn source(section: &str, nature: Nature) -> Source {
    let (id, url) = (SourceId::parse("la-source").unwrap(), url::Url::parse("https://example.org/feed").unwrap());
    Source { nature, ..Source::feed(id, "La Source", url, SectionId::parse(section).unwrap()) }
}

fn titled(title: &str) -> Draft {
    Draft { title: title.to_owned(), ..Draft::default() }
}

fn numbered(issuer: Issuer, number: &str) -> Draft {
    let reference = Some(Reference { issuer, number: number.to_owned() });
    Draft { reference, ..titled("Multiples vulnérabilités dans GLPI") }
}

#[test]
fn the_rules_that_ship_can_be_read() {
    let (rules, mistakes) = Rules::read(include_str!("rules.toml"));
    assert_eq!(mistakes, Vec::new());
    let names: Vec<&str> = rules.sections().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names.first(), Some(&"Cybersécurité"));
    assert_eq!(names.len(), 28);
    let of_rules = rules.rules.iter().map(|rule| &rule.name);
    let names: Vec<&String> = of_rules.chain(rules.relevance.iter().map(|concern| &concern.name)).collect();
    let different: std::collections::BTreeSet<&&String> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "an editor must be able to tell the rules apart");
}

#[test]
fn official_numbers_decide_nature_and_severity() {
    let rules = Rules::embedded();
    for (issuer, number, text, nature, severity) in [
        (Issuer::CertFr, "CERTFR-2026-ALE-005", "", Nature::Alerte, Severity::Critical),
        (Issuer::CertFr, "CERTFR-2026-AVI-1026", "", Nature::Avis, Severity::Notable),
        (
            Issuer::CertFr,
            "CERTFR-2026-AVI-1027",
            "Elles permettent une exécution de code\u{a0}arbitraire à distance.",
            Nature::Avis,
            Severity::High,
        ),
        (Issuer::CertFr, "CERTFR-2026-AVI-1028", "Elle est activement exploitée.", Nature::Avis, Severity::High),
        (Issuer::CertFr, "CERTFR-2026-ALE-006", "Elle est activement exploitée.", Nature::Alerte, Severity::Critical),
        (Issuer::CertFr, "CERTFR-2026-ACT-034", "", Nature::Doc, Severity::Info),
        (Issuer::CertFr, "CERTFR-2026-CTI-002", "", Nature::Doc, Severity::Info),
        (Issuer::JorfText, "JORFTEXT000042723325", "", Nature::Jorf, Severity::Info),
        (Issuer::Ecli, "ECLI:FR:CECHR:2026:1", "", Nature::Juris, Severity::Info),
        (Issuer::Celex, "32016R0679", "", Nature::Ue, Severity::Info),
    ] {
        let draft = Draft { text: text.to_owned(), ..numbered(issuer, number) };
        let shelved = classify(&rules, &source("tic", Nature::Actu), &draft);
        assert_eq!((shelved.nature, shelved.severity), (nature, severity), "{number} {text}");
    }
}

#[test]
fn what_a_source_says_of_one_document_goes_before_what_it_says_of_all() {
    let source = source("tic", Nature::Actu);
    let draft = Draft { nature: Some(Nature::Circ), ..titled("Un texte") };
    let shelved = classify(&Rules::embedded(), &source, &draft);
    assert_eq!(shelved.nature, Nature::Circ);
    assert_eq!(shelved.because[1], "nature : Circ. (celle que la source « La Source » donne au document)");
    // A rule that holds goes before both.
    let ruled = Draft { nature: Some(Nature::Circ), ..numbered(Issuer::Ecli, "ECLI:FR:CECHR:2026:1") };
    assert_eq!(classify(&Rules::embedded(), &source, &ruled).nature, Nature::Juris);
}

#[test]
fn an_address_stands_in_for_a_missing_number() {
    let url = "https://www.cert.ssi.gouv.fr/alerte/CERTFR-2026-ALE-005/".parse().ok();
    let draft = Draft { url, ..titled("Vulnérabilité dans un pare-feu") };
    let shelved = classify(&Rules::embedded(), &source("tic", Nature::Actu), &draft);
    assert_eq!((shelved.nature, shelved.severity), (Nature::Alerte, Severity::Critical));
}

#[test]
fn a_source_about_security_keeps_its_shelf() {
    let rules = Rules::embedded();
    let title = "Un hôpital et un lycée touchés par une fuite de données";
    let shelved = classify(&rules, &source("cybersecurite", Nature::Actu), &titled(title));
    assert_eq!(shelved.section.as_str(), "cybersecurite");
    // It is put on another shelf besides because a rule says so.
    assert_eq!(shelved.also.iter().map(SectionId::as_str).collect::<Vec<_>>(), ["donnees-personnelles"]);
    let also = "aussi : Données personnelles (règle « fuite de données personnelles »)";
    assert!(shelved.because.iter().any(|line| line == also), "{:?}", shelved.because);
    let cnil = source("donnees-personnelles", Nature::Juris);
    let shelved = classify(&rules, &cnil, &titled("Cybersécurité : amende de 50 000 euros"));
    assert_eq!((shelved.section.as_str(), shelved.nature), ("donnees-personnelles", Nature::Juris));
    assert_eq!(shelved.also, Vec::new());
}

#[test]
fn editors_are_told_why() {
    let rules = Rules::embedded();
    let alert = numbered(Issuer::CertFr, "CERTFR-2026-ALE-005");
    let shelved = classify(&rules, &source("cybersecurite", Nature::Actu), &alert);
    assert_eq!(
        shelved.because,
        [
            "rubrique : Cybersécurité (règle « CERT-FR alerte »)",
            "nature : Alerte (règle « CERT-FR alerte »)",
            "gravité : urgent (règle « CERT-FR alerte »)",
        ]
    );
    assert_eq!(
        shelved.relevance.told(),
        "intérêt pour les collectivités : 16 (alerte ou avis de sécurité +10, attaque, faille ou fuite +6)"
    );
    let plain = classify(&rules, &source("finances", Nature::Actu), &titled("Bonjour"));
    assert_eq!(
        plain.because,
        [
            "rubrique : Finances - Fiscalité (celle de la source « La Source »)",
            "nature : Actu (celle de la source « La Source »)",
            "gravité : information (aucune règle)",
        ]
    );
    assert_eq!(plain.relevance.told(), "intérêt pour les collectivités : 0 (aucune règle)");
}

#[test]
fn points_and_the_next_best_section_are_told() {
    let text = r#"
        source_points = 2
        least_points = 5
        [[section]]
        id = "marches"
        name = "Marchés"
        words.4 = ["marché public", "seuil*"]
        words.-3 = ["marché aux fleurs"]
        words.0 = ["seuil de pauvreté"]
        [[section]]
        id = "budget"
        name = "Budget"
        words.2 = ["crédit"]
        when = [{ points = 7, address_has = ["budget.example"] }]
    "#;
    let (rules, mistakes) = Rules::read(text);
    assert_eq!(mistakes, Vec::new());
    let here = source("budget", Nature::Actu);
    let told = |draft: &Draft| classify(&rules, &here, draft).because[0].clone();
    let text = "Des crédits.".to_owned();
    for (draft, line) in [
        (
            Draft { text: text.clone(), ..titled("Marchés publics : le seuil") },
            "rubrique : Marchés (« marché public » +12, « seuil… » +12 ; ensuite Budget, 4)",
        ),
        // Inside a longer phrase that was found, a word does not count.
        (titled("Le seuil de pauvreté"), "rubrique : Budget (celle de la source « La Source »)"),
        // Too few points to leave the source's shelf: 4 of the 5 that it takes.
        (
            Draft { text: "Un seuil.".to_owned(), ..titled("Titre") },
            "rubrique : Budget (celle de la source « La Source »)",
        ),
        (
            Draft { url: "https://budget.example/1".parse().ok(), ..titled("Titre") },
            "rubrique : Budget (adresse +7, rubrique de la source +2)",
        ),
        (
            Draft { text, ..titled("Le seuil du marché aux fleurs") },
            "rubrique : Budget (rubrique de la source +2, « crédit » +2 ; ensuite Marchés, 3)",
        ),
    ] {
        assert_eq!(told(&draft), line, "{}", draft.title);
    }
}

proptest! {
    #[test]
    fn anything_is_shelved_and_always_alike(title in "(\\PC|cvss |marchés publics |« |[0-9]){0,30}", text in "(\\PC|commune |\n){0,60}") {
        static RULES: LazyLock<Rules> = LazyLock::new(Rules::embedded);
        let rules = &*RULES;
        let draft = Draft { text, ..titled(&title) };
        let shelved = classify(rules, &source("finances", Nature::Jorf), &draft);
        prop_assert!(rules.sections().get(&shelved.section).is_some());
        prop_assert!(!shelved.also.contains(&shelved.section));
        let sum: i32 = shelved.relevance.because.iter().map(|(_, points)| points).sum();
        prop_assert_eq!(sum, shelved.relevance.points);
        prop_assert_eq!(classify(rules, &source("finances", Nature::Jorf), &draft), shelved);
    }
}

#[test]
fn ones_own_rules_take_their_place() {
    let text = r#"
        [[section]]
        id = "autre"
        name = "Autre"
        [[rule]]
        name = "les deux à la fois"
        when = [{ source = ["la-source"], title_has = ["élu"] }]
        severity = "notable"
        [[rule]]
        name = "plus grave, mais après"
        when = [{ category_has = ["été"] }]
        severity = "high"
        nature = "doc"
    "#;
    let (rules, mistakes) = Rules::read(text);
    assert_eq!(mistakes, Vec::new());
    let here = source("autre", Nature::Actu);
    let other = Source { id: SourceId::parse("autre-source").unwrap(), ..here.clone() };
    assert_eq!(classify(&rules, &here, &titled("L'ÉLU")).severity, Severity::Notable);
    assert_eq!(classify(&rules, &other, &titled("L'élu")).severity, Severity::Info);
    let both = Draft { categories: vec!["Eté".into()], ..titled("Un élu") };
    let shelved = classify(&rules, &here, &both);
    assert_eq!((shelved.severity, shelved.nature), (Severity::High, Nature::Doc));
}

#[test]
fn every_mistake_in_rules_is_told_with_its_place() {
    let section = "[[section]]\nid = \"tic\"\nname = \"TIC\"\n";
    let rule = |body: &str| format!("{section}[[rule]]\nname = \"r\"\n{body}\n");
    for (text, told) in [
        (String::new(), &["1:1: there is no section"][..]),
        (rule("when = [{ title_has = [\"a\"] }]\nsection = \"tik\""), &["7:11: unknown section `tik`; known: `tic`"]),
        (rule("when = []\nsection = \"tic\""), &["5:8: rule `r` never holds"]),
        (rule("when = \"x\"\nsection = \"tic\""), &["6:8: `when` must be a list of tables"]),
        (rule("when = [{}]\nsection = \"tic\""), &["6:9: a case of rule `r` names no condition"]),
        (rule("when = [{ title_has = [\"a\"] }]"), &["5:8: rule `r` sets nothing"]),
        (rule("when = [{ title_has = [\"é\", \"ab*\"] }]\nsection = \"tic\""), &["6:29: `ab*` needs 3 letters"]),
        (
            rule("when = [{ title_has = [\"a\"], titel_has = [\"a\"] }]\nsection = \"tic\""),
            &["6:30: unknown field `titel_has` in a case"],
        ),
        (
            rule("when = [{ title_has = [\"a\"] }]\nseverity = \"grave\""),
            &["7:12: `severity`: unknown variant `grave`"],
        ),
        (format!("{section}{section}"), &["5:6: section `tic` is there twice"]),
        (section.replace("tic", "T I C"), &["2:6: `T I C` cannot be the id of a section"]),
        (
            format!("{section}words.x = [\"a\"]\nwords.3 = [\"loi\", \"ab*\"]\nwords.2 = [\"Lois\"]\n"),
            &[
                "4:7: `x` are no points",
                "5:19: `ab*` needs 3 letters",
                "6:12: `Lois` is in this section already, as `loi`",
            ],
        ),
        (
            format!("{section}words = [\"a\"]\nwhen = [{{ title_has = [\"a\"] }}, {{ points = 3 }}]\n"),
            &[
                "4:9: `words` must be a table",
                "5:9: missing field `points` in a case",
                "5:32: a case of rule `tic` names no",
            ],
        ),
        (
            rule("when = [{ authority = [\"boss\"], cvss = 11.0 }]\nalso = [\"tac\"]"),
            &["6:24: unknown authority `boss`", "6:40: `cvss` is 11", "7:9: unknown section `tac`; known: `tic`"],
        ),
        (rule("when = [{ section = [\"tic\"] }]\nseverity = \"high\""), &["6:11: unknown field `section` in a case"]),
        (
            format!(
                "least_points = \"x\"\n{section}[[relevance]]\nname = \"r\"\nwhen = [{{ section = [\"tac\"] }}]\nunless = [{{}}]\n"
            ),
            &[
                "1:16: `least_points`: invalid type",
                "5:1: missing field `points` in a rule of relevance",
                "7:22: unknown section `tac`; known: `tic`",
                "8:11: a case of rule `r` names no condition",
            ],
        ),
        (
            rule("when = [{ titel_has = [\"a\"] }, { issuer = [\"x\"], text_has = [\"*\"] }]\nnature = 3")
                + "[[rule]]\nwhen = [{ source = \"a\" }]\n[section2]\n",
            &[
                "6:11: unknown field `titel_has`",
                "6:44: `issuer`: unknown variant `x`",
                "6:62: `*` needs 3 letters",
                "7:10: `nature`: ",
                "8:1: missing field `name` in a rule",
                "8:1: rule `…` sets nothing",
                "9:20: `source`: invalid type: string \"a\"",
                "10:2: unknown field `section2` in the file",
            ],
        ),
        (rule("when = [\nsection = tic").replace("id =", "id"), &["2:", "7:"]),
    ] {
        let (_, mistakes) = Rules::read(&text);
        let shown: Vec<String> = mistakes
            .iter()
            .map(|mistake| {
                assert!(!mistake.hint.is_empty(), "{mistake:?}");
                let before = &text[..mistake.span.start];
                let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
                format!("{}:{column}: {}", before.matches('\n').count() + 1, mistake.message)
            })
            .collect();
        let is_told = shown.len() == told.len() && shown.iter().zip(told).all(|(shown, told)| shown.starts_with(told));
        assert!(is_told, "{text}\n{shown:#?}\nexpected: {told:#?}");
    }
}

/// A wrong rule does not cost the sections: sources are still checked against them.
#[test]
fn what_is_right_in_wrong_rules_is_read() {
    let text = "[[section]]\nid = \"voirie\"\nname = \"Voirie\"\n[[rule]]\nname = \"r\"\n[[rule]\n";
    let (rules, mistakes) = Rules::read(text);
    assert!(rules.sections().named("voirie").is_some());
    assert!(mistakes.iter().all(|mistake| mistake.message.starts_with("this is not TOML")), "{mistakes:?}");
}
