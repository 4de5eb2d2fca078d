//! Copies: documents of their own that repeat another one's text.
//!
//! Text alone cannot decide: seven advisories in ten share their title with another one, and real revisions differ more
//! than siblings do. So what is told apart by an identifier, by versions or by dates is apart whatever the text
//! says, and an advisory is a copy only on evidence. Where evidence is missing, an editor is asked.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use super::{
    counts::{Counts, ONE, percent},
    likeness::{Likeness, Marks, version_key},
    passages::{self, Overlap, shares},
};
use crate::model::NoticeId;

/// A document with those that repeat it.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// The first of them comes first.
    pub members: Vec<(NoticeId, Likeness)>,
}

/// Whether a document repeats another, and why, in French, for editors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeats {
    /// The notice that the group began with.
    Copy {
        of: NoticeId,
        because: String,
    },
    /// Perhaps: for an editor to see.
    Perhaps {
        of: NoticeId,
        because: String,
    },
    /// It reads alike, and is not the same.
    Apart {
        from: NoticeId,
        because: String,
    },
    Nothing,
}

/// From this much of the text on, a document may be a copy.
const ALIKE: i64 = ONE * 60 / 100;
/// From this much on, an advisory without evidence is shown to an editor.
const DOUBTFUL: i64 = ONE * 80 / 100;
/// What an advisory without an identifier in common must repeat that somebody cut short, and one that nobody cut: what the
/// latter lacks is another's.
const BARE_CUT: i64 = ONE * 90 / 100;
const BARE_WHOLE: i64 = ONE * 96 / 100;
/// What must be repeated where one list of CVE holds the other.
const NESTED: i64 = ONE * 85 / 100;
/// Two documents that are less apart than that: an editor decides.
const TOO_CLOSE: i64 = ONE * 5 / 100;
/// Documents that were published further apart are not compared.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A passage that so many documents of the window have finds none of them.
pub const COMMON: usize = 12;
/// So many passages must be shared before anything is compared.
pub const SHARED: usize = 2;

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const THREE_DAYS: SignedDuration = SignedDuration::from_hours(3 * 24);
/// Fewer passages prove nothing where no identifier does.
const ENOUGH: u32 = 24;
const ENOUGH_OF_ADVISORY: u32 = 40;
/// So many of the passages by which it is found that only this group has.
const RARE: usize = 2;
/// A version that more documents have is no evidence.
const RARE_VERSION: u32 = 5;

/// How a document compares with one member of a group.
struct Comparison {
    score: i64,
    evidence: bool,
    outcome: Outcome,
    said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Copy,
    Vetoed,
    Unproven,
}

/// Compares a document with groups that share passages with it, in the order of their first members.
pub fn repeats(ours: &Likeness, groups: &[Group], counts: &Counts) -> Repeats {
    let mut copies: Vec<(i64, bool, NoticeId, String)> = Vec::new();
    type Best = Option<(i64, NoticeId, String)>;
    let (mut doubt, mut apart): (Best, Best) = (None, None);
    for group in groups {
        let Some((root, _)) = group.members.first() else { continue };
        let all = Union::of(group);
        let mut best: Option<(i64, bool, String)> = None;
        for (id, theirs) in &group.members {
            let Some(compared) = compare(ours, theirs, group, &all, counts) else { continue };
            let Comparison { score, evidence, outcome, said } = compared;
            match outcome {
                Outcome::Copy if best.as_ref().is_none_or(|best| score > best.0) => {
                    best = Some((score, evidence, said))
                }
                Outcome::Unproven if doubt.as_ref().is_none_or(|doubt| score > doubt.0) => {
                    doubt = Some((score, *id, said))
                }
                Outcome::Vetoed if apart.as_ref().is_none_or(|apart| score > apart.0) => {
                    apart = Some((score, *id, said))
                }
                _ => {}
            }
        }
        copies.extend(best.map(|(score, evidence, said)| (score, evidence, *root, said)));
    }
    copies.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)));
    match copies.as_slice() {
        // Unless only the first has evidence.
        [first, second, ..] if first.0 - second.0 < TOO_CLOSE && (second.1 || !first.1) => {
            let because = format!(
                "Doublon possible : deux documents à moins de 5 points ({} %, {} %) ; abstention",
                percent(first.0),
                percent(second.0)
            );
            Repeats::Perhaps { of: first.2, because }
        }
        [(_, _, of, said), ..] => Repeats::Copy { of: *of, because: said.clone() },
        [] => match (doubt, apart) {
            (Some((_, of, because)), _) => Repeats::Perhaps { of, because },
            (None, Some((_, from, because))) => Repeats::Apart { from, because },
            (None, None) => Repeats::Nothing,
        },
    }
}

