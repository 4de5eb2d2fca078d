//! What is said of each sort of alarm: what is wrong, why, and what to do.

use crate::{
    alarm::{AlarmKind, Days, Finding, Span, shorter},
    config::written_duration,
    render::{OperatorLine, words::counted},
    text::collapse,
};

/// What is wrong.
pub(in crate::render) const fn what(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Gone => "sa page n’existe plus",
        AlarmKind::Blocked => "son accès est interdit à Vigie",
        AlarmKind::Failing => "elle ne peut plus être lue",
        AlarmKind::Empty => "sa page est vide",
        AlarmKind::Silent => "elle ne publie plus rien",
        AlarmKind::Missed => "des nouveautés ont pu être manquées",
        AlarmKind::SamePage => "des documents différents ont le même texte",
        AlarmKind::Moved => "elle a changé d’adresse",
    }
}

/// What was wrong.
pub(super) const fn what_was(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::Gone => "sa page n’existait plus",
        AlarmKind::Blocked => "son accès était interdit à Vigie",
        AlarmKind::Failing => "elle ne pouvait plus être lue",
        AlarmKind::Empty => "sa page était vide",
        AlarmKind::Silent => "elle ne publiait plus rien",
        AlarmKind::Missed => "des nouveautés ont pu être manquées",
        AlarmKind::SamePage => "des documents différents avaient le même texte",
        AlarmKind::Moved => "elle avait changé d’adresse",
    }
}

/// Why, where it can be said in French.
pub(super) fn cause(kind: AlarmKind, detail: &str) -> Option<String> {
    match kind {
        AlarmKind::Empty | AlarmKind::Silent | AlarmKind::Missed => Finding::parse(detail).map(found),
        AlarmKind::Gone if detail.contains(" answers 410") => {
            Some(String::from("le site répond 410 : la page a été retirée pour de bon"))
        }
        AlarmKind::Gone if detail.contains(" answers 404") => {
            Some(String::from("le site répond 404 : il ne trouve pas la page"))
        }
        AlarmKind::Blocked => blocked(detail).map(|(cause, _)| cause.to_owned()),
        AlarmKind::Moved => Some(String::from("à chaque visite, le site renvoie pour de bon à une autre adresse")),
        AlarmKind::SamePage => notice_of(detail).map(|notice| {
            format!("le texte de l’un d’eux est celui de la notice {notice} : le site donne une même page à plusieurs adresses")
        }),
        AlarmKind::Gone | AlarmKind::Failing => None,
    }
}

fn found(finding: Finding) -> String {
    match finding {
        Finding::Empty { times } => {
            let visits = counted(times, ("visite", "visites de suite"));
            format!("sa page a été lue, et ne contenait rien, à {visits}")
        }
        Finding::Silent { silence, usual, days } => format!(
            "rien de nouveau depuis {} ; d’habitude, neuf fois sur dix, l’attente ne dépasse pas {}",
            span(silence, days),
            span(usual, days)
        ),
        Finding::Missed { times } => format!(
            "à {}, tous les articles de sa page étaient nouveaux : d’autres ont pu y paraître et en disparaître entre deux \
             visites",
            counted(times, ("visite", "visites"))
        ),
    }
}

/// « 5,5 jours ouvrés », « 30 heures ».
fn span(span: Span, days: Days) -> String {
    let (of_one, of_many) = match days {
        Days::All => ("jour", "jours"),
        Days::Working => ("jour ouvré", "jours ouvrés"),
    };
    match (span, days) {
        (Span::Hours(hours), Days::All) => counted(hours, ("heure", "heures")),
        (Span::Hours(hours), Days::Working) => {
            format!("{} (jours ouvrés)", counted(hours, ("heure", "heures")))
        }
        (Span::TenthsOfDays(tenths), _) if tenths % 10 == 0 => counted(tenths / 10, (of_one, of_many)),
        (Span::TenthsOfDays(tenths), _) => {
            let unit = if tenths < 20 { of_one } else { of_many };
            format!("{},{}\u{a0}{unit}", tenths / 10, tenths % 10)
        }
    }
}

