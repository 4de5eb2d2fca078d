//! The words in which a document tells of its event.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::LazyLock,
};

use super::{
    fingerprint::each_token,
    likeness::Marks,
    names,
    passages::{hash, join},
};
use crate::{
    model::{Draft, Issuer},
    normalise::{reference, terms},
};

/// How far the beginning of a text is read, in octets: menus are sought in it.
const READ: usize = 1_200;
/// How much of it, once menus are gone, says what it is about, in octets.
const OPENING: usize = 400;
/// A word of the title counts so often.
const IN_TITLE: u32 = 2;
/// So many words in a row that a source has used before are its menu, not its news.
const REFRAIN: usize = 4;
/// How many words of a title are looked at.
const MOST_TITLE_WORDS: usize = 40;
/// An alert that cites more advisories than that is a review of them.
const MOST_CITED: usize = 5;

/// What a document says of its event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tale {
    /// The primary subtag of its language, such as `fr`.
    pub language: String,
    /// The words of the title, without their endings.
    pub title: BTreeSet<String>,
    /// Proper names and numbers, the same in every language.
    pub names: BTreeSet<String>,
    /// The advisories that an alert cites.
    pub cites: BTreeSet<String>,
    /// The beginning of the text, word by word.
    opening: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    /// `None`: it says nothing.
    key: Option<u64>,
    /// The run of words that begins with it.
    run: u32,
    length: usize,
}

pub(super) fn of(draft: &Draft, language: &str, marks: &Marks) -> Tale {
    let mut title = BTreeSet::new();
    each_word(without_site(&draft.title), |word| {
        if title.len() < MOST_TITLE_WORDS {
            title.extend(stem(word).map(str::to_owned));
        }
    });
    let head = draft.text.get(..draft.text.floor_char_boundary(READ)).unwrap_or_default();
    let (mut opening, mut tokens) = (Vec::new(), Vec::new());
    each_word(head, |token| {
        tokens.push(hash("word", token));
        opening.push(Word { key: stem(token).map(word_key), run: 0, length: token.len() + 1 });
    });
    for (word, some) in opening.iter_mut().zip(tokens.windows(REFRAIN)) {
        word.run = run(some);
    }
    silence_fillers(&mut opening, &tokens);
    let is_alert = draft.reference.as_ref().is_some_and(|r| r.issuer == Issuer::CertFr && r.number.contains("-ALE-"));
    let cites = if is_alert { cited(draft, marks) } else { BTreeSet::new() };
    let language = language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    Tale { language, title, names: names::of(&draft.title, head), cites, opening }
}

/// The advisories that an alert names; none when it names many.
fn cited(draft: &Draft, marks: &Marks) -> BTreeSet<String> {
    let found = reference::cited_cert_fr(&draft.text);
    let cited: BTreeSet<String> = found
        .into_iter()
        .filter(|number| number.contains("-AVI-") && Some(number) != marks.reference.as_ref())
        .collect();
    if cited.len() > MOST_CITED { BTreeSet::new() } else { cited }
}

impl Tale {
    /// The words of the title that are not those of every such title.
    pub fn subject(&self) -> impl Iterator<Item = &String> {
        let is_year = |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20"));
        self.title.iter().filter(move |word| !GENERIC.contains(word.as_str()) && !is_year(word) && !is_calendar(word))
    }

    /// How often the document says each of its words, without what the source says in all of its documents.
    pub(super) fn words(&self, refrain: &Refrain) -> BTreeMap<u64, u32> {
        let mut counts: BTreeMap<u64, u32> = self.title.iter().map(|word| (word_key(word), IN_TITLE)).collect();
        let (mut read, mut menu) = (0, 0);
        for word in &self.opening {
            if word.run != 0 && refrain.has(word.run) {
                menu = REFRAIN;
            }
            if menu > 0 {
                menu -= 1;
                continue;
            }
            read += word.length;
            if read > OPENING {
                break;
            }
            if let Some(key) = word.key {
                *counts.entry(key).or_default() += 1;
            }
        }
        counts
    }

    /// The keys under which an alert is found by what it cites.
    pub fn citations(&self) -> impl Iterator<Item = u64> {
        self.cites.iter().map(|reference| citation_key(reference))
    }

    /// Its words and names, whatever its source says often.
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> {
        let words = self.title.iter().map(|word| word_key(word));
        let opening = self.opening.iter().filter_map(|word| word.key);
        words.chain(opening).chain(self.names.iter().map(|name| name_key(name)))
    }
}

