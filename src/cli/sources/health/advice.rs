//! What to try when something is wrong with a source.

use crate::{
    alarm::{AlarmKind, shorter},
    config::written_duration,
    model::Source,
    store::sources::State,
};

/// By cause, the most pressing first: a sentence, and a command or a line of `sources.toml`.
pub(super) fn advice<'a>(
    source: &Source,
    state: State,
    detail: &str,
    alarms: impl Iterator<Item = (AlarmKind, &'a str)>,
) -> Vec<[String; 2]> {
    let mut found: Vec<[String; 2]> = of_state(source, state, detail).into_iter().collect();
    found.extend(alarms.filter_map(|(kind, detail)| of_alarm(source, kind, detail)));
    found
}

fn tried(source: &Source) -> String {
    format!("vigie sources try {}", source.id)
}

fn of_state(source: &Source, state: State, detail: &str) -> Option<[String; 2]> {
    let hint = detail.lines().find_map(|line| line.strip_prefix("hint: "));
    let (sentence, command) = match state {
        State::Gone => (
            "find its new address on the site, write it in `sources.toml`, and ask it at once",
            format!("vigie crawl {}", source.id),
        ),
        State::NotAFeed => ("it answers with something else than it is configured as; see what", tried(source)),
        State::Blocked | State::Failing => match hint {
            Some(hint) => (hint, format!("vigie crawl {} --force", source.id)),
            None => ("see what it answers now", tried(source)),
        },
        State::Empty => ("see whether its page lists something to you and nothing to Vigie", tried(source)),
        State::New | State::Ok | State::Unmodified => return None,
    };
    Some([sentence.to_owned(), command])
}

/// Those that the state does not tell of.
fn of_alarm(source: &Source, kind: AlarmKind, detail: &str) -> Option<[String; 2]> {
    let (sentence, command) = match kind {
        AlarmKind::Gone | AlarmKind::Blocked | AlarmKind::Failing | AlarmKind::Empty => return None,
        AlarmKind::Silent => {
            ("open its page: if it shows news, Vigie looks at the wrong place; compare", tried(source))
        }
        AlarmKind::Missed => match shorter(source.every) {
            Some(every) => (
                "its page holds less than comes between two visits: visit it more often",
                format!("every = \"{}\"", written_duration(every)),
            ),
            None => (
                "its page is too short for what it publishes, and is visited very often already: look on its site for a \
                 longer feed, or for several (by theme); what this one lists",
                tried(source),
            ),
        },
        AlarmKind::SamePage => ("its site answers with a page of waiting or of error; see the problems", tried(source)),
        AlarmKind::Moved => ("write its new address in `sources.toml`", format!("url = \"{detail}\"")),
    };
    Some([sentence.to_owned(), command])
}
