//! What French sites put around and between the paragraphs of an article, and the words by which it is known.

use dom_smoothie::Readability;

use crate::text::collapse;

/// Takes out of a page what is no part of any article: menus, share buttons, breadcrumbs, consent, other articles.
pub(super) fn prune(reader: &Readability) {
    let document = &reader.doc;
    document.select(ALWAYS).remove();
    let whole = document.select("body").text().len();
    for node in document.select("[class], [id]").nodes() {
        let names = [node.attr("class"), node.attr("id")];
        if names.into_iter().flatten().any(|names| is_around(&names))
            && !["html", "body", "main", "article"].iter().any(|name| node.has_name(name))
            // What holds much of the page is the page, whatever it is called (`category-action-sociale`).
            && node.text().len() * 5 < whole * 2
        {
            node.remove_from_parent();
        }
    }
    for node in document.select("p, li, h2, h3, h4, h5, h6, a, span, strong, figcaption").nodes() {
        let small = node.descendants_it().nth(MOST_INSIDE).is_none();
        match Some(node).filter(|_| small).and_then(|node| aside(&collapse(&node.text()))) {
            None => {}
            Some(Aside::Line) => node.remove_from_parent(),
            Some(Aside::Heading) => {
                // Of a heading inside another element, that element counts: `<p><strong>À lire aussi</strong></p>`.
                let own = node.text().trim().len();
                let outer = node
                    .parent()
                    .filter(|parent| parent.descendants_it().nth(MOST_INSIDE).is_none())
                    .filter(|parent| parent.text().trim().len() == own)
                    .unwrap_or(*node);
                let next =
                    outer.next_element_sibling().filter(|next| ["ul", "ol"].iter().any(|name| next.has_name(name)));
                if let Some(list) = next {
                    list.remove_from_parent();
                }
                outer.remove_from_parent();
            }
        }
    }
}

/// What holds more is no button and no heading.
const MOST_INSIDE: usize = 12;

const ALWAYS: &str = "nav, aside, footer, [role=navigation], [role=search], [role=banner], [role=dialog], [role=alert], \
    [role=contentinfo], [hidden]";

/// Words in names of classes that say what an element is.
fn is_around(names: &str) -> bool {
    names.split(|c: char| c.is_whitespace() || matches!(c, '-' | '_')).any(|word| {
        let word = word.to_ascii_lowercase();
        AROUND.binary_search(&word.as_str()).is_ok()
    })
}

/// Sorted.
#[rustfmt::skip]
const AROUND: [&str; 47] = [
    "addtoany", "ariane", "axeptio", "backlink", "breadcrumb", "breadcrumbs", "chemin", "commentaires", "comments",
    "connexe", "connexes", "consent", "cookie", "cookies", "didomi", "evitement", "filariane", "follow", "imprimer",
    "jp", "menu", "modal", "newsletter", "noprint", "pagination", "partage", "partager", "print", "promo", "pub",
    "publicite", "recommandations", "related", "reseaux", "share", "sharedaddy", "sharing", "sidemenu", "similaires",
    "skip", "skiplinks", "social", "socials", "spip_doc_partage", "sponsor", "tarteaucitron", "yarpp",
];

/// A piece of text that belongs to the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aside {
    /// It stands alone.
    Line,
    /// A list of other articles may follow.
    Heading,
}

fn aside(line: &str) -> Option<Aside> {
    if line.len() > 300 {
        return None;
    }
    let line = plain(line);
    let bare = line.trim_end_matches([':', '.', '…', '!', '»', '›', '>', ' ']).trim_start_matches(['»', '›', '>', ' ']);
    if HEADINGS.contains(&bare) {
        return Some(Aside::Heading);
    }
    let begins = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    (LINES.contains(&bare) || begins(&STARTS) || line.len() < 80 && begins(&SHORT_STARTS)).then_some(Aside::Line)
}

/// Lower case, with straight apostrophes.
fn plain(text: &str) -> String {
    text.to_lowercase().replace('’', "'").replace('\u{a0}', " ")
}

const HEADINGS: [&str; 15] = [
    "à lire aussi",
    "a lire aussi",
    "lire aussi",
    "à lire également",
    "lire également",
    "voir aussi",
    "à voir aussi",
    "sur le même sujet",
    "sur le même thème",
    "dans la même rubrique",
    "articles similaires",
    "articles liés",
    "nos derniers articles",
    "les plus lus",
    "ces articles peuvent vous intéresser",
];

const LINES: [&str; 30] = [
    "partager",
    "partager cet article",
    "partager la page",
    "partager cette page",
    "partagez",
    "partagez cet article",
    "tweeter",
    "imprimer",
    "imprimer la page",
    "imprimer cet article",
    "envoyer",
    "envoyer par mail",
    "envoyer par courriel",
    "copier le lien",
    "copier dans le presse-papier",
    "lien copié",
    "facebook",
    "twitter",
    "linkedin",
    "whatsapp",
    "bluesky",
    "retour",
    "retour à la liste",
    "retour en haut de page",
    "retour aux actualités",
    "haut de page",
    "suivez-nous",
    "écouter l'article",
    "ajouter à mes favoris",
    "publicité",
];

