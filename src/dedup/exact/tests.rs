use jiff::civil::date;
use url::Url;

use super::*;
use crate::model::{Issuer, PublicationDate, Reference};

fn source(id: &str) -> SourceId {
    SourceId::parse(id).expect("a slug")
}

fn draft(guid: Option<&str>, url: Option<&str>, title: &str, text: &str) -> Draft {
    Draft {
        guid: guid.map(String::from),
        url: url.map(|u| Url::parse(u).expect("an address")),
        title: title.to_owned(),
        text: text.to_owned(),
        ..Draft::default()
    }
}

fn certfr(number: &str, text: &str) -> Draft {
    Draft {
        reference: Some(Reference { issuer: Issuer::CertFr, number: number.to_owned() }),
        ..draft(None, Some(&format!("https://cert.example/avis/{number}/")), "Vulnérabilité dans SPIP", text)
    }
}

fn known(id: i64, by: &str, draft: &Draft, shown: Option<&Draft>) -> Known {
    Known {
        notice: NoticeId::new(id),
        story: StoryId::new(id),
        source: source(by),
        reference: draft.reference.as_ref().map(|r| r.number.clone()),
        title: draft.title.clone(),
        published: draft.published.map(|d| d.at),
        fingerprint: fingerprint(&draft.title, &draft.text).hash,
        shown: shown.map(|d| fingerprint(&d.title, &d.text).hash),
    }
}

fn judge(by: &str, draft: &Draft, known: &[Known]) -> Option<Decision> {
    let keys = keys_of_page(&source(by), std::slice::from_ref(draft)).remove(0);
    let found = keys.iter().flat_map(|key| known.iter().map(move |k| (key.clone(), k.clone()))).collect();
    decide(&source(by), draft, &fingerprint(&draft.title, &draft.text), &keys, &found)
}

#[test]
fn what_a_source_shows_again_unchanged_is_the_same() {
    let seen = draft(Some("a"), None, "Titre", "Texte");
    let decision = judge("cnil", &seen, &[known(1, "cnil", &seen, Some(&seen))]).expect("known");
    assert_eq!(decision.verdict, Verdict::Same { notice: NoticeId::new(1) });
}

#[test]
fn a_source_that_changes_its_text_revises_its_notice() {
    let before = certfr("CERTFR-2026-AVI-0001", "Première version");
    let after = certfr("CERTFR-2026-AVI-0001", "Première version, et la CVE-2026-1");
    let decision = judge("cert-fr", &after, &[known(1, "cert-fr", &before, Some(&before))]).expect("known");
    assert_eq!(decision.verdict, Verdict::Revision { notice: NoticeId::new(1) });
    assert_eq!(decision.because, "Même document : référence CERTFR-2026-AVI-0001 ; révision : le texte a changé");
}

#[test]
fn another_source_that_words_the_same_document_differently_does_not_revise_it() {
    let full = certfr("CERTFR-2026-AVI-0001", "Tout le texte de l'avis");
    let short = certfr("CERTFR-2026-AVI-0001", "Tout le texte…");
    let decision = judge("relais", &short, &[known(1, "cert-fr", &full, None)]).expect("known");
    assert_eq!(decision.verdict, Verdict::Same { notice: NoticeId::new(1) });
    assert!(decision.because.ends_with("déjà reçu de « cert-fr »"));
}

#[test]
fn advisories_with_different_references_never_become_one() {
    let first = certfr("CERTFR-2026-AVI-0001", "Le même texte");
    let second = Draft { url: first.url.clone(), ..certfr("CERTFR-2026-AVI-0002", "Le même texte") };
    assert_eq!(judge("cert-fr", &second, &[known(1, "cert-fr", &first, Some(&first))]), None);
}

