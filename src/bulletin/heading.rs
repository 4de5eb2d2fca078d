//! What the headings of documents announce.

use crate::text;

/// What stands under a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Topic {
    /// The document in short: « Résumé ».
    Abstract,
    Risks,
    /// Whom or what it concerns. The reader is asked (« Suis-je concerné ? »), or told (« Systèmes affectés »).
    Concerned(Voice),
    Todo(Voice),
    Report,
    Figures,
    /// Of a written question to a minister.
    Question,
    Answer,
    /// Links, contacts, history: nothing of it is quoted.
    Aside,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Voice {
    /// Words for everybody.
    Plain,
    /// Words for who runs the machines.
    Technical,
}

/// What a line announces, when it is a heading that we know.
pub(super) fn topic(line: &str) -> Option<Topic> {
    if line.chars().count() > 70 || line.ends_with(['.', ';', ',', '!']) {
        return None;
    }
    let folded = text::slug(line);
    // « 2. Solutions », « III - Que faire ? »
    let bare = folded.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
    KNOWN.iter().find(|(names, _)| names.contains(&bare)).map(|(_, topic)| *topic)
}

/// Slugs.
#[rustfmt::skip]
const KNOWN: [(&[&str], Topic); 11] = [
    (&["resume", "en-bref", "synthese", "l-essentiel", "summary", "objet"], Topic::Abstract),
    (&["risque", "risques", "risk", "risks", "impact", "impacts"], Topic::Risks),
    (
        &[
            "suis-je-concerne", "suis-je-concernee", "suis-je-touche", "etes-vous-concerne", "etes-vous-concernes",
            "comment-savoir-si-je-suis-concerne", "comment-savoir-si-vous-etes-concerne", "comment-savoir-si-l-on-est-concerne",
            "qui-est-concerne", "qui-sont-les-personnes-concernees", "qui-est-touche", "pour-qui", "publics-concernes",
            "public-concerne", "personnes-concernees", "collectivites-concernees", "communes-concernees", "beneficiaires",
            "champ-d-application", "ma-collectivite-est-elle-concernee", "am-i-affected", "are-you-affected", "who-is-affected",
        ],
        Topic::Concerned(Voice::Plain),
    ),
    (
        &[
            "systemes-affectes", "systeme-affecte", "produits-affectes", "produits-concernes", "versions-affectees", "perimetre",
            "logiciels-concernes", "affected-products", "affected-systems", "affected-versions",
        ],
        Topic::Concerned(Voice::Technical),
    ),
    (
        &[
            "que-faire", "que-dois-je-faire", "que-devez-vous-faire", "que-doivent-faire-les-communes",
            "que-doivent-faire-les-collectivites", "comment-reagir", "comment-se-proteger", "comment-vous-proteger",
            "que-faire-si-je-suis-victime", "que-faire-si-vous-etes-victime", "que-faire-si-je-suis-concerne",
            "que-faire-en-cas-de-doute", "conseils", "nos-conseils", "les-bons-reflexes", "bons-reflexes", "bonnes-pratiques",
            "demarches", "demarches-a-effectuer", "a-faire", "what-to-do", "what-should-i-do", "what-can-i-do", "what-should-you-do",
        ],
        Topic::Todo(Voice::Plain),
    ),
    (
        &[
            "solution", "solutions", "recommandation", "recommandations", "mesures-a-prendre", "mesures-recommandees", "mesures",
            "mesures-de-protection", "contournement", "contournements", "contournement-provisoire", "contournements-provisoires",
            "mesures-de-contournement", "correctifs", "remediation", "mitigation", "mitigations", "workaround", "workarounds",
            "recommendations", "remediations", "detection",
        ],
        Topic::Todo(Voice::Technical),
    ),
    (
        &[
            "ou-deposer-plainte", "ou-porter-plainte", "comment-porter-plainte", "comment-deposer-plainte", "deposer-plainte",
            "porter-plainte", "ou-signaler", "comment-signaler", "signaler", "signalement", "a-qui-s-adresser", "qui-contacter",
            "qui-appeler", "ou-trouver-de-l-aide", "se-faire-aider", "depot-de-plainte", "how-to-report", "where-to-report", "report-it",
        ],
        Topic::Report,
    ),
    (&["chiffres-cles", "en-chiffres", "les-chiffres-cles", "les-chiffres", "key-figures"], Topic::Figures),
    (&["question", "texte-de-la-question", "question-ecrite"], Topic::Question),
    (&["reponse", "texte-de-la-reponse", "reponse-du-ministre", "reponse-du-gouvernement", "reponse-ministerielle"], Topic::Answer),
    (
        &[
            "documentation", "contact", "contacts", "contacts-presse", "contact-presse", "liens-utiles", "references", "reference",
            "en-savoir-plus", "pour-en-savoir-plus", "pour-aller-plus-loin", "gestion-detaillee-du-document", "a-lire-aussi",
            "lire-aussi", "voir-aussi", "sources", "source", "telecharger", "telechargement", "notes", "partager", "mots-cles",
            "gestion-du-document", "historique", "related", "read-more", "documents",
        ],
        Topic::Aside,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_in_every_dress() {
        for (line, expected) in [
            ("Que faire ?", Some(Topic::Todo(Voice::Plain))),
            ("QUE FAIRE\u{a0}?", Some(Topic::Todo(Voice::Plain))),
            ("2. Solutions", Some(Topic::Todo(Voice::Technical))),
            ("Systèmes affectés", Some(Topic::Concerned(Voice::Technical))),
            ("Où déposer plainte ?", Some(Topic::Report)),
            ("Chiffres clés :", Some(Topic::Figures)),
            ("La solution est connue.", None),
            ("Solutions numériques pour les mairies", None),
            ("", None),
        ] {
            assert_eq!(topic(line), expected, "{line}");
        }
    }
}
