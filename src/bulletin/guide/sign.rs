//! What tells, in a sentence without a heading, that it asks to act or says whom it concerns.

use super::service::has;

/// Whether a sentence tells the reader to do something: it begins with an imperative or an infinitive, or says that
/// something must be done.
pub(super) fn asks_to_act(text: &str, words: &str) -> bool {
    // A question asks, and tells nothing.
    if text.ends_with('?') {
        return false;
    }
    let mut all = words.split(' ');
    let mut first = all.next().unwrap_or_default();
    let mut second = all.next().unwrap_or_default();
    if ["ne", "n", "puis", "ensuite", "enfin", "surtout"].contains(&first) {
        (first, second) = (second, all.next().unwrap_or_default());
    }
    let imperative = first.len() > 4 && first.ends_with("ez") && !["chez", "assez", "voyez", "avez"].contains(&first);
    let infinitive =
        INFINITIVES.contains(&first) && (first == "mettre" || !["est", "a", "n", "reste"].contains(&second));
    imperative || infinitive || ENGLISH.contains(&first) || MUST.iter().any(|phrase| has(words, phrase))
}

/// Whether a sentence says whom it concerns.
pub(super) fn names_who(words: &str) -> bool {
    WHO.iter().any(|phrase| has(words, phrase))
}

#[rustfmt::skip]
const INFINITIVES: [&str; 41] = [
    "appliquer", "mettre", "installer", "desinstaller", "desactiver", "activer", "changer", "renouveler", "rechercher",
    "verifier", "controler", "isoler", "deconnecter", "debrancher", "couper", "sauvegarder", "conserver", "surveiller",
    "reinstaller", "remplacer", "retirer", "supprimer", "bloquer", "filtrer", "limiter", "restreindre", "prevenir", "informer",
    "sensibiliser", "adopter", "dresser", "prevoir", "preparer", "transmettre", "declarer", "deliberer", "modifier", "migrer",
    "reinitialiser", "consulter", "contacter",
];

#[rustfmt::skip]
const ENGLISH: [&str; 12] = [
    "change", "check", "update", "install", "enter", "apply", "disable", "contact", "reset", "upgrade", "patch", "isolate",
];

#[rustfmt::skip]
const MUST: [&str; 20] = [
    "il faut", "il convient de", "il est recommande", "il est conseille", "il est imperatif", "est recommande de",
    "est fortement recommande", "doit etre", "doivent etre", "doivent s assurer", "doivent verifier", "doivent declarer",
    "doivent deliberer", "sont invites a", "sont invitees a", "est invite a", "est invitee a", "sont tenues de", "sont tenus de",
    "dossiers sont a deposer",
];

#[rustfmt::skip]
const WHO: [&str; 12] = [
    "sont concernes", "sont concernees", "est concerne par", "est concernee par", "concerne aussi les mairies", "concerne les communes",
    "concerne les collectivites", "concerne toutes les", "concerne tous les", "s adresse aux communes", "s applique aux communes",
    "publics concernes",
];

#[cfg(test)]
mod tests {
    use super::super::super::prose::normal;
    use super::*;

    #[test]
    fn orders_are_told_from_stories() {
        for (text, expected) in [
            ("Changez les mots de passe de messagerie.", true),
            ("Ne payez pas la rançon.", true),
            ("Mettre à jour Orme Archivage en version 3.7.2.", true),
            ("En cas de doute, le poste doit être isolé du réseau.", true),
            ("Il convient de vérifier les comptes.", true),
            ("Change the password of that mailbox first.", true),
            ("Une information judiciaire a été ouverte.", false),
            ("Chez Valbrune, tout va bien.", false),
            ("Qui doit être prévenu ?", false),
        ] {
            assert_eq!(asks_to_act(text, &normal(text)), expected, "{text}");
        }
    }
}