/// What goes on as it likes: the name of another article.
const STARTS: [&str; 10] = [
    "à lire aussi :",
    "à lire aussi:",
    "lire aussi :",
    "lire aussi:",
    "lire également :",
    "à lire également :",
    "voir aussi :",
    "abonnez-vous à notre",
    "inscrivez-vous à notre",
    "recevez notre newsletter",
];

const SHORT_STARTS: [&str; 7] = [
    "partager sur ",
    "partager par ",
    "partager via ",
    "suivez-nous sur ",
    "aller au contenu",
    "accéder au contenu",
    "vous êtes ici",
];

/// The lines of an article without those of the site, and without its own title at the front.
pub(super) fn strip(text: &str, title: &str) -> String {
    let lines = text.lines().filter(|line| aside(line).is_none() && !is_notice_for_subscribers(line));
    let mut lines = lines.peekable();
    lines.next_if(|line| *line == title);
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a page says that its article goes on for those who pay.
pub(super) fn is_for_subscribers(page: &str) -> bool {
    let page = plain(page);
    let stated = page.match_indices("\"isaccessibleforfree\"").any(|(at, key)| {
        let value =
            page.get(at + key.len()..).unwrap_or_default().trim_start_matches([' ', ':', '"', '\n', '\t', '\r']);
        value.starts_with("false")
    });
    stated || WALLS.iter().any(|words| page.contains(words))
}

fn is_notice_for_subscribers(line: &str) -> bool {
    line.len() < 300 && WALLS.iter().any(|words| plain(line).contains(words))
}

/// Words that stand only on the page of such an article, not beside the links to it.
const WALLS: [&str; 11] = [
    "cet article est réservé aux abonnés",
    "cet article est réservé à nos abonnés",
    "article réservé aux abonnés. pour",
    "la suite est réservée aux abonnés",
    "la suite de cet article est réservée",
    "ce contenu est réservé aux abonnés",
    "pour lire la suite de cet article",
    "abonnez-vous pour lire la suite",
    "connectez-vous pour lire la suite",
    "% de cet article à découvrir",
    "il vous reste à lire",
];

/// Whether the name of a page is that of an error.
pub(super) fn is_error(name: &str) -> bool {
    let name = plain(name);
    let is_number = |number: &str| {
        name == number
            || name.starts_with(&format!("{number} ")) && name.len() < 60
            || name == format!("erreur {number}")
    };
    ["404", "403", "500", "503"].into_iter().any(is_number) || ERRORS.iter().any(|words| name.contains(words))
}

const ERRORS: [&str; 21] = [
    "page introuvable",
    "page non trouvée",
    "page inexistante",
    "page not found",
    "contenu introuvable",
    "contenu non trouvé",
    "document introuvable",
    "article introuvable",
    "cette page n'existe",
    "n'existe plus",
    "erreur 404",
    "error 404",
    "erreur 500",
    "accès refusé",
    "accès interdit",
    "access denied",
    "403 forbidden",
    "site en maintenance",
    "maintenance en cours",
    "service indisponible",
    "temporairement indisponible",
];

/// Whether most of a text is about cookies: what stands before a page that waits for consent.
pub(super) fn is_about_consent(text: &str) -> bool {
    let about = text.lines().filter(|line| {
        let line = plain(line);
        ["cookie", "traceur", "consentement", "accepter", "refuser", "nos partenaires"].iter().any(|w| line.contains(w))
    });
    // The law on cookies is a subject too: a long text about it is an article.
    text.len() < LONGEST_CONSENT && about.map(str::len).sum::<usize>() * 3 > text.len() * 2
}

const LONGEST_CONSENT: usize = 2_500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_site_is_known_by_its_words() {
        assert!(AROUND.is_sorted());
        for line in
            ["Partager", "Partager sur Facebook", "À lire aussi :", "Lire aussi : Le budget des communes", "Imprimer"]
        {
            assert!(aside(line).is_some(), "{line}");
        }
        for line in [
            "Partager les données entre communes suppose une convention signée par chacune des parties, dit la Cnil.",
            "Retour sur la loi",
            "L’imprimerie",
        ] {
            assert_eq!(aside(line), None, "{line}");
        }
    }

    #[test]
    fn error_pages_are_known_by_their_names() {
        for name in
            ["404", "404 - Page introuvable | Ville", "Oups ! Cette page n’existe pas", "Accès refusé", "Erreur 404"]
        {
            assert!(is_error(name), "{name}");
        }
        for name in [
            "404 communes sinistrées par les inondations de l’automne, selon le préfet",
            "Un service public plus proche",
        ] {
            assert!(!is_error(name), "{name}");
        }
    }
}
