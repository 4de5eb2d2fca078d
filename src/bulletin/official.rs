//! Texts of the Journal officiel: what they decide, and not what they have regard to.

use super::{
    document::Part,
    prose::{normal, sentences},
};

/// The sentences of what a text decides: « Objet : … » of its notice, else those from its first article on. `None` where
/// it has neither.
pub(super) fn operative(parts: &[Part]) -> Option<Vec<String>> {
    let lines: Vec<&str> = parts.iter().flat_map(|part| &part.lines).map(|line| line.text.as_str()).collect();
    if let Some(object) = lines.iter().find_map(|line| labelled(line, "objet")) {
        return Some(sentences(object));
    }
    let at = lines.iter().position(|line| is_first_article(line));
    let headed = parts.iter().position(|part| is_first_article(&part.heading));
    let from: Vec<&str> = match (at, headed) {
        (Some(at), _) => {
            let (label, rest) = lines.get(at..)?.split_first()?;
            let first = rest.iter().copied().take_while(|line| !is_article(line));
            std::iter::once(after_label(label)).chain(first).collect()
        }
        (None, Some(at)) => parts.get(at)?.lines.iter().map(|line| line.text.as_str()).collect(),
        // Without articles: what is left when the visas are taken off.
        (None, None) if lines.iter().any(|line| is_visa(line)) => {
            lines.into_iter().filter(|line| !is_visa(line)).collect()
        }
        (None, None) => return None,
    };
    let found: Vec<String> = from.into_iter().filter(|line| !line.is_empty()).flat_map(sentences).take(6).collect();
    (!found.is_empty()).then_some(found)
}

/// « Objet : … »: what stands after the label.
fn labelled<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    let (before, after) = line.split_once(':')?;
    (normal(before) == label && after.chars().count() > 20).then(|| after.trim())
}

fn is_first_article(line: &str) -> bool {
    let words =
        normal(line.get(..line.len().min(24)).unwrap_or_else(|| line.split_whitespace().next().unwrap_or_default()));
    ["article 1", "art 1", "article premier", "article ier"].iter().any(|label| {
        words.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ') || rest.starts_with("er"))
    })
}

/// « Article 2 », « Art. 3. - … ».
fn is_article(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let label = words.next().map(normal);
    label.is_some_and(|label| label == "article" || label == "art")
        && words.next().is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit() || c == 'L' || c == 'R'))
}

/// « Article 1 », « Art. 1er. - »: what stands after it on the line.
fn after_label(line: &str) -> &str {
    if !is_first_article(line) {
        return line;
    }
    let mut rest = line;
    // The word, then the number.
    for _ in 0..2 {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        rest = rest.trim_start_matches(|c: char| c.is_alphanumeric());
    }
    rest.trim_start_matches(|c: char| c.is_whitespace() || ".:-–—".contains(c))
}

/// What stands before the articles.
fn is_visa(line: &str) -> bool {
    let words = normal(line);
    let begins = |label: &str| words.strip_prefix(label).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    (VISAS.iter().any(|label| begins(label))) || MINISTERS.iter().any(|label| begins(label)) && line.ends_with(',')
}

const VISAS: [&str; 10] = [
    "vu",
    "vus",
    "considerant",
    "sur le rapport",
    "sur rapport",
    "le conseil d etat",
    "apres avis",
    "decrete",
    "arrete",
    "arretent",
];
const MINISTERS: [&str; 5] =
    ["le premier ministre", "la premiere ministre", "le president", "le ministre", "la ministre"];

#[cfg(test)]
mod tests {
    use super::{super::document::parts, *};

    #[test]
    fn a_text_is_told_by_what_it_decides() {
        for (text, expected) in [
            (
                "Le ministre de l'intérieur,\nVu le code général des collectivités territoriales ;\nArrête :\nArticle 1\nLe seuil \
                 est relevé à 100 000 euros. Il est révisé chaque année.\nArticle 2\nLe préfet exécute.",
                "Le seuil est relevé à 100 000 euros.",
            ),
            ("Vu la loi ;\nArt. 1er. - Le plan est adopté.", "Le plan est adopté."),
            (
                "Publics concernés : communes.\nObjet : seuils de dispense de procédure des marchés.\nArticle 1\nLe seuil.",
                "seuils de dispense de procédure des marchés.",
            ),
            ("Vu la loi ;\nLe ministre de la culture,\nLe plan est adopté.", "Le plan est adopté."),
        ] {
            let found = operative(&parts("", text)).unwrap_or_default();
            assert_eq!(found.first().map(String::as_str), Some(expected), "{text}");
        }
        assert_eq!(operative(&parts("", "Les communes adoptent un plan. Texte fictif.")), None);
    }
}