#[test]
fn tracking_parameters_do_not_make_another_document() {
    let plain = draft(None, Some("https://www.maire.example/a?param=12"), "Titre", "Texte");
    let tracked = draft(None, Some("http://maire.example/a/?param=12&utm_source=rss#xtor=RSS-1"), "Titre", "Texte");
    let keys = keys_of_page(&source("a"), &[plain, tracked]);
    assert_eq!(keys[0].last(), keys[1].last());
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn an_address_that_several_documents_share_is_no_identity() {
    let home = Some("https://mairie.example/");
    let page = [draft(None, home, "Avis A", "Texte A"), draft(None, home, "Avis B", "Texte B")];
    let keys = keys_of_page(&source("a"), &page);
    assert!(keys.iter().flatten().all(|key| key.starts_with("text:")), "{keys:?}");
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn a_guid_that_every_entry_bears_counts_with_the_address_only() {
    let page = [
        draft(Some("1"), Some("https://a.example/x"), "X", ""),
        draft(Some("1"), Some("https://a.example/y"), "Y", ""),
    ];
    let keys = keys_of_page(&source("a"), &page);
    assert_ne!(keys[0][0], keys[1][0]);
}

#[test]
fn a_guid_and_an_address_that_every_entry_bears_leave_the_title_to_tell_them_apart() {
    let home = Some("https://mairie.example/");
    let page = [draft(Some("1"), home, "X", "x"), draft(Some("1"), home, "Y", "y")];
    let keys = keys_of_page(&source("a"), &page);
    assert!(keys[0].iter().all(|key| !keys[1].contains(key)), "{keys:?}");
}

#[test]
fn a_document_is_found_again_while_another_shares_its_address_and_afterwards() {
    let at = |fragment: &str, title: &str| draft(None, Some(&format!("https://a.example/p{fragment}")), title, title);
    let (a, b) = (at("#a", "Le premier texte"), at("#b", "Le second texte"));
    let keys = |page: &[Draft]| keys_of_page(&source("s"), page);
    let alone = keys(std::slice::from_ref(&a)).remove(0);
    let together = keys(&[a, b.clone()]);
    assert!(together[0].iter().any(|key| alone.contains(key)), "the first is known again beside the second");
    assert!(together[1].iter().all(|key| !alone.contains(key)), "the second is another");
    assert_eq!(keys(&[b]).remove(0).first(), together[1].first(), "and known by its words, first, when it stays alone");
}

#[test]
fn a_guid_does_not_cross_sources() {
    let entry = [draft(Some("1"), None, "X", "")];
    assert_ne!(keys_of_page(&source("a"), &entry), keys_of_page(&source("b"), &entry));
}

#[test]
fn a_hostile_guid_makes_a_bounded_key() {
    let keys = keys_of_page(&source("a"), &[draft(Some(&"é".repeat(100_000)), None, "X", "")]);
    assert!(keys[0][0].len() < 400, "{}", keys[0][0].len());
}

#[test]
fn rows_that_say_the_same_are_two_documents() {
    let row = || draft(None, None, "Organisme public", "Défaut de sécurité des données");
    let keys = keys_of_page(&source("cnil"), &[row(), draft(None, None, "Autre", ""), row()]);
    assert_ne!(keys[0], keys[2]);
    // The next time, whatever came in between, they are the same two.
    let again = keys_of_page(&source("cnil"), &[draft(None, None, "Nouveau", ""), row(), row()]);
    assert_eq!([&again[1], &again[2]], [&keys[0], &keys[2]]);
    // One article that stands twice on a page is one article.
    let article = || draft(None, Some("https://a.fr/x"), "Titre", "Texte");
    let keys = keys_of_page(&source("a"), &[article(), article()]);
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn rows_that_share_a_link_and_their_words_are_told_apart_by_their_dates() {
    let row = |day| Draft {
        published: PublicationDate::day(date(2024, 5, day), &jiff::tz::TimeZone::UTC),
        ..draft(None, Some("https://cnil.example/decisions"), "Société : amende de 10 000 euros", "")
    };
    let keys = keys_of_page(&source("cnil"), &[row(1), row(2), row(2)]);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[1], keys[2], "one document that is listed twice");
    assert!(keys.iter().flatten().all(|key| !key.starts_with("url:")), "{keys:?}");
}