/// What the members of a group have between them.
#[derive(Default)]
struct Union {
    references: BTreeSet<String>,
    cves: BTreeSet<String>,
    versions: BTreeSet<String>,
    bulletins: BTreeSet<String>,
    first_dates: BTreeSet<String>,
}

impl Union {
    fn of(group: &Group) -> Self {
        let mut all = Self::default();
        for Marks { reference, cves, versions, bulletins, first_date, .. } in
            group.members.iter().map(|(_, l)| &l.marks)
        {
            all.references.extend(reference.clone());
            all.cves.extend(cves.iter().cloned());
            all.versions.extend(versions.iter().cloned());
            all.bulletins.extend(bulletins.iter().cloned());
            all.first_dates.extend(first_date.clone());
        }
        all
    }
}

/// `None` where the texts are not alike enough to say anything.
fn compare(ours: &Likeness, theirs: &Likeness, group: &Group, all: &Union, counts: &Counts) -> Option<Comparison> {
    let apart = ours.apart(theirs);
    let overlap = ours.passages.overlap(&theirs.passages);
    if apart > WINDOW || overlap.shared.is_empty() {
        return None;
    }
    let score = score(&overlap);
    if score < ALIKE {
        return None;
    }
    let verdict = |outcome, evidence, said: String| Some(Comparison { score, evidence, outcome, said });
    if let Some(veto) = veto(ours, theirs, group, all, score) {
        let said = format!("Séparé malgré {} % de texte commun : {veto}", percent(score));
        return verdict(Outcome::Vetoed, false, said);
    }
    let mine = &ours.marks;
    let strong = mine.cves.intersection(&all.cves).count() + mine.bulletins.intersection(&all.bulletins).count() > 0;
    let mut versions = mine.versions.intersection(&all.versions);
    let medium = apart <= THREE_DAYS && versions.any(|version| counts.of(version_key(version)) <= RARE_VERSION);
    let evidence = strong || medium;
    let few = ours.passages.count.min(theirs.passages.count);
    let rare = rare(ours, &overlap, group, counts);
    let is_proven = match mine.advisory && theirs.marks.advisory {
        _ if evidence => true,
        true => {
            let product = shares(&mine.product(), &theirs.marks.product());
            let many = ours.passages.count.max(theirs.passages.count);
            let least = if ours.passages.is_cut(&theirs.passages) { BARE_CUT } else { BARE_WHOLE };
            score >= least
                && apart <= THREE_DAYS
                && product.of_both == 100
                && few >= ENOUGH_OF_ADVISORY
                && u64::from(few) * 2 >= u64::from(many)
                && rare >= RARE
        }
        // Of a relay that calls an advisory something else, more is asked than of press; what has identifiers of its own
        // and none in common is no relay.
        false if mine.advisory || theirs.marks.advisory => {
            apart <= WEEK
                && few >= ENOUGH_OF_ADVISORY
                && score >= DOUBTFUL
                && rare >= RARE
                && mine.reference.is_none()
                && mine.cves.is_empty()
                && shares(&mine.product(), &theirs.marks.product()).of_smaller >= 50
        }
        false => apart <= WEEK && few >= ENOUGH,
    };
    let shared = format!("{} % du texte", percent(score));
    if is_proven {
        let mut said = format!("Copie : {shared}, {rare} passages rares");
        if !mine.cves.is_empty() && !all.cves.is_empty() {
            let common = mine.cves.intersection(&all.cves).count();
            said += &format!(", {common}/{} CVE communes", mine.cves.len().max(all.cves.len()));
        }
        return verdict(Outcome::Copy, evidence, said + " ; aucun veto");
    }
    if score < DOUBTFUL || apart > WEEK {
        let said = format!("Séparé malgré {shared} : aucune preuve");
        return verdict(Outcome::Vetoed, false, said);
    }
    let lacks = if mine.advisory { "aucune preuve (avis)" } else { "texte trop court" };
    verdict(Outcome::Unproven, false, format!("Doublon possible : {shared}, {lacks}"))
}

