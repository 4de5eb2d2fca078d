//! What a source says of the history of its own document, that what it warned of is over, and what is left to say of a warning
//! that should not have gone out.

use super::{
    guide::Guide,
    told::Told,
    view::{AlertNews, Item},
};
use crate::{
    model::{Ending, News, StoryId},
    text,
};

/// Entries of a history that are kept, and characters of each.
const MOST: usize = 30;
const LONGEST: usize = 200;

/// The revisions that a document tells of itself, in its order: « Ajout de la vulnérabilité CVE-2026-1234. ».
pub(super) fn history(told: &Told<'_>) -> Vec<String> {
    let parts = told.parts();
    let parts = parts.iter().filter(|part| HISTORY.contains(&text::slug(&part.heading).as_str()));
    parts.flat_map(|part| &part.lines).take(MOST).map(|line| text::truncate(&line.text, LONGEST)).collect()
}

/// Slugs of headings.
const HISTORY: [&str; 6] = [
    "gestion-detaillee-du-document",
    "gestion-du-document",
    "historique",
    "historique-des-versions",
    "historique-du-document",
    "mises-a-jour",
];

/// Whether a warning says of itself that it is over: in its title, or in a line that begins so. A sentence about the end of
/// alerts in general says nothing of this one.
pub fn is_over(told: &Told<'_>) -> bool {
    let title = text::slug(&told.notice.title);
    TITLES.iter().any(|mark| title.starts_with(mark) || title.ends_with(mark)) || told.words().lines().any(says_over)
}

fn says_over(line: &str) -> bool {
    let line: String = line.chars().take(LONGEST).collect();
    let slug = text::slug(&line);
    // « le 6 octobre 2023 : clôture de l’alerte », « 06/10/2023 - Clôture… ».
    let is_of_date = |word: &&str| word.bytes().all(|byte| byte.is_ascii_digit()) || DATED.contains(word);
    let rest: Vec<&str> = slug.split('-').skip_while(is_of_date).collect();
    let rest = rest.join("-");
    LINES.iter().any(|mark| rest.strip_prefix(mark).is_some_and(|after| after.is_empty() || after.starts_with('-')))
}

/// What readers are told of a story that an editor took back, from what the last alert told of it: by what they know it again.
/// Nothing else that it said, and above all nothing to do, is repeated.
pub fn withdrawn(story: StoryId, last: &Item) -> Item {
    Item {
        story,
        summary: String::new(),
        more: Vec::new(),
        guide: Guide::default(),
        also: Vec::new(),
        cves: Vec::new(),
        cited: Vec::new(),
        deadlines: Vec::new(),
        history: Vec::new(),
        alert: Some(AlertNews { news: News::End, change: String::new(), ending: Ending::Withdrawn }),
        ..last.clone()
    }
}

/// Slugs with which a title begins or ends.
const TITLES: [&str; 10] = [
    "fin-d-alerte",
    "fin-de-l-alerte",
    "cloture-de-l-alerte",
    "alerte-cloturee",
    "alerte-close",
    "alerte-terminee",
    "alerte-levee",
    "levee-de-l-alerte",
    "levee-d-alerte",
    "fin-de-l-incident",
];

/// Slugs with which a line begins. CERT-FR closes an alert with « Clôture de l’alerte. Cela ne signifie pas la fin d’une
/// menace… ».
const LINES: [&str; 8] = [
    "cloture-de-l-alerte",
    "cloture-de-cette-alerte",
    "alerte-cloturee",
    "alerte-close",
    "fin-de-l-alerte",
    "levee-de-l-alerte",
    "alerte-levee",
    "l-alerte-est-levee",
];

/// What may stand before, with the day.
const DATED: [&str; 17] = [
    "le",
    "du",
    "1er",
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
    "version",
    "mise",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_closes_the_alert_is_told_from_one_that_speaks_of_closing() {
        for (line, is) in [
            ("Clôture de l'alerte. Cela ne signifie pas la fin d'une menace.", true),
            ("le 6 octobre 2023 : clôture de l’alerte.", true),
            ("06/10/2023 - Clôture de l’alerte", true),
            ("Alerte clôturée le 10 octobre 2023", true),
            ("L’alerte est levée.", true),
            ("La clôture de l’alerte sera annoncée ici.", false),
            ("Version initiale", false),
            ("Alerte closed-source", false),
            ("", false),
        ] {
            assert_eq!(says_over(line), is, "{line}");
        }
    }
}
