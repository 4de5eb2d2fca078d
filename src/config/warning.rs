//! What is not wrong, but what an installation that serves readers needs.

use std::borrow::Cow;

use serde::Serialize;

use super::{Config, Robots};

/// Something that is not set, or set to what a guest would not do, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The key and its table, such as `[mail] from`.
    pub setting: &'static str,
    /// Goes on after the setting: « `[mail] from` *is not set: nothing can be sent* ».
    pub message: Cow<'static, str>,
    /// What to do.
    pub hint: Cow<'static, str>,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "warning: `{}` {}\nhint: {}", self.setting, self.message, self.hint)
    }
}

impl Warning {
    /// Of a private key that more people may read than need to. `file` is as it was found.
    pub fn open_key(file: &str) -> Self {
        Self {
            setting: "[mail.dkim] keys",
            message: format!("name `{file}`, which every user of this machine may read and sign with").into(),
            hint: format!("`chmod 600 {file}`; it must belong to the user that runs Vigie").into(),
        }
    }
}

/// In the order of the settings file.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let site = &config.site;
    let all = [
        (
            site.url.is_none(),
            "[site] url",
            "is not set: messages have no link to the site, and feeds do not say where they are read",
            "write the address at which `out` of `[publish]` is served, such as `url = \"https://veille.example.fr/\"`",
        ),
        (
            site.publisher.is_empty(),
            "[site] publisher",
            "is not set: messages and pages do not say who is responsible for them",
            "write `publisher = \"…\"`: the name of the body that publishes",
        ),
        (
            site.address.is_empty(),
            "[site] address",
            "is not set: messages and pages do not say where their publisher can be written to",
            "write `address = \"…\"`: the postal address, on one line",
        ),
        (
            config.crawl.contact.is_none(),
            "[crawl] contact",
            "is not set: the keeper of a source cannot reach you, and may shut the crawler out",
            "write `contact = \"mailto:veille@example.fr\"`, with an address of yours",
        ),
        (
            config.crawl.robots == Robots::Ignored,
            "[crawl] robots",
            "is `false`: what the keepers of sources ask of robots is not looked at",
            "take the line away, unless the keeper of each source has agreed",
        ),
        (
            config.mail.from.is_none(),
            "[mail] from",
            "is not set: nothing can be sent",
            "write `from = \"Veille juridique <veille@example.fr>\"`, with an address of yours",
        ),
        (
            config.mail.operator.is_none(),
            "[mail] operator",
            "is not set: nobody is told when a source breaks",
            "write `operator = \"informatique@example.fr\"`, with the address of who looks after Vigie",
        ),
        (
            !is_aligned(config),
            "[mail.dkim] domain",
            "is not that of `from`: receivers count the signature as somebody else's (DMARC)",
            "take the line away, or write the domain of `from`",
        ),
        (
            config.serve.listen.is_some() && config.answered_at().is_none(),
            "[serve] listen",
            "is set, and `[site] url` is no https address: messages carry no link to leave with one click",
            "write the address at which readers reach this server, such as `url = \"https://veille.example.fr/\"`",
        ),
    ];
    all.into_iter()
        .filter(|(is_wrong, ..)| *is_wrong)
        .map(|(_, setting, message, hint)| Warning { setting, message: message.into(), hint: hint.into() })
        .collect()
}

/// Whether what is signed for is the domain of the sender, or one that it lies in (RFC 9989 5.1, relaxed).
fn is_aligned(config: &Config) -> bool {
    let (Some(dkim), Some(from)) = (&config.mail.dkim, &config.mail.from) else { return true };
    let from = from.address.domain();
    from == dkim.domain || from.ends_with(&format!(".{}", dkim.domain))
}