/// How much of the shorter text is repeated. To let rare passages count more was tried: it changes no decision that the
/// vetoes leave, and would need all passages in the index.
fn score(overlap: &Overlap) -> i64 {
    let count = |passages: &[u64]| i64::try_from(passages.len()).unwrap_or(i64::MAX / ONE);
    count(&overlap.shared) * ONE / count(overlap.ours).min(count(overlap.theirs)).max(1)
}

/// How many of the passages by which a document is found it shares with this group, and with nobody else.
fn rare(ours: &Likeness, overlap: &Overlap, group: &Group, counts: &Counts) -> usize {
    let indexed = ours.passages.indexed();
    let is_rare = |passage: &&u64| indexed.contains(passage) && counts.of(**passage) as usize <= group.members.len();
    overlap.shared.iter().filter(is_rare).count()
}

/// What tells two documents apart, however alike they read. The first that holds, in words.
fn veto(ours: &Likeness, theirs: &Likeness, group: &Group, all: &Union, score: i64) -> Option<&'static str> {
    let mine = &ours.marks;
    let is_cut = ours.passages.is_cut(&theirs.passages);
    let known = |a: &BTreeSet<String>, b: &BTreeSet<String>| !a.is_empty() && !b.is_empty();
    if let Some(reference) = &mine.reference
        && !all.references.is_empty()
        && !all.references.contains(reference)
    {
        return Some("références différentes");
    }
    let product = || shares(&mine.product(), &theirs.marks.product());
    if known(&mine.cves, &all.cves) {
        let common = shares(&mine.cves, &all.cves);
        let is_nested = || {
            let versions = shares(&mine.versions, &all.versions);
            score >= NESTED
                && common.of_smaller == 100
                && product().of_both == 100
                && (versions.of_smaller == 100 || !known(&mine.versions, &all.versions))
                && ours.apart(theirs) <= WEEK
        };
        if common.of_both < 90 && !(is_cut && common.of_smaller >= 90) && !is_nested() {
            return Some(if common.common == 0 { "CVE disjointes" } else { "listes de CVE différentes" });
        }
    }
    if known(&mine.versions, &all.versions) {
        let common = shares(&mine.versions, &all.versions);
        if common.of_both < 80 && !(is_cut && common.of_smaller >= 80) {
            return Some("versions différentes");
        }
    }
    if known(&mine.bulletins, &all.bulletins) && shares(&mine.bulletins, &all.bulletins).of_smaller < 50 {
        return Some("bulletins d’éditeur différents");
    }
    if let Some(date) = &mine.first_date
        && !all.first_dates.is_empty()
        && !all.first_dates.contains(date)
    {
        return Some("dates de première version différentes");
    }
    if mine.advisory && theirs.marks.advisory && product().of_smaller < 50 {
        return Some("produits différents");
    }
    let is_sibling = |theirs: &Likeness| {
        let urls = (&mine.url, &theirs.marks.url);
        theirs.source == ours.source
            && matches!(urls, (Some(a), Some(b)) if a != b)
            && passages::shares(&mine.title, &theirs.marks.title).of_both < 34
    };
    if group.members.iter().any(|(_, theirs)| is_sibling(theirs)) {
        return Some("même site, titres différents");
    }
    None
}

#[cfg(test)]
mod tests;
