//! The services where victims find help, complain, report or look whether they are concerned.

/// Whether a sentence says where to complain or to report.
///
/// A service must be reachable through it (its address, or a link that leads there), or it must tell the reader to turn
/// to it: « selon Pharos » sends nobody anywhere.
pub(super) fn takes_reports(text: &str, words: &str, link: &str) -> bool {
    if COMPLAINTS.iter().any(|phrase| has(words, phrase)) {
        return true;
    }
    let address = |known: &&str| text.contains(*known) || link.contains(*known);
    if ADDRESSES.iter().any(address) {
        return true;
    }
    let named = SERVICES.iter().any(|name| has(words, name));
    named && TURNS.iter().any(|verb| has(words, verb))
}

/// Whether a sentence says where to look whether one is concerned.
pub(super) fn checks(text: &str, words: &str, link: &str) -> bool {
    CHECKS.iter().any(|known| text.contains(known) || link.contains(known))
        || (CHECKING.iter().any(|phrase| has(words, phrase)))
}

/// Whole words in a text that [`normal`](super::super::prose::normal) has prepared.
pub(super) fn has(words: &str, phrase: &str) -> bool {
    words.match_indices(phrase).any(|(at, found)| {
        let before = words.get(..at).is_none_or(|before| before.is_empty() || before.ends_with(' '));
        let after = words.get(at + found.len()..).is_none_or(|after| after.is_empty() || after.starts_with(' '));
        before && after
    })
}

/// Normal forms.
#[rustfmt::skip]
const COMPLAINTS: [&str; 24] = [
    "deposer plainte", "deposez plainte", "deposer une plainte", "deposez une plainte", "porter plainte", "portez plainte",
    "depot de plainte", "plainte en ligne", "pre plainte", "lettre formulaire", "plainte par lettre", "signalez le", "signalez la",
    "signalez les", "signalez tout", "signaler tout", "signaler les faits", "signaler l incident", "notifier la violation",
    "notifiez la violation", "notification de violation", "notifier la cnil", "report the incident", "file a complaint",
];

const ADDRESSES: [&str; 22] = [
    "17cyber.gouv.fr",
    "www.cybermalveillance.gouv.fr",
    "//cybermalveillance.gouv.fr",
    "pre-plainte-en-ligne.gouv.fr",
    "plainte-en-ligne.masecurite.interieur.gouv.fr",
    "masecurite.interieur.gouv.fr",
    "moncommissariat.fr",
    "internet-signalement.gouv.fr",
    "signal-spam.fr",
    "signal.conso.gouv.fr",
    "33700.fr",
    "notifications.cnil.fr",
    "cnil.fr/fr/notifier-une-violation",
    "cert-fr@ssi.gouv.fr",
    "cert-fr.cossi@ssi.gouv.fr",
    "club.ssi.gouv.fr",
    "phishing-initiative.fr",
    "service-public.fr/particuliers/vosdroits/N31138",
    "report.ncsc.gov.uk",
    "perceval",
    "thesee",
    "THESEE",
];

#[rustfmt::skip]
const SERVICES: [&str; 19] = [
    "17cyber", "cybermalveillance gouv fr", "cybermalveillance", "thesee", "perceval", "pharos", "signal spam", "33700", "3218",
    "info escroqueries", "cert fr", "csirt", "csirt regional", "centre de reponse aux incidents", "gendarmerie", "commissariat",
    "cnil", "police nationale", "police judiciaire",
];

#[rustfmt::skip]
const TURNS: [&str; 25] = [
    "contactez", "contacter", "appelez", "appeler", "rendez vous", "signalez", "signaler", "alertez", "alerter", "prevenez",
    "prevenir", "saisissez", "saisir", "transferez", "transferer", "ecrivez", "ecrire a", "adressez vous", "s adresser",
    "demandez de l aide", "demander de l aide", "faites vous aider", "notifiez", "notifier", "declarer",
];

const CHECKS: [&str; 4] = ["checkyourhack", "haveibeenpwned", "amiunique", "cybermalveillance.gouv.fr/diagnostic"];

#[rustfmt::skip]
const CHECKING: [&str; 12] = [
    "savoir si vous etes", "savoir si l une des votres", "savoir si votre", "savoir si une adresse", "verifier si", "verifiez si", "verifiez que votre",
    "peuvent le verifier", "pouvez le verifier", "pour savoir si", "si l adresse y figure", "check whether",
];

#[cfg(test)]
mod tests {
    use super::super::super::prose::normal;
    use super::*;

    #[test]
    fn where_to_complain_is_told_from_who_was_told() {
        for (text, expected) in [
            ("Déposez plainte au commissariat.", true),
            ("Les victimes peuvent déposer une plainte par lettre-formulaire.", true),
            ("Demandez de l'aide sur cybermalveillance.gouv.fr.", true),
            ("En cas de doute, contactez le 17Cyber.", true),
            ("Un diagnostic est possible sur https://www.cybermalveillance.gouv.fr/", true),
            ("Transférez le SMS au 33700.", true),
            ("Notifiez la violation à la CNIL sous 72 heures.", true),
            ("Une plainte a été déposée par la commune.", false),
            ("Selon Cybermalveillance, les attaques augmentent.", false),
            ("Neuf communes ont signalé un paiement détourné.", false),
            ("La gendarmerie a saisi 170 serveurs.", false),
        ] {
            assert_eq!(takes_reports(text, &normal(text), ""), expected, "{text}");
        }
        assert!(takes_reports("Faites un diagnostic.", "faites un diagnostic", "https://17cyber.gouv.fr/"));
    }
}