/// What a source says in all of its documents: runs of words of its last ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refrain {
    /// Of each document, the oldest first, ascending.
    documents: Vec<Vec<u32>>,
}

/// So many of its documents are remembered of a source.
const REMEMBERED: usize = 8;

impl Refrain {
    fn has(&self, run: u32) -> bool {
        self.documents.iter().any(|runs| runs.binary_search(&run).is_ok())
    }

    /// Without a former state of this document, which would make all of its words its source's.
    #[must_use]
    pub fn without(&self, tale: &Tale) -> Self {
        let ours: HashSet<u32> = tale.opening.iter().map(|word| word.run).filter(|run| *run != 0).collect();
        let is_other = |runs: &&Vec<u32>| runs.iter().filter(|run| ours.contains(run)).count() * 2 <= ours.len();
        Self { documents: self.documents.iter().filter(is_other).cloned().collect() }
    }

    /// Remembers a document.
    pub fn learn(&mut self, tale: &Tale) {
        let mut runs: Vec<u32> = tale.opening.iter().map(|word| word.run).filter(|run| *run != 0).collect();
        runs.sort_unstable();
        runs.dedup();
        if self.documents.len() >= REMEMBERED {
            self.documents.remove(0);
        }
        self.documents.push(runs);
    }

    /// As octets: of each document how many runs, then these; little-endian, four octets a number.
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = self
            .documents
            .iter()
            .flat_map(|runs| std::iter::once(u32::try_from(runs.len()).unwrap_or(0)).chain(runs.iter().copied()));
        numbers.flat_map(u32::to_le_bytes).collect()
    }

    /// What [`Refrain::to_bytes`] wrote; nothing of what it did not.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (numbers, _) = bytes.as_chunks::<4>();
        let mut numbers = numbers.iter().map(|number| u32::from_le_bytes(*number));
        let mut documents = Vec::new();
        while let Some(count) = numbers.next() {
            documents.push(numbers.by_ref().take(count as usize).collect());
        }
        Self { documents }
    }
}

/// What a word of a text is counted under.
pub(super) fn word_key(word: &str) -> u64 {
    hash("term", word)
}

pub(super) fn name_key(name: &str) -> u64 {
    hash("name", name)
}

/// Under which key the alerts are found that cite an advisory.
pub fn citation_key(reference: &str) -> u64 {
    hash("cites", reference)
}

/// A title without « - Le Site » at its end.
fn without_site(title: &str) -> &str {
    let mut cut = None;
    for dash in ["-", "|", "–", "—"] {
        cut = cut.max(title.rfind(dash).map(|at| (at, at + dash.len())));
    }
    let Some((at, end)) = cut else { return title };
    let (before, site) = (title.get(..at).unwrap_or_default(), title.get(end..).unwrap_or_default());
    let is_apart = before.ends_with(char::is_whitespace) && site.starts_with(char::is_whitespace);
    let length = site.trim().chars().count();
    if is_apart && (2..=40).contains(&length) && !before.trim().is_empty() { before.trim_end() } else { title }
}

fn each_word(text: &str, mut with: impl FnMut(&str)) {
    each_token(text, |token| token.split(['_', ':', '/']).filter(|part| !part.is_empty()).for_each(&mut with));
}

fn run(words: &[u64]) -> u32 {
    // One bit keeps it from being the number of no run.
    (join(words) as u32) | 1
}

/// Takes their keys from words of what browsers without JavaScript are told.
fn silence_fillers(opening: &mut [Word], tokens: &[u64]) {
    static FILLERS: LazyLock<Vec<Vec<u64>>> = LazyLock::new(|| {
        let fillers = ["veuillez activer javascript", "nous utilisons des cookies", "verifying your browser"];
        fillers.iter().map(|filler| filler.split(' ').map(|word| hash("word", word)).collect()).collect()
    });
    for filler in FILLERS.iter() {
        let found = tokens.windows(filler.len()).enumerate().filter(|(_, words)| *words == filler.as_slice());
        for at in found.map(|(at, _)| at) {
            opening.iter_mut().skip(at).take(filler.len()).for_each(|word| word.key = None);
        }
    }
}