/// « its text is that of notice 12: … »
fn notice_of(detail: &str) -> Option<u64> {
    detail.strip_prefix("its text is that of notice ")?.split_once(':')?.0.parse().ok()
}

/// Why a source may not be asked, and what to do, by what the crawler says of it.
fn blocked(detail: &str) -> Option<(&'static str, &'static str)> {
    const CAUSES: [(&str, &str, &str); 5] = [
        (
            " to robots (rule ",
            "le fichier robots.txt du site l’interdit aux robots",
            "Écrivez au responsable du site pour qu’il admette « vigie », ou cherchez une autre adresse. Si vous avez son \
             accord : `robots = false` sous `[crawl]` dans vigie.toml (robots.txt n’est alors plus lu, pour aucune source).",
        ),
        (
            ", which is not encrypted",
            "le site renvoie vers une adresse qui n’est pas chiffrée",
            "Signalez-le au responsable du site. Si vous acceptez que la page puisse être altérée en chemin, donnez à la source \
             son adresse en `http:` dans sources.toml.",
        ),
        (
            ", which may not be reached: ",
            "le site renvoie vers une adresse qui n’est pas publique",
            "Cette adresse ne devrait être connue que d’un réseau privé : demandez la bonne au responsable du site, et \
             écrivez-la dans sources.toml.",
        ),
        (
            " leads to ",
            "son adresse est celle d’une machine d’un réseau privé",
            "Si c’est voulu : `allow_private = true` dans la source, ou son réseau dans `allow` sous `[crawl]` de vigie.toml.",
        ),
        (
            " is not one of the web ",
            "le port de son adresse n’est pas un port du web (80, 443)",
            "Si c’est voulu : `allow_private = true` dans la source, ou son réseau dans `allow` sous `[crawl]` de vigie.toml.",
        ),
    ];
    // The hint below may hold the words of another cause.
    let first = detail.lines().next().unwrap_or_default();
    let (_, cause, advice) = CAUSES.into_iter().find(|(mark, ..)| first.contains(mark))?;
    Some((cause, advice))
}

/// What to do: a sentence, and what to type or to write in `sources.toml`. `options` go with every command.
pub(super) fn advice(line: &OperatorLine, options: &str) -> (&'static str, String) {
    let health = || format!("vigie{options} sources health {}", line.id);
    let tried = || format!("vigie{options} sources try {}", line.id);
    let detail = &line.alarm.detail;
    match line.alarm.kind {
        AlarmKind::Gone => (
            "Cherchez sa nouvelle adresse sur le site et corrigez `url` dans sources.toml. Pour voir ce que Vigie y trouve :",
            tried(),
        ),
        AlarmKind::Blocked => (
            blocked(detail).map_or("Le réglage qui l’autorise, ou à qui écrire, est donné par :", |(_, advice)| advice),
            health(),
        ),
        AlarmKind::Failing => {
            ("Ouvrez son adresse dans un navigateur : si la page s’affiche, voyez ce que Vigie en lit :", tried())
        }
        AlarmKind::Empty => (
            "Ouvrez sa page : si elle montre des articles, sa présentation a changé. Pour voir ce que Vigie en lit :",
            tried(),
        ),
        AlarmKind::Silent => {
            ("Ouvrez sa page : si elle montre du nouveau, Vigie regarde au mauvais endroit. Pour comparer :", tried())
        }
        AlarmKind::Missed => match line.every.and_then(shorter) {
            Some(every) => (
                "Raccourcissez `every` de cette source dans sources.toml :",
                format!("every = \"{}\"", written_duration(every)),
            ),
            None => (
                "Elle est déjà lue très souvent : sa page est trop courte pour ce qu’elle publie. Cherchez sur le site un flux \
                 plus long, ou plusieurs (par thème). Ce que Vigie y lit :",
                tried(),
            ),
        },
        AlarmKind::SamePage => {
            ("Le site répond sans doute par une page d’attente ou d’erreur. Pour le détail :", health())
        }
        AlarmKind::Moved => ("Corrigez son adresse dans sources.toml :", format!("url = \"{}\"", collapse(detail))),
    }
}
