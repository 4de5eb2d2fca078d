//! What is not wrong, but what an installation that serves readers needs.

use serde::Serialize;

use super::Config;

/// Something that is not set, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The key and its table, such as `[mail] from`.
    pub setting: &'static str,
    /// Lower case, no final stop.
    pub message: &'static str,
    /// What to do.
    pub hint: &'static str,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "warning: `{}` is not set: {}\nhint: {}", self.setting, self.message, self.hint)
    }
}

/// In the order of the settings file.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let site = &config.site;
    let all = [
        (
            site.url.is_none(),
            "[site] url",
            "messages have no link to the site, and feeds do not say where they are read",
            "write the address at which `out` of `[publish]` is served, such as `url = \"https://veille.example.fr/\"`",
        ),
        (
            site.publisher.is_empty(),
            "[site] publisher",
            "messages and pages do not say who is responsible for them",
            "write `publisher = \"…\"`: the name of the body that publishes",
        ),
        (
            site.address.is_empty(),
            "[site] address",
            "messages and pages do not say where their publisher can be written to",
            "write `address = \"…\"`: the postal address, on one line",
        ),
        (
            config.crawl.contact.is_none(),
            "[crawl] contact",
            "the keeper of a source cannot reach you, and may shut the crawler out",
            "write `contact = \"mailto:veille@example.fr\"`, with an address of yours",
        ),
        (
            config.mail.from.is_none(),
            "[mail] from",
            "nothing can be sent",
            "write `from = \"Veille juridique <veille@example.fr>\"`, with an address of yours",
        ),
        (
            config.mail.operator.is_none(),
            "[mail] operator",
            "nobody is told when a source breaks",
            "write `operator = \"informatique@example.fr\"`, with an address of yours",
        ),
    ];
    all.into_iter()
        .filter(|(lacks, ..)| *lacks)
        .map(|(_, setting, message, hint)| Warning { setting, message, hint })
        .collect()
}