/// A word without its ending; `None` where it says nothing. A lighter hand than that of the search index
/// ([`terms`]): what is one word there (« communes », « communication ») must not bring two events together.
fn stem(word: &str) -> Option<&str> {
    const ENDINGS: [&str; 19] = [
        "ements", "ement", "ations", "ation", "ateurs", "ateur", "euses", "euse", "ives", "ive", "iques", "ique",
        "ees", "ee", "es", "s", "e", "er", "ent",
    ];
    if word.len() < 2 || STOP.contains(word) {
        return None;
    }
    let word = word.get(..word.floor_char_boundary(terms::LONGEST_WORD)).unwrap_or(word);
    if word.len() <= 5 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Some(word);
    }
    let ending = ENDINGS.iter().find_map(|ending| word.strip_suffix(ending).filter(|front| front.len() >= 4));
    Some(ending.unwrap_or(word))
}

/// Whether a word without its ending is that of a day or a month.
pub(super) fn is_calendar(word: &str) -> bool {
    static CALENDAR: LazyLock<HashSet<String>> = LazyLock::new(|| {
        "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre 1er lundi mardi mercredi jeudi \
         vendredi samedi dimanche"
            .split_whitespace()
            .filter_map(stem)
            .map(str::to_owned)
            .collect()
    });
    CALENDAR.contains(word)
}

static STOP: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    "le la les l un une des du de d dans en sur pour par et au aux a est sont ete etre ont avec ce cet cette ces son sa \
     ses leur leurs qui que quoi dont ou ne pas plus se s n c qu il elle ils elles on nous vous je tu y mais si comme tout \
     tous toute toutes entre sans sous vers chez apres avant depuis lors selon deux trois cela ca fait faire peut etait \
     etaient sera seront avait avoir aussi encore meme moins tres bien contre notamment ainsi alors afin the and of to in \
     video direct info exclusif"
        .split_whitespace()
        .collect()
});

/// Words of titles that tell no event from another.
static GENERIC: LazyLock<HashSet<String>> = LazyLock::new(|| {
    "cybersecurite cyberattaque cyberattaques cyber securite cybercriminalite ransomware piratage hackers donnees fuite \
     victime attaque entreprise entreprises numerique nouveau nouvelle france francais cybermenaces \
     decret arrete ordonnance loi deliberation decision circulaire communique relatif relative portant modifiant fixant"
        .split_whitespace()
        .filter_map(stem)
        .map(str::to_owned)
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    fn tale(title: &str, text: &str) -> Tale {
        let draft = Draft { title: title.to_owned(), text: text.to_owned(), ..Draft::default() };
        of(&draft, "fr-FR", &Marks::default())
    }

    #[test]
    fn a_title_is_its_words_without_endings_and_without_the_site() {
        let tale = tale("Cyberattaque : l’hôpital de Pontoise paralysé - Le Journal", "");
        let words: Vec<&str> = tale.title.iter().map(String::as_str).collect();
        assert_eq!(words, ["cyberattaqu", "hopital", "paralys", "pontois"]);
        let subject: Vec<&String> = tale.subject().collect();
        assert_eq!(subject, ["hopital", "paralys", "pontois"]);
        assert_eq!(tale.language, "fr");
        assert_eq!(without_site("Le porte-parole répond"), "Le porte-parole répond");
    }

    #[test]
    fn what_a_source_repeats_is_not_its_news() {
        let menu = "Accueil Rubriques Abonnement Boutique Contact Recherche";
        let first = tale("Une", &format!("{menu} Le maire a parlé."));
        let second = tale("Deux", &format!("{menu} Un pont s’effondre."));
        let mut refrain = Refrain::default();
        refrain.learn(&first);
        let said = second.words(&refrain);
        assert!(said.contains_key(&word_key("pont")) && !said.contains_key(&word_key("abonn")));
        assert!(second.words(&Refrain::default()).contains_key(&word_key("abonn")));
        assert_eq!(Refrain::from_bytes(&refrain.to_bytes()), refrain);
        // A document that is compared again is not its own menu.
        assert!(first.words(&refrain.without(&first)).contains_key(&word_key("maire")));
    }

    #[test]
    fn an_old_document_is_forgotten() {
        let mut refrain = Refrain::default();
        (0..20).for_each(|n| refrain.learn(&tale("Titre", &format!("un deux trois quatre numero{n}"))));
        assert_eq!(refrain.documents.len(), REMEMBERED);
    }

    proptest::proptest! {
        #[test]
        fn anything_is_a_tale(title in "\\PC{0,80}", text in "\\PC{0,200}", bytes in proptest::collection::vec(0..=255_u8, 0..60)) {
            let tale = tale(&title, &text);
            tale.words(&Refrain::from_bytes(&bytes));
        }
    }
}
